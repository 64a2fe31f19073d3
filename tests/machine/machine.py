"""A year in a mailbox, at random: mail comes in, its owner works, the machine fails; the laws hold all the while."""

import operator
import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from connectors.mailbox import Trigger
from service.draft_row import State
from tests.machine import mails
from tests.machine.laws import Laws, Life, note_sent
from tests.machine.mails import Incoming, Kind, Saves, answered_by, cyrano_id, marks_in
from tests.machine.program import Program
from tests.machine.servers import Held, MailServer
from tests.machine.steps import Point, cut, kill, nothing_planned

CALLS = ("arrivals", "fetch", "drafts", "append_draft", "remove_draft")
NAMED = [f"{when} {call}" for when in ("before", "after") for call in CALLS]
STEPS = st.one_of(st.sampled_from([*NAMED, "commit"]), st.integers(1, 60))
"""A point in a pass; most passes have fewer."""
BREAKS = st.tuples(STEPS, st.sampled_from([kill, cut]))
ACTS = st.sampled_from(["edit", "edit", "delete", "send", "answer", "newer", "newer"])
WHICH = st.integers(0, 3)
"""Which of several, counted from the newest: what goes wrong goes wrong between things that belong together."""
SAVES = st.sampled_from(Saves)
JUMPS_S = st.sampled_from([1, 20, 61, 3600, 86_400 * 3, 86_400 * 40, -1800, -80_000])
LONG = timedelta(hours=3)
ALMOST_A_DAY = timedelta(hours=23)


