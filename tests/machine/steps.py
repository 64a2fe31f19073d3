"""Points at which the world may break in: a kill, a cut, the owner at work, each before or after one step of a pass."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any, TypeVar

from sqlalchemy import Engine, event

from connectors.account import Account, AccountRecord, RawMessage
from connectors.errors import Unreachable
from connectors.mailbox import Arrivals, DraftEntry, Mailbox, MailboxEntry, Place, Trigger

Result = TypeVar("Result")


class Killed(BaseException):
    """SIGKILL, as far as a test in one process can have it."""


def kill() -> None:
    """Die here."""
    raise Killed


def cut() -> None:
    """Lose the connection here."""
    raise Unreachable("The connection broke.", hint="Try again.")


Point = int | str
"""The so-many-th point of a pass, or the first of a name, such as "after append_draft"."""


@dataclass
class Steps:
    """Counts points, and does what is planned for one of them."""

    plan: dict[Point, Callable[[], None]] = field(default_factory=dict)
    passed: int = 0

    def begin(self, plan: dict[Point, Callable[[], None]] | None = None) -> None:
        """Count from the beginning, with another plan."""
        self.plan, self.passed = dict(plan or {}), 0

    def run(self, name: str, act: Callable[[], Result]) -> Result:
        """Do one step, with a point before it and one after it."""
        self.point(f"before {name}")
        result = act()
        self.point(f"after {name}")
        return result

    def point(self, name: str) -> None:
        """Do what is planned for here."""
        self.passed += 1
        for key in (self.passed, name):
            if (act := self.plan.pop(key, None)) is not None:
                act()


def step_database(engine: Engine, steps: Steps) -> None:
    """Make the beginning and the commit of every transaction a point."""
    for name in ("begin", "commit"):
        event.listen(engine, name, lambda _connection, name=name: steps.point(name))


@dataclass(frozen=True)
class SteppedMailbox:
    """A mailbox each of whose calls has points around it."""

    mailbox: Mailbox
    steps: Steps

    def arrivals(self, trigger: Trigger, cursor: str | None) -> Arrivals:
        """See `Mailbox`."""
        return self.steps.run("arrivals", lambda: self.mailbox.arrivals(trigger, cursor))

    def find(self, place: Place, message_id: str) -> list[MailboxEntry]:
        """See `Mailbox`."""
        return self.steps.run("find", lambda: self.mailbox.find(place, message_id))

    def find_answers(self, place: Place, message_id: str) -> list[MailboxEntry]:
        """See `Mailbox`."""
        return self.steps.run("find_answers", lambda: self.mailbox.find_answers(place, message_id))

    def drafts(self) -> list[DraftEntry]:
        """See `Mailbox`."""
        return self.steps.run("drafts", self.mailbox.drafts)

    def fetch(self, ref: str) -> bytes | None:
        """See `Mailbox`."""
        return self.steps.run("fetch", lambda: self.mailbox.fetch(ref))

    def append_draft(self, raw: bytes, *, answers: str = "", replaces: str = "") -> None:
        """See `Mailbox`."""
        self.steps.run("append_draft", lambda: self.mailbox.append_draft(raw, answers=answers, replaces=replaces))

    def remove_draft(self, ref: str) -> None:
        """See `Mailbox`."""
        self.steps.run("remove_draft", lambda: self.mailbox.remove_draft(ref))

    def wait_for_change(self, timeout_s: float, *, stop: Event | None = None) -> bool:
        """See `Mailbox`."""
        return self.mailbox.wait_for_change(timeout_s, stop=stop)

    def close(self) -> None:
        """See `Mailbox`."""
        self.mailbox.close()


@dataclass(frozen=True)
class SteppedAccount:
    """An account whose messages come with points between them."""

    account: Account
    steps: Steps

    @property
    def record(self) -> AccountRecord:
        """See `Account`."""
        return self.account.record

    def count_since(self, cursor: str | None) -> int | None:
        """See `Account`."""
        return self.steps.run("count_since", lambda: self.account.count_since(cursor))

    def sent_since(self, cursor: str | None) -> Iterator[RawMessage]:
        """See `Account`."""
        return self._stepped(self.account.sent_since(cursor))

    def received(self, message_ids: Any) -> Iterator[RawMessage]:
        """See `Account`."""
        return self._stepped(self.account.received(message_ids))

    def close(self) -> None:
        """See `Account`."""
        self.account.close()

    def _stepped(self, messages: Iterator[RawMessage]) -> Iterator[RawMessage]:
        self.steps.point("before messages")
        for message in messages:
            yield message
            self.steps.point("after message")


@contextmanager
def nothing_planned(steps: Steps) -> Iterator[None]:
    """Let the world be, while the block lasts."""
    plan, steps.plan = steps.plan, {}
    try:
        yield
    finally:
        steps.plan = plan
