"""service/outcomes.py and service/learn.py: what became of drafts, and what is not learned from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from connectors.archive import Archive
from connectors.message import Address, Email
from service.draft_row import DraftKind, Written
from service.edits import Edit, Verdict
from service.feedback import Feedback, FeedbackKind
from service.learn import UNEDITED, Learner
from service.ledger import Ledger
from service.outcomes import Outcomes, Week
from tests.connectors.samples import archived
from tests.service.stand_ins import make_database

FRIDAY = datetime(2026, 11, 20, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEN = "ben@example.net"

DRAFT = """Hi Ben,

thanks for the plan, it looks good to me. Could we move the meeting to Thursday at 14:30?

Best,
Ana"""
LIGHT = DRAFT.replace("Thursday", "Friday")
OTHER = "Ben, I am on leave from Monday on and cannot look at any of this before the new year; ask Tom meanwhile."


@dataclass
class House:
    """Ana's archive and ledger, with a clock that is moved by hand."""

    archive: Archive
    now: datetime = FRIDAY
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1000)))

    @property
    def ledger(self) -> Ledger:
        """The real ledger."""
        return Ledger(self.archive.engine, clock=lambda: self.now)

    @property
    def outcomes(self) -> Outcomes:
        """The real outcomes."""
        return Outcomes(self.archive.engine, clock=lambda: self.now)

    @property
    def learner(self) -> Learner:
        """What is tested."""
        return Learner(self.outcomes, clock=lambda: self.now)

    def answer(self, answers: str, text: str = DRAFT, *, replaces: str = "", adapter: str = "ana@v1") -> str:
        """A draft for a mail that came in, seen in Drafts."""
        draft_id = self._written(answers, text, DraftKind.ANSWER, adapter, replaces=replaces, thread_id=answers)
        self.ledger.set_appended(draft_id, ref=f"Drafts;1;{answers}", seal="0" * 64)
        return draft_id

    def instructed(self, text: str = DRAFT) -> str:
        """A draft that its owner gave an instruction for."""
        draft_id = self._written("d1@example.org", text, DraftKind.INSTRUCTED, "", recipients=[BEN])
        self.ledger.set_appended(draft_id, ref="Drafts;1;9", seal="0" * 64)
        return draft_id

    def asked(self, text: str = DRAFT, *, to: str = BEN, replaces: str = "") -> str:
        """A draft on request."""
        draft_id = self.ledger.begin("ana", recipients=[to] if to else [], replaces=replaces)
        self.ledger.finish(draft_id, Written(text=text, language="en"))
        return draft_id

    def send(
        self, text: str, *, to: str = BEN, in_reply_to: str = "", message_id: str = "", language: str = "en"
    ) -> str:
        """A mail of Ana's that the sync brought in."""
        number = next(self.numbers)
        email = Email(
            message_id=message_id or f"sent{number}@example.org",
            in_reply_to=in_reply_to,
            sender=Address(addr="ana@example.org"),
            to=(Address(addr=to),),
            sent_at=self.now,
            text=text,
            language=language,
        )
        self.archive.store("ana", [replace(archived(1), email=email)], None)
        return email.message_id

    def say(self, draft_id: str, kind: str) -> None:
        """What was done with a draft in the browser, a little later."""
        self.now += timedelta(seconds=1)
        assert Feedback(self.archive.engine, clock=lambda: self.now).give("ana", draft_id, FeedbackKind(kind))

    def week(self) -> Week:
        """All that is counted."""
        (found,) = self.outcomes.weekly("ana")
        return found

    def verdict(self, draft_id: str) -> Verdict | None:
        """What became of a draft, as far as is known."""
        found = self.outcomes.of("ana", draft_id)
        return found.verdict if found else None

    def _written(self, answers: str, text: str, kind: DraftKind, adapter: str, **more: object) -> str:
        message_id = f"draft-{answers}"
        row = self.ledger.want("ana", answers, message_id, kind=kind, **more)  # type: ignore[arg-type]
        self.ledger.set_generating(row.draft_id)
        self.ledger.keep_text(row.draft_id, Written(text=text, language="en", adapter=adapter))
        return row.draft_id


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """It, on a Friday morning."""
    with Archive(make_database(tmp_path)) as archive:
        yield House(archive)


