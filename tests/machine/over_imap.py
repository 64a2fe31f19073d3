"""A mailbox on a real Dovecot, Cyrano's way in leading over a wire that can be cut."""

from connectors.account import Account, AccountRecord
from connectors.imap.account import ImapAccount
from connectors.imap.mailbox import ImapMailbox
from connectors.mailbox import Mailbox, Trigger
from connectors.message import Address
from tests.dovecot import PASSWORDS, Dovecot
from tests.machine.mails import OWNER, id_of
from tests.machine.servers import FOLDER, Held, Known
from tests.wire import Wire

INBOX, DRAFTS, SENT, ARCHIVE, JUNK = "INBOX", "Entwürfe", "Gesendet", "Archiv", "Junk"
USER = "bob"
READ_TIMEOUT_S = 20.0


class ImapServer:
    """The owner's mail program is a connection of its own, apart from the wire."""

    def __init__(self, dovecot: Dovecot, wire: Wire) -> None:
        dovecot.forget(USER)
        self._wire = wire
        self.mend()
        settings = {"host": "127.0.0.1", "port": wire.port, "user": USER, "security": "plain"}
        self.record = AccountRecord(
            name="ana",
            kind="imap",
            owner=Address(addr=OWNER, name="Ana"),
            addresses=frozenset({OWNER}),
            settings=settings,
        )
        self._dovecot = dovecot
        self._client = dovecot.login(USER)
        for folder in (FOLDER, JUNK):
            self._client.create_folder(folder)

    def close(self) -> None:
        """Log the owner out."""
        self._client.logout()

    def mend(self) -> None:
        """Let all bytes through again."""
        self._wire.cut_after_bytes = None

    def deliver(self, raw: bytes, *, trigger: Trigger | None = None, is_spam: bool = False) -> None:
        """See `MailServer`."""
        folder = JUNK if is_spam else FOLDER if trigger == "folder" else INBOX
        self._client.append(folder, raw, (rb"\Flagged",) if trigger == "flagged" else ())

    def choose(self, message_id: str, trigger: Trigger) -> None:
        """See `MailServer`."""
        if trigger == "folder":
            self._move(message_id, FOLDER)
        elif uid := self._find(message_id):
            self._client.select_folder(INBOX)
            self._client.add_flags([uid], [rb"\Flagged"])
            assert rb"\Flagged" in self._client.get_flags([uid])[uid]

    def file_away(self, message_id: str) -> None:
        """See `MailServer`."""
        self._move(message_id, ARCHIVE)

    def received(self) -> list[Held]:
        """See `MailServer`."""
        folders = (INBOX, FOLDER, ARCHIVE, JUNK)
        return [held for folder in folders for held in self._held(folder, "BODY.PEEK[HEADER]")]

    def drafts(self) -> list[Held]:
        """See `MailServer`."""
        return self._held(DRAFTS)

    def sent(self) -> list[Held]:
        """See `MailServer`."""
        return self._held(SENT)

    def save(self, raw: bytes, *, replaces: str = "") -> None:
        """See `MailServer`."""
        self._client.append(DRAFTS, raw, (rb"\Draft", rb"\Seen"))
        if replaces:
            self.discard(replaces)

    def discard(self, key: str) -> None:
        """See `MailServer`."""
        self._client.select_folder(DRAFTS)
        self._client.delete_messages([int(key)], silent=True)
        self._client.uid_expunge([int(key)])

    def send(self, raw: bytes, key: str = "") -> None:
        """See `MailServer`."""
        self._client.append(SENT, raw, (rb"\Seen",))
        if key:
            self.discard(key)

    def forget(self) -> None:
        """See `MailServer`: another UIDVALIDITY, as when a server was restored from a copy."""
        self._client.logout()
        mail = self._dovecot.folder / "mail" / USER / "Maildir"
        for name in ("dovecot-uidlist", "dovecot.index*"):
            for path in mail.rglob(name):
                path.unlink()
        self._client = self._dovecot.login(USER)

    def connect(self) -> Mailbox:
        """See `MailServer`."""
        return ImapMailbox.open(self.record, PASSWORDS[USER], folder=FOLDER)

    def account(self, known: Known) -> Account:
        """See `MailServer`."""
        return ImapAccount(self.record, PASSWORDS[USER], is_known=known, read_timeout_s=READ_TIMEOUT_S)

    def cut_next(self, after_bytes: int) -> None:
        """See `MailServer`."""
        self._wire.cut_after_bytes = after_bytes if after_bytes >= 0 else None

    def check_wire(self) -> None:
        """IMAP has no way to send (but for extensions nobody offers): Cyrano only logs in, looks, appends, expunges."""
        assert b"SUBMIT" not in self._wire.sent.upper()

    def _held(self, folder: str, what: str = "BODY.PEEK[]") -> list[Held]:
        self._client.select_folder(folder, readonly=True)
        uids = self._client.search("UNDELETED")
        found = self._client.fetch(uids, [what]) if uids else {}
        key = what.replace(".PEEK", "").encode()
        return [Held(key=str(uid), raw=found[uid][key]) for uid in sorted(found) if found[uid].get(key)]

    def _find(self, message_id: str) -> int:
        return next(
            (int(held.key) for held in self._held(INBOX, "BODY.PEEK[HEADER]") if id_of(held.raw) == message_id), 0
        )

    def _move(self, message_id: str, target: str) -> None:
        if uid := self._find(message_id):
            self._client.select_folder(INBOX)
            self._client.move([uid], target)
