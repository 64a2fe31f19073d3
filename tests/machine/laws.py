"""The laws, as assertions over what the server holds, what the ledger and the archive say, and what people did."""

from collections import Counter
from dataclasses import dataclass, field

from connectors.mailbox import Trigger
from service.draft_row import OPEN, DraftRow, State
from tests.machine.mails import Incoming, Kind, answered_by, cyrano_id, id_of, marks_in, named_by, text_in
from tests.machine.program import Program
from tests.machine.writer import SAID, text_of


@dataclass(kw_only=True)
class Life:
    """What people did in the mailbox, as far as the laws ask."""

    mails: dict[str, Incoming] = field(default_factory=dict)
    typed: set[str] = field(default_factory=set)
    """Marks of all that the owner typed and did not delete."""
    instructions: set[str] = field(default_factory=set)
    """Those of them that are subjects of drafts with an instruction."""
    handled: set[str] = field(default_factory=set)
    """Those of these that the owner saved again, edited, deleted or sent."""
    sent: list[str] = field(default_factory=list)
    """Ids of what the owner sent."""
    sent_as_is: set[str] = field(default_factory=set)
    """Those of them in which every word is Cyrano's."""
    named_in_sent: set[str] = field(default_factory=set)
    """Ids that what was sent answers or refers to."""
    is_engine_failing: bool = False
    """Whether the model ever wrote nothing."""
    deleted: set[str] = field(default_factory=set)
    """Ids of mails whose draft the owner deleted when Cyrano knew that it lay there."""
    edited: set[str] = field(default_factory=set)
    """Ids of mails whose draft of Cyrano's the owner edited."""
    copied: set[str] = field(default_factory=set)
    """Ids of mails of whose draft a mail program saved a changed copy, and left the old one."""
    meddled: set[str] = field(default_factory=set)
    """Ids of mails whose draft the owner edited, deleted, sent, or began by themselves."""


@dataclass(frozen=True, kw_only=True)
class Laws:
    """Checks a program against a life."""

    program: Program
    life: Life
    trigger: Trigger

    def check_always(self) -> None:
        """What holds at every moment, whatever was broken off."""
        drafts = [held.raw for held in self.program.server.drafts()]
        sent = [held.raw for held in self.program.server.sent()]
        marks = set().union(*map(marks_in, (*drafts, *sent)))
        assert self.life.typed <= marks, f"text of the owner's is lost: {self.life.typed - marks}"
        assert Counter(map(id_of, sent)) == Counter(self.life.sent), "something was sent, or taken out of Sent"
        received = {id_of(held.raw) for held in self.program.server.received()}
        assert received == set(self.life.mails), "mail that came in was touched"
        self._check_one_draft(drafts)
        self.program.server.check_wire()

    def check_at_rest(self) -> None:
        """What holds once Cyrano was left in peace for a while."""
        rows = {row.answers: row for row in self._rows() if row.answers}
        drafts = [held.raw for held in self.program.server.drafts()]
        for mail in self.life.mails.values():
            self._check_mail(mail, rows.get(mail.message_id), drafts)
        self._check_instructions(drafts)
        self._check_archive()
        assert not self.program.ledger.pending(self.program.record.name), "something is still to come"

    def _check_one_draft(self, drafts: list[bytes]) -> None:
        own = Counter(answered_by(raw) for raw in drafts if cyrano_id(raw) and not marks_in(raw))
        assert max(own.values(), default=0) <= 1, f"more than one draft of Cyrano's for a message: {own}"

    def _check_mail(self, mail: Incoming, row: DraftRow | None, drafts: list[bytes]) -> None:
        own = [raw for raw in drafts if cyrano_id(raw) and not marks_in(raw) and answered_by(raw) == mail.message_id]
        if mail.message_id in self.life.edited - self.life.copied and any(
            answered_by(raw) == mail.message_id for raw in drafts
        ):
            assert row is not None
            assert row.state in {State.EDITED, State.WITHDRAWN}, f"its owner's, and {row.state}"
        if not mail.deserves(is_chosen=mail.is_chosen):
            assert row is None, f"{mail.message_id} deserves no answer, and is {row and row.state}"
            assert not own
        if mail.message_id in (self.life.deleted | self.life.named_in_sent) - self.life.copied:
            assert not own, f"the draft for {mail.message_id} should not be there any more, or again"
        elif self._is_due(mail):
            assert row is not None, f"{mail.message_id} was skipped"
            assert row.state not in OPEN
            if not self._is_superseded(mail):
                is_given_up = self.life.is_engine_failing and row.reason.startswith("Given up")
                assert row.state is State.APPENDED or is_given_up, f"{mail.message_id}: {row.state}, {row.reason}"
                assert len(own) == 1 - is_given_up, f"the draft for {mail.message_id} is missing"

    def _is_due(self, mail: Incoming) -> bool:
        """Tell whether a mail must have got its draft, whatever else went on."""
        is_selected = mail.is_chosen if self.trigger != "all" else mail.kind is Kind.LETTER
        thread = {mail.message_id, *mail.references}
        is_theirs = not thread.isdisjoint(self.life.meddled)
        return is_selected and mail.deserves(is_chosen=mail.is_chosen) and not mail.is_filed and not is_theirs

    def _is_superseded(self, mail: Incoming) -> bool:
        """Tell whether a letter that answers this one came: then its draft may stand for both."""
        return any(mail.message_id in other.references for other in self.life.mails.values())

    def _check_instructions(self, drafts: list[bytes]) -> None:
        for mark in self.life.instructions - self.life.handled:
            (raw,) = (raw for raw in drafts if mark in marks_in(raw))
            is_given_back = self.life.is_engine_failing and "ask her whether" in text_in(raw)
            assert SAID in text_in(raw) or is_given_back, f"the instruction {mark} was not carried out"

    def _check_archive(self) -> None:
        mails = [mail for mail in self.program.archive.mails(self.program.record.name) if not mail.is_received]
        assert {mail.email.message_id for mail in mails} == set(self.life.sent), "sent mail was skipped"
        unedited = {text_of(row.draft_id) for row in self._rows()}
        learned = [mail for mail in mails if mail.kept]
        assert not any(mail.email.text.strip() in unedited for mail in learned), "Cyrano learns from its own words"
        assert self.life.sent_as_is.isdisjoint(mail.email.message_id for mail in learned)
        missing = set(self.life.sent) - self.life.sent_as_is - {mail.email.message_id for mail in learned}
        assert not missing, f"what the owner wrote is not learned from: {missing}"

    def _rows(self) -> list[DraftRow]:
        return self.program.ledger.recent(self.program.record.name, 1_000_000)


def note_sent(life: Life, raw: bytes) -> None:
    """Remember that the owner sent this."""
    life.sent.append(id_of(raw))
    life.named_in_sent |= named_by(raw)
    text = text_in(raw)
    if SAID in text and not marks_in(text.encode()):
        life.sent_as_is.add(id_of(raw))
