"""Telling an owner that a run ended badly: once, in two ways, and never so that anything learns from it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from connectors.account import AccountRecord
from connectors.cleaning.keep import judge
from connectors.cleaning.mime import parse
from connectors.errors import AuthError, UsageError
from connectors.imap.mailbox import ImapMailbox
from connectors.mailbox import Mailbox
from connectors.message import Address
from service.backoff import Backoff
from service.notify import FILE, Notifier, NotifySettings, payload, words
from service.refresh.runs import RunRecord, RunState
from service.webhook import Webhook
from tests.connectors.samples import account_record
from tests.dovecot import PASSWORDS, Dovecot
from tests.service.hooks import Hook
from tests.service.watching.fake_mailbox import DRAFTS, FakeMailbox, Killed, Steps

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANA = AccountRecord(
    name="ana", kind="imap", owner=Address(addr="ana@example.org", name="Ana"), addresses=frozenset({"ana@example.org"})
)
REJECTED = RunRecord(
    run_id="ana-20261121-030000",
    account="ana",
    trigger="schedule",
    why="31 new mails",
    state=RunState.REJECTED,
    asked_at=NOON,
    changed_at=NOON,
    ended_at=NOON,
    adapter="ana@v4",
    reason="It writes worse than ana@v3: loss +0.12.",
    hint="Send more mail, then run: cyrano train --now.",
)
FAILED = replace(REJECTED, state=RunState.FAILED, adapter="", reason="The disk is full.", hint="Free some space.")


@dataclass
class Owner:
    """Whom Cyrano tells: a mailbox, a webhook, and a Cyrano that can be started again."""

    home: Path
    hook: Hook
    server: FakeMailbox = field(default_factory=lambda: FakeMailbox(needs_answers=False))
    now: datetime = NOON
    has_drafts: bool = True
    settings: dict[str, Any] = field(default_factory=lambda: {"draft": True, "webhook": True})

    def notifier(self) -> Notifier:
        """A Cyrano that remembers nothing but what is on disk."""
        return Notifier(
            NotifySettings(draft=self.settings["draft"]),
            self.home,
            webhook=self._webhook() if self.settings["webhook"] else None,
            account=self._account,
            connect=lambda _: self.server if self.has_drafts else None,
            clock=lambda: self.now,
        )

    def _webhook(self) -> Webhook:
        return Webhook(self.hook.url, pause=lambda _: False, backoff=lambda: Backoff(lambda: 0.0), timeout_s=5.0)

    @staticmethod
    def _account(name: str) -> AccountRecord:
        if name != "ana":
            raise UsageError(f"There is no account {name}.")
        return ANA


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    """Somebody to tell."""
    with Hook() as hook:
        yield Owner(tmp_path, hook)


def test_both_ways_are_told_once(owner: Owner) -> None:
    """However often it is asked for, also of a Cyrano that was started anew."""
    notifier = owner.notifier()
    assert notifier.tell(REJECTED)
    assert len(owner.server.draft_bytes) == 1
    assert len(owner.hook.heard) == 1


def test_what_one_way_told_is_not_told_again_because_of_the_other(owner: Owner) -> None:
    """A webhook that is away is tried again; the draft is there already, even if its owner has deleted it since."""
    owner.hook.statuses = [500] * 4
    assert not owner.notifier().tell(REJECTED)
    owner.server.folders[DRAFTS].clear()
    assert owner.notifier().tell(REJECTED)
    assert owner.server.draft_bytes == []
    assert len(owner.hook.heard) == 5
    assert len(set(owner.hook.keys)) == 1


@pytest.mark.parametrize("kill_at", range(3))
def test_a_crash_at_any_point_doubles_no_draft(owner: Owner, kill_at: int) -> None:
    """Killed before, in and after the append: whoever goes on finds what lies there."""
    owner.settings["webhook"] = False
    owner.server.steps = Steps(kill_at=kill_at)
    try:
        owner.notifier().tell(REJECTED)
    except Killed:
        pass
    else:
        assert kill_at == 2
    (owner.home / "run" / "told.json").unlink(missing_ok=True)  # nor was that written down
    owner.server.steps = Steps()
    assert owner.notifier().tell(REJECTED)
    assert len(owner.server.draft_bytes) == 1


def test_the_draft_says_what_happened_and_what_to_do(owner: Owner) -> None:
    """To its owner, and so that nothing learns from it."""
    owner.notifier().tell(REJECTED)
    (raw,) = owner.server.draft_bytes
    message = message_from_bytes(raw, policy=default)
    assert message["To"] == "Ana <ana@example.org>"
    assert "ana@v4" in message["Subject"]
    text = " ".join(message.get_content().split())
    assert REJECTED.reason in text
    assert REJECTED.hint in text
    assert judge(parse(raw), own=ANA.addresses) == "written by a program"


def test_a_run_that_ends_badly_once_more_is_told_once_more(owner: Owner) -> None:
    """It went on, and ended with something else to do. What failed as before is told to nobody: see `Refresher`."""
    owner.notifier().tell(FAILED)
    owner.notifier().tell(replace(REJECTED, run_id=FAILED.run_id, ended_at=NOON + timedelta(days=1)))
    assert len(owner.server.draft_bytes) == 2
    assert len(set(owner.hook.keys)) == 2


def test_what_was_told_of_an_account_that_leaves_is_forgotten(owner: Owner) -> None:
    """And nothing else: those of "ana-maria" are not Ana's."""
    own, other = "ana-20261121-030000", "ana-maria-20261121-030000"
    told = owner.home / "run" / FILE
    told.parent.mkdir(parents=True, exist_ok=True)
    told.write_text(json.dumps({own: ["draft"], other: ["draft"]}), encoding="utf-8")
    owner.notifier().forget("ana")
    assert json.loads(told.read_text(encoding="utf-8")) == {other: ["draft"]}