@pytest.mark.parametrize(
    ("sent", "verdict"),
    [(DRAFT, Verdict.AS_IS), (LIGHT, Verdict.LIGHT), (OTHER, Verdict.IGNORED)],
    ids=["as is", "light", "ignored"],
)
def test_a_reply_tells_what_became_of_the_draft_that_answered_the_same(
    house: House, sent: str, verdict: Verdict
) -> None:
    """Also that its owner wrote something else instead."""
    draft_id = house.answer("q@example.net")
    house.now += HOUR
    sent_id = house.send(sent, in_reply_to="q@example.net")
    assert house.learner.learn("ana") == 1
    found = house.outcomes.of("ana", draft_id)
    assert found is not None
    assert (found.verdict, found.sent_id, found.adapter, found.sent_at) == (verdict, sent_id, "ana@v1", house.now)
    assert found.edits == ((Edit.FACTS,) if verdict is Verdict.LIGHT else ())
    assert house.learner.learn("ana") == (1 if verdict is Verdict.IGNORED else 0)


def test_what_its_owner_worked_on_was_rewritten_and_not_ignored(house: House) -> None:
    """However little is left of it: the mailbox told that the draft itself was sent."""
    touched, same_id = house.answer("q1@example.net"), house.answer("q2@example.net")
    house.ledger.set_edited(touched, ref="Drafts;1;8")
    house.now += HOUR
    house.send(OTHER, in_reply_to="q1@example.net")
    house.send(OTHER + " Bye.", in_reply_to="q2@example.net", message_id="draft-q2@example.net")
    house.learner.learn("ana")
    assert (house.verdict(touched), house.verdict(same_id)) == (Verdict.REWRITTEN, Verdict.REWRITTEN)


def test_a_first_short_word_does_not_settle_it(house: House) -> None:
    """The draft goes with the later mail that was made from it."""
    draft_id = house.answer("q@example.net")
    house.now += HOUR
    house.send("Got it, more later.", in_reply_to="q@example.net")
    house.learner.learn("ana")
    assert house.verdict(draft_id) is Verdict.IGNORED
    house.now += HOUR
    house.send(LIGHT, in_reply_to="q@example.net")
    house.learner.learn("ana")
    assert house.verdict(draft_id) is Verdict.LIGHT


@pytest.mark.parametrize(
    ("text", "to", "after", "verdict"),
    [
        (LIGHT, BEN, HOUR, Verdict.LIGHT),
        (LIGHT, BEN, 3 * DAY, None),
        (LIGHT, "tom@example.net", HOUR, None),
        (OTHER, BEN, HOUR, None),
        (DRAFT, BEN, -HOUR, None),
    ],
    ids=["edited", "too late", "somebody else", "something else", "sent before"],
)
def test_a_draft_on_request_is_known_by_its_words_its_readers_and_its_time(
    house: House, text: str, to: str, after: timedelta, verdict: Verdict | None
) -> None:
    """All three; nothing else ties it to what was sent."""
    draft_id = house.asked()
    house.now += after
    house.send(text, to=to)
    house.now = FRIDAY + 4 * DAY
    house.learner.learn("ana")
    assert house.verdict(draft_id) is verdict


def test_where_nobody_knows_the_readers_words_and_time_must_do(house: House) -> None:
    """The extension need not say whom a mail is for."""
    draft_id = house.asked(to="")
    house.now += HOUR
    house.send(DRAFT, to="tom@example.net")
    house.learner.learn("ana")
    assert house.verdict(draft_id) is Verdict.AS_IS


def test_an_instructed_draft_may_lie_for_days(house: House) -> None:
    """In Drafts, where its owner finds it again."""
    draft_id = house.instructed()
    house.now += 5 * DAY
    house.send(LIGHT)
    house.learner.learn("ana")
    assert house.verdict(draft_id) is Verdict.LIGHT


