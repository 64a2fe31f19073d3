"""A Gmail mailbox on the stand-in, behind the proxy that checks and breaks what Cyrano asks."""

from connectors.account import Account, AccountRecord
from connectors.gmail.account import GmailAccount
from connectors.gmail.mailbox import GmailMailbox
from connectors.mailbox import Mailbox, Trigger
from connectors.message import Address
from tests.gmail.faults import Fault
from tests.gmail.standin import COMPOSE, READONLY, Gmail, connect
from tests.gmail.tokens import Tokens
from tests.machine.mails import OWNER, answered_by, id_of
from tests.machine.servers import FOLDER, Held, Known

BYTES_A_CALL = 400
"""Where IMAP breaks after so many bytes, Gmail breaks after the calls these might be."""
TRIES = 20
"""More often than Cyrano tries a call."""

_OK, _GONE = 200, 404


class GmailServer:
    """The owner acts on the stand-in itself, apart from the proxy."""

    def __init__(self, gmail: Gmail) -> None:
        gmail.tokens["good"] = frozenset({READONLY, COMPOSE})
        self._gmail = gmail
        self._label = gmail.make_label(FOLDER)
        self._ids: dict[str, str] = {}
        """Gmail's ids of what came in and what was sent, by Message-ID."""
        self._raw: dict[str, bytes] = {}
        self.record = AccountRecord(
            name="ana",
            kind="gmail",
            owner=Address(addr=OWNER, name="Ana"),
            addresses=frozenset({OWNER}),
            settings={"writes_drafts": True},
        )

    def deliver(self, raw: bytes, *, trigger: Trigger | None = None, is_spam: bool = False) -> None:
        """See `MailServer`."""
        chosen = {"flagged": ["STARRED"], "folder": [self._label]}.get(trigger or "", [])
        self._insert(raw, ["SPAM"] if is_spam else ["INBOX", "UNREAD", *chosen])

    def choose(self, message_id: str, trigger: Trigger) -> None:
        """See `MailServer`."""
        self._gmail.label(self._ids[message_id], "STARRED" if trigger == "flagged" else self._label)

    def file_away(self, message_id: str) -> None:
        """See `MailServer`."""
        self._gmail.label(self._ids[message_id], remove=("INBOX",))

    def received(self) -> list[Held]:
        """See `MailServer`."""
        drafts = {message for _, message in self._gmail.mailbox.drafts()}
        sent = set(self._listed("SENT"))
        return [self._held(message) for message in self._listed() if message not in drafts | sent]

    def drafts(self) -> list[Held]:
        """See `MailServer`."""
        return [Held(key=draft, raw=raw) for draft, raw in reversed(self._gmail.drafts().items())]

    def sent(self) -> list[Held]:
        """See `MailServer`."""
        return [self._held(message) for message in self._listed("SENT")]

    def save(self, raw: bytes, *, replaces: str = "") -> None:
        """See `MailServer`. Gmail keeps a draft's id when it is edited."""
        mailbox, thread = self._gmail.mailbox, self._thread(raw)
        saved = mailbox.update_draft(replaces, raw, thread) if replaces else mailbox.create_draft(raw, thread)
        if saved.status == _GONE:  # the stand-in has no thread for what is spam
            saved = mailbox.update_draft(replaces, raw) if replaces else mailbox.create_draft(raw)
        assert saved.status == _OK

    def discard(self, key: str) -> None:
        """See `MailServer`."""
        self._gmail.delete_draft(key)

    def send(self, raw: bytes, key: str = "") -> None:
        """See `MailServer`."""
        self._insert(raw, ["SENT"])
        if key:
            self.discard(key)

    def forget(self) -> None:
        """Forget all history there is."""
        mailbox = self._gmail.mailbox
        mailbox.forgotten = int(mailbox.history_id())

    def connect(self) -> Mailbox:
        """See `MailServer`."""
        return GmailMailbox.open(self.record, Tokens("good"), folder=FOLDER, wire=connect(self._gmail))

    def account(self, known: Known) -> Account:
        """See `MailServer`."""
        return GmailAccount(self.record, Tokens("good"), is_known=known, wire=connect(self._gmail))

    def cut_next(self, after_bytes: int) -> None:
        """See `MailServer`."""
        self._gmail.faults.clear()
        if after_bytes >= 0:
            calls, rest = divmod(after_bytes, BYTES_A_CALL)
            kind = {"is_lost": True} if rest % 2 else {"is_dropped": True}
            self._gmail.faults.add(Fault(method="", skip=calls, times=TRIES, **kind))

    def check_wire(self) -> None:
        """Nothing was asked for that Google does not offer, or that sends."""
        assert not self._gmail.violations, self._gmail.violations
        assert not any(call.method.endswith(".send") for call in self._gmail.calls)

    def _insert(self, raw: bytes, labels: list[str]) -> None:
        message = self._gmail.mailbox.insert(raw, labels, self._thread(raw))
        self._ids[id_of(raw)] = message
        self._raw[message] = raw

    def _thread(self, raw: bytes) -> str:
        """Return the thread of what a mail answers."""
        message = self._ids.get(answered_by(raw), "")
        if not message:
            return ""
        said = self._gmail.mailbox.ask("GET", f"/gmail/v1/users/me/messages/{message}", "format=minimal")
        return str(said.json["threadId"])

    def _listed(self, label: str = "") -> list[str]:
        query = f"maxResults=500&includeSpamTrash=true{f'&labelIds={label}' if label else ''}"
        found = self._gmail.mailbox.ask("GET", "/gmail/v1/users/me/messages", query).json
        return [each["id"] for each in reversed(found.get("messages", []))]

    def _held(self, message: str) -> Held:
        return Held(key=message, raw=self._raw.get(message) or self._gmail.mailbox.raw(message) or b"")
