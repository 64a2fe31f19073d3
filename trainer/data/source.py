"""Where a run's mail comes from: the archive here, or a folder carried from another machine (`trainer.data.carried`).

Both say the same of each mail, so that the same mail gives the same examples, whichever way it came.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from connectors.archive import Archive
from connectors.instruction import Instruction
from connectors.message import Address, ArchivedEmail, Email, ThreadMessage
from trainer.data.threads import by_age, conversations, led_to, shown_thread

MOST_MESSAGES = 4
"""Messages of a thread that drafting shows at most."""
EMPTY, OLDER = "empty", "older than the window"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What Cyrano had drafted where something else was sent."""

    text: str
    instruction: str = ""
    """What its owner asked for; "" where it was drafted from the thread alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMail:
    """A mail to learn from, with all that its example needs but the instruction."""

    email: Email
    conversation: str
    """The name of its thread; equal for all mails of it."""
    thread: tuple[ThreadMessage, ...] = ()
    """The messages before it, oldest first; the last is the one it answers."""
    draft: Draft | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The newest mails that are learned from, oldest first, and why others are not."""

    mails: tuple[SentMail, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    """How many for which reason."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """The reason of each, by Message-ID, as far as they are known by name."""


class MailSource(Protocol):
    """The mail of one account, and the instructions it is learned with."""

    @property
    def account(self) -> str:
        """The account's name."""

    @property
    def owner(self) -> Address:
        """Whose mail it is."""

    def choose(self, window: int) -> Chosen:
        """Return the newest mails that are learned from, `window` at most.

        Raises:
            UsageError: they cannot be read.
        """

    def others(self) -> Iterator["MailSource"]:
        """Yield the other accounts whose held-out mail measures what was learned."""

    def instructions(self, account: str, prompt_version: str, model: str) -> dict[str, Instruction]:
        """Return the known instructions by Message-ID."""

    def store_instructions(
        self, account: str, prompt_version: str, model: str, instructions: Sequence[Instruction]
    ) -> None:
        """Keep instructions, so that another start does not ask for them again."""


class ArchiveSource:
    """The mail of an account in the archive."""

    def __init__(self, archive: Archive, account: str, *, thread_messages: int = MOST_MESSAGES) -> None:
        """Find the account.

        Args:
            archive: Where its mail is.
            account: Its name.
            thread_messages: How many messages of a thread its mails bring with them at most.

        Raises:
            UsageError: there is no such account.
        """
        self._archive = archive
        self._thread_messages = thread_messages
        self.account = account
        self.owner = archive.account(account).owner

    def choose(self, window: int) -> Chosen:
        """Return the newest mails that are learned from, `window` at most."""
        newest: deque[Email] = deque()
        reasons = {}
        for archived in self._archive.mails(self.account):
            email = archived.email
            if not archived.kept or not email.text:
                reasons[email.message_id] = archived.reason or EMPTY
                continue
            newest.append(email)
            if len(newest) > window:
                reasons[newest.popleft().message_id] = OLDER
        return Chosen(mails=self._with_threads(list(newest)), left_out=Counter(reasons.values()), reasons=reasons)

    def others(self) -> Iterator["ArchiveSource"]:
        """Yield the other accounts of the archive."""
        for record in self._archive.accounts():
            if record.name != self.account:
                yield ArchiveSource(self._archive, record.name, thread_messages=self._thread_messages)

    def instructions(self, account: str, prompt_version: str, model: str) -> dict[str, Instruction]:
        """Return the known instructions by Message-ID."""
        return self._archive.instructions(account, prompt_version, model)

    def store_instructions(
        self, account: str, prompt_version: str, model: str, instructions: Sequence[Instruction]
    ) -> None:
        """Keep instructions in the archive."""
        self._archive.store_instructions(account, prompt_version, model, instructions)

    def _with_threads(self, emails: Sequence[Email]) -> tuple[SentMail, ...]:
        messages = _Messages(self._archive, self.account, emails)
        # Mails are of one thread also where only a mail in between knows it.
        between = [each.email for email in emails for each in led_to(email, messages.look)]
        names = conversations([*emails, *between, *messages.received])
        drafts = {
            each.message_id: Draft(text=each.text, instruction=each.instruction)
            for each in self._archive.pairs(self.account)
        }
        return tuple(
            SentMail(
                email=email,
                conversation=names[email.message_id],
                thread=shown_thread(email, messages.look, self._thread_messages),
                draft=drafts.get(email.message_id),
            )
            for email in sorted(emails, key=by_age)
        )


class _Messages:
    """The archived messages of threads, each looked up once."""

    def __init__(self, archive: Archive, account: str, emails: Sequence[Email]) -> None:
        self._archive = archive
        self._account = account
        self._known: dict[str, ArchivedEmail | None] = {
            mail.email.message_id: mail for mail in archive.received(account)
        }
        self.received = [mail.email for mail in self._known.values() if mail]
        for email in emails:
            self._known[email.message_id] = ArchivedEmail(account=account, email=email, kept=True)

    def look(self, message_id: str) -> ArchivedEmail | None:
        """Return a message, sent or received; None where the archive does not hold it."""
        if message_id not in self._known:
            self._known[message_id] = self._archive.get(self._account, message_id)
        return self._known[message_id]