class MailboxMachine(RuleBasedStateMachine):
    """One mailbox, whatever it is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="cyrano-machine-"))
        self.server = self.open_server()
        self.life = Life()
        self.number = 0
        self.program: Program | None = None

    def open_server(self) -> MailServer:
        """Return an empty mailbox."""
        raise NotImplementedError

    @initialize(trigger=st.sampled_from(["flagged", "folder", "all"]))
    def begin(self, trigger: Trigger) -> None:
        """Install Cyrano; it answers what comes in from now on."""
        self.program = Program(self.server, self.folder, trigger)
        self.laws = Laws(program=self.program, life=self.life, trigger=trigger)
        assert self.program.check()

    # The world

    @rule(kind=st.sampled_from(Kind), is_chosen=st.booleans(), is_spam=st.integers(0, 9))
    def deliver(self, kind: Kind, is_chosen: bool, is_spam: int) -> None:  # noqa: FBT001  Hypothesis names them
        """A mail comes in; some are chosen at once, some are spam."""
        self._deliver(Incoming(message_id=self._id("m"), kind=kind), is_chosen=is_chosen, is_spam=is_spam == 0)

    @rule()
    def deliver_letter(self) -> None:
        """A letter comes in and is chosen."""
        self._deliver(Incoming(message_id=self._id("m"), kind=Kind.LETTER), is_chosen=True, is_spam=False)

    @rule()
    def deliver_letter_and_draft(self) -> None:
        """A letter comes in, is chosen, and gets its draft."""
        self.deliver_letter()
        assert self.cyrano.check()

    @precondition(lambda self: self.life.mails)
    @rule(which=WHICH, kind=st.sampled_from([Kind.LETTER, Kind.LETTER, Kind.ROBOT]), is_chosen=st.booleans())
    def deliver_into_thread(self, which: int, kind: Kind, is_chosen: bool) -> None:  # noqa: FBT001
        """Another mail comes into a thread."""
        earlier = self._mail(which)
        references = (*earlier.references, earlier.message_id)
        mail = Incoming(message_id=self._id("m"), kind=kind, references=references)
        self._deliver(mail, is_chosen=is_chosen, is_spam=False)

    @rule(seconds=JUMPS_S)
    def jump(self, seconds: int) -> None:
        """Time passes, or the clock is put back, in all by less than a day."""
        self.cyrano.clock.jump(timedelta(seconds=seconds), back_at_most=ALMOST_A_DAY)

    @rule()
    def forget(self) -> None:
        """The server loses its numbers or its history; Cyrano has to look again."""
        self.cyrano.restart()
        self.server.forget()

    # The owner

    @precondition(lambda self: self.life.mails and self.laws.trigger != "all")
    @rule(which=WHICH)
    def choose(self, which: int) -> None:
        """The owner flags a mail, or moves it to the folder."""
        mail = self._mail(which)
        if not mail.is_filed:
            self.server.choose(mail.message_id, self.laws.trigger)
            mail.is_chosen = True

    @precondition(lambda self: self.life.mails)
    @rule(which=WHICH)
    def file_away(self, which: int) -> None:
        """The owner archives a mail."""
        mail = self._mail(which)
        if not (mail.is_filed or (mail.is_chosen and self.laws.trigger == "folder")):
            self.server.file_away(mail.message_id)
            mail.is_filed = True

    @precondition(lambda self: self.server.drafts())
    @rule(which=WHICH, saves=SAVES, leaves_old=st.integers(0, 4).map(bool).map(operator.not_))
    def edit_draft(self, which: int, saves: Saves, leaves_old: bool) -> None:  # noqa: FBT001
        """The owner types into a draft; some mail programs take the old one out only later."""
        self._edit(which, saves, leaves_old=leaves_old)

    @precondition(lambda self: self.server.drafts())
    @rule(which=WHICH)
    def save_again(self, which: int) -> None:
        """A mail program saves a draft as it is, under another UID."""
        held = self._draft(which)
        if held is not None:
            self._handle(held)
            self.server.save(held.raw, replaces=held.key)

    @precondition(lambda self: self.server.drafts())
    @rule(which=WHICH)
    def delete_draft(self, which: int) -> None:
        """The owner deletes a draft."""
        self._delete(which)

    @precondition(lambda self: self.server.drafts())
    @rule(which=WHICH)
    def send_draft(self, which: int) -> None:
        """The owner sends a draft as it is."""
        self._send(which)

    @precondition(lambda self: self.life.mails)
    @rule(which=WHICH)
    def answer_without(self, which: int) -> None:
        """The owner answers a mail without looking into Drafts."""
        mail = self._mail(which)
        raw = mails.write_answer(mail, self._mark(), self._id("s"), self._now())
        self.server.send(raw)
        note_sent(self.life, raw)

    @precondition(lambda self: self.life.mails)
    @rule(which=WHICH)
    def begin_answer(self, which: int) -> None:
        """The owner begins an answer of their own, and saves it."""
        mail = self._mail(which)
        self.server.save(mails.write_answer(mail, self._mark(), self._id("d"), self._now()))
        self.life.meddled.add(mail.message_id)

    @rule()
    def instruct(self) -> None:
        """The owner saves a draft with an instruction."""
        mark = self._mark()
        self.life.instructions.add(mark)
        self.server.save(mails.write_instruction(mark, self._id("i"), self._now()))

    # Cyrano

    @rule()
    def check(self) -> None:
        """A pass without trouble."""
        assert self.cyrano.check()

    @rule(breaks=st.lists(BREAKS, min_size=1, max_size=2))
    def check_broken(self, breaks: list[tuple[Point, Callable[[], None]]]) -> None:
        """A pass that is killed or loses the connection before or after a step; the next one may fare no better."""
        for at, how in breaks:
            self.cyrano.check({at: how})

    @rule(is_failing=st.booleans())
    def check_without_engine(self, is_failing: bool) -> None:  # noqa: FBT001
        """A pass while the model server is away, or writes nothing."""
        writer = self.cyrano.writer
        writer.is_down, writer.is_failing = not is_failing, is_failing
        self.life.is_engine_failing |= is_failing
        assert self.cyrano.check()
        writer.is_down = writer.is_failing = False

    @rule(at=BREAKS)
    def deliver_letter_and_break(self, at: tuple[Point, Callable[[], None]]) -> None:
        """A letter comes in, and the pass that is to answer it is broken off."""
        self.deliver_letter()
        self.check_broken([at])

    @rule(after_bytes=st.integers(0, 20_000), is_sync=st.booleans())
    def break_the_wire(self, after_bytes: int, is_sync: bool) -> None:  # noqa: FBT001
        """A letter comes in, and the connection breaks anywhere, in the middle of a line too."""
        self.deliver_letter()
        self.server.cut_next(after_bytes)
        self.cyrano.restart()
        if is_sync:
            self.cyrano.sync()
        else:
            self.cyrano.check()
        self.server.cut_next(-1)
        self.cyrano.restart()

    @rule(at=STEPS, which=WHICH, saves=SAVES, act=ACTS)
    def check_while_the_owner_works(self, at: Point, which: int, saves: Saves, act: str) -> None:
        """A pass in the middle of which the owner does something."""
        self.cyrano.check({at: lambda: self._undisturbed(lambda: self._act(act, which, saves))})

    @rule(which=WHICH, saves=SAVES, act=ACTS, breaks=st.lists(BREAKS, max_size=1))
    def work_and_check(
        self, which: int, saves: Saves, act: str, breaks: list[tuple[Point, Callable[[], None]]]
    ) -> None:
        """The owner does something, and a pass looks at it, or is broken off while it does, and then looks again."""
        self._act(act, which, saves)
        self.check_broken(breaks)
        self.jump(61)
        assert self.cyrano.check()

    @rule()
    def restart(self) -> None:
        """Cyrano is stopped and started."""
        self.cyrano.restart()

    @rule(at=BREAKS)
    def sync_broken(self, at: tuple[Point, Callable[[], None]]) -> None:
        """A sync that is broken off."""
        self.cyrano.sync(dict([at]))

    @rule()
    def sync(self) -> None:
        """A sync without trouble."""
        assert self.cyrano.sync()

    @rule()
    def rest(self) -> None:
        """Nothing happens for a while but what Cyrano does; then it is done with everything."""
        self._rest()
        self.laws.check_at_rest()

    @invariant()
    def laws_hold(self) -> None:
        """At every moment."""
        if self.program is not None:
            self.laws.check_always()

    def teardown(self) -> None:
        """Come to rest, look once more, and clean up."""
        try:
            if self.program is not None:
                self.rest()
        finally:
            if self.program is not None:
                self.program.close()
            self.close_server()
            shutil.rmtree(self.folder)

    def close_server(self) -> None:
        """Let go of the mailbox."""

    # Inside

    @property
    def cyrano(self) -> Program:
        """What is tested."""
        assert self.program is not None
        return self.program

    def _rest(self) -> None:
        for _ in range(5):
            self.cyrano.clock.now += LONG
            assert self.cyrano.check()
        assert self.cyrano.sync()

    def _deliver(self, mail: Incoming, *, is_chosen: bool, is_spam: bool) -> None:
        mail.is_chosen = is_chosen and self.laws.trigger != "all" and not is_spam
        mail.is_filed = is_spam
        self.life.mails[mail.message_id] = mail
        raw = mails.write_incoming(mail, self._now())
        self.server.deliver(raw, trigger=self.laws.trigger if mail.is_chosen else None, is_spam=is_spam)

    def _act(self, act: str, which: int, saves: Saves) -> None:
        match act:
            case "edit":
                self._edit(which, saves, leaves_old=False)
            case "delete":
                self._delete(which)
            case "send":
                self._send(which)
            case "answer" if self.life.mails:
                self.answer_without(which)
            case "newer" if self.life.mails:
                self.deliver_into_thread(which, Kind.LETTER, is_chosen=False)
            case _:
                pass

    def _edit(self, which: int, saves: Saves, *, leaves_old: bool) -> None:
        held = self._draft(which)
        if held is None:
            return
        raw = mails.edit(held.raw, self._mark(), saves, self._id("d"), self._now())
        self._meddle(held)
        if cyrano_id(held.raw):
            self.life.edited.add(answered_by(held.raw))
        if leaves_old:
            self.life.copied.add(answered_by(held.raw))
        self.server.save(raw, replaces="" if leaves_old else held.key)

    def _delete(self, which: int) -> None:
        held = self._draft(which)
        if held is None:
            return
        answered = answered_by(held.raw)
        self._meddle(held)
        self.server.discard(held.key)
        self.life.typed -= marks_in(held.raw) - self._marks()
        row = self.cyrano.ledger.answering(self.cyrano.record.name, answered)
        if cyrano_id(held.raw) and row is not None and row.state is State.APPENDED:
            self.life.deleted.add(answered)

    def _send(self, which: int) -> None:
        held = self._draft(which)
        if held is None:
            return
        raw = mails.send(held.raw, self._id("s"), self._now())
        self._meddle(held)
        self.server.send(raw, held.key)
        note_sent(self.life, raw)

    def _meddle(self, held: Held) -> None:
        self._handle(held)
        self.life.meddled.add(answered_by(held.raw))

    def _handle(self, held: Held) -> None:
        self.life.handled |= self.life.instructions & marks_in(held.raw)

    def _undisturbed(self, act: Callable[[], None]) -> None:
        with nothing_planned(self.cyrano.steps):
            act()

    def _marks(self) -> set[str]:
        held = (*self.server.drafts(), *self.server.sent())
        return set().union(*(marks_in(each.raw) for each in held))

    def _mail(self, which: int) -> Incoming:
        return list(self.life.mails.values())[-1 - which % len(self.life.mails)]

    def _draft(self, which: int) -> Held | None:
        drafts = self.server.drafts()
        return drafts[-1 - which % len(drafts)] if drafts else None

    def _mark(self) -> str:
        self.number += 1
        mark = f"typed-{self.number}x"
        self.life.typed.add(mark)
        return mark

    def _id(self, letter: str) -> str:
        self.number += 1
        return f"{letter}{self.number}@example.org"

    def _now(self) -> datetime:
        return self.cyrano.clock.now