def test_without_settings_nobody_is_told(owner: Owner) -> None:
    """And nothing is tried again."""
    owner.settings = {"draft": False, "webhook": False}
    assert owner.notifier().tell(FAILED)
    assert owner.hook.heard == []
    assert owner.server.draft_bytes == []


def test_a_mailbox_without_drafts_is_passed_over(owner: Owner) -> None:
    """An mbox file has none; the webhook still hears of it."""
    owner.has_drafts = False
    assert owner.notifier().tell(FAILED)
    assert len(owner.hook.heard) == 1


def test_what_cannot_be_told_is_said_and_given_up_after_a_day(owner: Owner) -> None:
    """In a sentence for the console, without the address of the webhook."""
    owner.hook.statuses = [500] * 99
    notifier = owner.notifier()
    assert not notifier.tell(FAILED)
    said = notifier.problems["ana"]
    assert "status 500" in said
    assert "s3cret" not in said
    owner.now += timedelta(days=1, minutes=1)
    assert notifier.tell(FAILED)


def test_what_cannot_pass_is_not_tried_again(owner: Owner) -> None:
    """Servers lock accounts for trying."""

    def refuse(_: AccountRecord) -> Mailbox:
        raise AuthError("The password is wrong.", hint="Log in again.")

    notifier = Notifier(
        NotifySettings(draft=True), owner.home, webhook=None, account=lambda _: ANA, connect=refuse,
        clock=lambda: owner.now,
    )  # fmt: skip
    assert notifier.tell(FAILED)
    assert "password" in notifier.problems["ana"]


def test_an_account_that_is_gone_does_no_harm(owner: Owner) -> None:
    """It was removed during its run."""
    assert not owner.notifier().tell(replace(FAILED, account="bob"))
    assert owner.server.draft_bytes == []


@pytest.mark.parametrize("broken", ["{", "[]", "7", '{"ana-20261121-030000": 7}'])
def test_a_broken_file_does_no_harm(owner: Owner, broken: str) -> None:
    """Rather told twice than not at all; the draft is found anyway."""
    (owner.home / "run").mkdir()
    (owner.home / "run" / "told.json").write_text(broken)
    assert owner.notifier().tell(FAILED)
    assert len(owner.server.draft_bytes) == 1


def test_a_program_gets_all_it_needs() -> None:
    """Times in ISO 8601, the state by name, and a text for chat rooms."""
    said = payload(REJECTED)
    assert said["event"] == "run.rejected"
    assert said["ended_at"] == "2026-11-21T12:00:00+00:00"
    assert {said["account"], said["run"], said["adapter"]} == {"ana", REJECTED.run_id, "ana@v4"}
    assert REJECTED.reason in said["text"]
    assert words(FAILED).startswith("Learning from ana's mail failed.")


@pytest.mark.server
def test_in_a_real_mailbox_it_lies_once(tmp_path: Path, dovecot: Dovecot) -> None:
    """Dovecot: told twice by two Cyranos that know nothing of each other, there is one draft in Drafts."""
    dovecot.forget("bob")
    record = account_record("bob", "imap", host="127.0.0.1", port=dovecot.port, user="bob", security="plain")
    run = replace(REJECTED, account="bob")
    for name in ("first", "second"):
        notifier = Notifier(
            NotifySettings(draft=True), tmp_path / name, webhook=None, account=lambda _: record,
            connect=lambda each: ImapMailbox.open(each, PASSWORDS["bob"], folder="Cyrano"), clock=lambda: NOON,
        )  # fmt: skip
        assert notifier.tell(run), notifier.problems
    with dovecot.login("bob") as client:
        client.select_folder("Entwürfe", readonly=True)
        (number,) = client.search("ALL")
        (found,) = client.fetch([number], ["RFC822", "FLAGS"]).values()
        assert rb"\Draft" in found[b"FLAGS"]
        client.select_folder("Gesendet", readonly=True)
        assert client.search("ALL") == []
    assert b"auto-generated" in found[b"RFC822"]
    assert judge(parse(found[b"RFC822"]), own=record.addresses) == "written by a program"
    dovecot.forget("bob")