def test_one_mail_settles_one_draft(house: House) -> None:
    """Of two drafts for one person the one it was made from; the other is still open."""
    first, second = house.asked(), house.asked(LIGHT.replace("plan", "offer"))
    house.now += HOUR
    house.send(LIGHT.replace("plan", "offer"))
    house.learner.learn("ana")
    assert (house.verdict(first), house.verdict(second)) == (None, Verdict.AS_IS)


def test_a_replaced_draft_does_not_take_the_mail_from_its_successor(house: House) -> None:
    """Even where the old words are nearer to what was sent: the mail answers the newer message."""
    old = house.answer("q1@example.net")
    house.now += HOUR
    new = house.answer("q2@example.net", LIGHT, replaces=old)
    house.ledger.withdraw(old, "A newer message came.")
    house.now += HOUR
    house.send(DRAFT, in_reply_to="q2@example.net")
    house.learner.learn("ana")
    assert (house.verdict(old), house.verdict(new)) == (None, Verdict.LIGHT)
    assert [week.drafts for week in house.outcomes.weekly("ana")] == [1]


def test_accounts_are_apart(house: House) -> None:
    """What Ana sent settles no draft of Bob's."""
    house.answer("q@example.net")
    house.now += HOUR
    house.send(DRAFT, in_reply_to="q@example.net")
    assert house.learner.learn("bob") == 0
    assert house.outcomes.weekly("bob") == ()
    assert house.learner.veto("bob")(_mail(DRAFT, house.now)) == ""


def _mail(text: str, sent_at: datetime | None) -> Email:
    return replace(archived(1).email, text=text, sent_at=sent_at)


@pytest.mark.parametrize(
    ("text", "after", "reason"),
    [
        (DRAFT, HOUR, UNEDITED),
        (DRAFT.replace("\n", " \n"), HOUR, UNEDITED),
        (DRAFT, None, UNEDITED),
        (LIGHT, HOUR, ""),
        (OTHER, HOUR, ""),
        (DRAFT, -48 * HOUR, ""),
        ("", HOUR, ""),
    ],
)
@pytest.mark.parametrize("kind", ["answer", "asked", "instructed"])
def test_an_unedited_draft_is_not_learned_from(
    house: House, kind: str, text: str, after: timedelta | None, reason: str
) -> None:
    """Whatever it was made for and however it was sent; what its owner wrote before is theirs."""
    make: dict[str, Callable[[], str]] = {
        "answer": lambda: house.answer("q@example.net"),
        "asked": house.asked,
        "instructed": house.instructed,
    }
    make[kind]()
    assert house.learner.veto("ana")(_mail(text, None if after is None else FRIDAY + after)) == reason


def test_a_draft_made_and_sent_while_a_sync_goes_on_is_not_learned_from(house: House) -> None:
    """The veto was asked before there was any draft; a first sync may take hours."""
    veto = house.learner.veto("ana")
    assert veto(_mail(DRAFT, FRIDAY - DAY)) == ""
    house.now += HOUR
    house.asked()
    assert veto(_mail(DRAFT, FRIDAY + 2 * HOUR)) == UNEDITED


MONDAY = date(2026, 11, 16)


def test_what_was_thrown_away_is_ignored_at_once(house: House) -> None:
    """Nobody need wait for two weeks; unless it is put into a mail after all."""
    draft_id = house.asked()
    house.say(draft_id, "discarded")
    assert house.week() == Week(starts=MONDAY, adapter="", ignored=1)
    house.say(draft_id, "inserted")
    assert house.week() == Week(starts=MONDAY, adapter="", waiting=1, inserted=1)
    house.say(draft_id, "discarded")
    assert house.week() == Week(starts=MONDAY, adapter="", ignored=1)


def test_what_was_thrown_away_and_sent_was_sent(house: House) -> None:
    """A mail tells more than a button."""
    house.say(house.asked(), "discarded")
    house.now += HOUR
    house.send(DRAFT)
    house.learner.learn("ana")
    assert house.week() == Week(starts=MONDAY, adapter="", as_is=1)


def test_what_was_changed_does_not_count(house: House) -> None:
    """Three versions are one draft: the last one, under its outcome."""
    first = house.asked(OTHER)
    house.say(first, "refined")
    assert house.outcomes.weekly("ana") == ()
    second = house.asked(LIGHT, replaces=first)
    house.say(second, "refined")
    third = house.asked(replaces=second)
    assert house.week() == Week(starts=MONDAY, adapter="", waiting=1)
    house.say(third, "inserted")
    house.now += HOUR
    house.send(DRAFT)
    house.learner.learn("ana")
    assert house.week() == Week(starts=MONDAY, adapter="", as_is=1, inserted=1)


def test_a_change_that_failed_leaves_the_draft_counting(house: House) -> None:
    """Its owner goes back to what there is."""
    first = house.asked()
    house.ledger.fail(house.ledger.begin("ana", replaces=first), "The model wrote nothing.")
    assert house.week().drafts == 1
    house.say(first, "refined")
    house.say(first, "inserted")
    assert house.week() == Week(starts=MONDAY, adapter="", waiting=1, inserted=1)


def test_a_change_that_was_stopped_parts_no_family(house: House) -> None:
    """The first, one that was stopped, the last: one mail was asked for, and the first does not end as ignored."""
    first = house.asked(OTHER)
    house.say(first, "refined")
    house.say(first, "inserted")
    stopped = house.ledger.begin("ana", recipients=[BEN], replaces=first)
    house.ledger.cancel(stopped, "Hi")
    failed = house.ledger.begin("ana", recipients=[BEN], replaces=stopped)
    house.ledger.fail(failed, "The model wrote nothing.")
    last = house.asked(replaces=failed)
    house.say(last, "inserted")
    house.now += HOUR
    house.send(DRAFT)
    house.learner.learn("ana")
    assert house.week() == Week(starts=MONDAY, adapter="", as_is=1, inserted=1)


def test_what_was_said_before_the_weeks_that_count_is_not_read(house: House) -> None:
    """Years of it would be looked through each time."""
    house.now = FRIDAY - 200 * DAY
    house.say(house.asked(), "inserted")
    house.now = FRIDAY
    house.say(house.asked(), "inserted")
    first_day = FRIDAY - 84 * DAY
    assert len(house.outcomes._given("ana", first_day)) == 1
    assert house.week() == Week(starts=MONDAY, adapter="", waiting=1, inserted=1)


def test_a_draft_of_the_mailbox_is_not_changed_away(house: House) -> None:
    """The versions of drafts on request say nothing about those in Drafts."""
    draft_id = house.answer("q@example.net", adapter="")
    house.ledger.finish(house.ledger.begin("ana", replaces=draft_id), Written(text=DRAFT))
    assert house.week().drafts == 2


def test_weeks_are_counted_by_adapter(house: House) -> None:
    """A draft counts in the week it was made; after two weeks one that was not sent was ignored."""
    house.now = FRIDAY - 21 * DAY
    house.answer("old@example.net", adapter="")
    house.now = FRIDAY
    for number, text in enumerate((DRAFT, LIGHT, LIGHT, OTHER, "")):
        house.answer(f"q{number}@example.net")
        if text:
            house.send(text, in_reply_to=f"q{number}@example.net")
    house.ledger.set_deleted(house.answer("gone@example.net", adapter="ana@v2"))
    house.ledger.withdraw(house.ledger.want("ana", "never@example.net", "x").draft_id, "Given up.")
    house.ledger.fail(house.ledger.begin("ana"), "The model wrote nothing.")
    house.learner.learn("ana")
    monday = date(2026, 11, 16)
    assert house.outcomes.weekly("ana") == (
        Week(starts=monday, adapter="ana@v1", as_is=1, light=2, ignored=1, waiting=1),
        Week(starts=monday, adapter="ana@v2", ignored=1),
        Week(starts=monday - timedelta(weeks=3), adapter="", ignored=1),
    )
    assert len(house.outcomes.weekly("ana", weeks=1)) == 2
    assert house.outcomes.edits("ana") == {Edit.FACTS: 2}
