"""From a draft in which its owner left an instruction ("@cyrano decline, but kindly") to the full mail in its place.

Rules:
1. A draft is taken up once it has lain unchanged for a while: mail programs save while their user types.
2. Its row is in the ledger, with the owner's draft byte for byte, before anything else is done.
3. The full mail is appended and seen before the owner's draft is removed, and that only if it still says what the row
   was made for. Killed anywhere, at least one of the two is there, and whoever goes on ends with one.
4. A draft the owner changed meanwhile is theirs: it stays, and is a new instruction if it still is one. Of the old one
   a full mail that nobody touched is taken out again once the new one is there.
5. What could not be written is put back in the owner's words, below a line that says why. That is no instruction.
6. Only what the owner typed asks for anything. Recipients, subject and attachments are theirs; no text changes them. A
   link or an address that the model took over from the mail that is answered is left out (`service.drafting.withhold`).
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from threading import Event

from connectors.account import AccountRecord
from connectors.cleaning.mime import parse
from connectors.clock import now_utc
from connectors.composing.instructed import compose_failure, compose_instructed
from connectors.composing.instruction import Instruction, read_instruction
from connectors.composing.reply import draft_message_id
from connectors.errors import (
    AccountError,
    CyranoError,
    EngineDown,
    ModelMissing,
    StoreError,
    UnreadableMessage,
    UsageError,
)
from connectors.mailbox import DraftEntry, Mailbox, seal
from retrieval.prompt import Request
from service.draft_row import OPEN, DraftKind, DraftRow, State
from service.drafting.draft import DraftRequest
from service.ledger import Ledger
from service.watching.answer import VERIFY_S, Drafts, Writing
from service.watching.asked import (
    Asked,
    asked_id,
    find_asked,
    find_thread,
    is_note,
    key_of,
    note_id,
    note_mark,
    read_or_none,
    recipients_of,
)
from service.watching.own_drafts import OwnDrafts, find_own, says_same

logger = logging.getLogger(__name__)

MAX_DRAFTS = 100
"""Of more drafts the last are looked at."""
RECENT = 100
"""Among so many of the last drafts it is looked for those that were broken off."""
TYPED_ON = timedelta(hours=1)
"""How long a new mail to the same people, whose instruction goes on where another ends, counts as the same."""
GONE = "The draft with the instruction was changed, or is not there any more."
ASKED = "Its owner asked for it in a draft."


class Instructed:
    """Carries out the instructions of one account's drafts."""

    def __init__(
        self,
        record: AccountRecord,
        ledger: Ledger,
        drafter: Drafts,
        writing: Writing,
        *,
        settle_s: float,
        clock: Callable[[], datetime] = now_utc,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Join the parts.

        Args:
            record: Whose drafts they are.
            ledger: Remembers how far each is.
            drafter: Writes.
            writing: What drafts look like. The signature is the one in the owner's draft.
            settle_s: How long a draft lies unchanged before it is taken up.
            clock: The time.
            sleep: Waits for a server that is slow to show things.
        """
        self._record = record
        self._ledger = ledger
        self._drafter = drafter
        self._writing = writing
        self._settle = timedelta(seconds=settle_s)
        self._clock = clock
        self._sleep = sleep
        self._own = OwnDrafts(ledger)
        self._seen: dict[str, datetime | None] = {}

    @property
    def due_at(self) -> datetime | None:
        """When the next draft will have lain for long enough; None where none lies there."""
        return min((since + self._settle for since in self._seen.values() if since), default=None)

    def collect(self, mailbox: Mailbox, drafts: Sequence[DraftEntry]) -> None:
        """Enter instructions that lay unchanged for long enough into the ledger, and finish what was broken off.

        Args:
            mailbox: Where they lie.
            drafts: All that is in Drafts now.

        Raises:
            AccountError: the mailbox failed; nothing is lost.
            StoreError: the ledger failed, likewise.
        """
        now = self._clock()
        self._seen = {entry.ref: self._since(mailbox, entry, now) for entry in drafts[-MAX_DRAFTS:]}
        for entry in drafts[-MAX_DRAFTS:]:
            since = self._seen[entry.ref]
            if since is not None and now - since >= self._settle:
                self._want(mailbox, entry)
                self._seen[entry.ref] = None
        for row in self._ledger.recent(self._record.name, RECENT):
            if row.kind is DraftKind.INSTRUCTED and row.original is not None and row.state not in OPEN:
                self._finish(mailbox, row)

    def advance(self, row: DraftRow, mailbox: Mailbox, stop: Event) -> None:
        """Bring an instruction's draft from where it is to the Drafts folder, or the owner's words back.

        Raises:
            EngineDown: the model server is not ready; the row stays for another time.
            ModelMissing: likewise.
            AccountError: the mailbox failed, likewise.
            StoreError: the ledger failed, likewise.
        """
        try:
            self._bring(row, mailbox, stop)
        except (EngineDown, ModelMissing, AccountError, StoreError):
            raise
        except CyranoError as error:
            self._give_back(mailbox, row, f"{error} {error.hint}".strip())
        except Exception as error:  # noqa: BLE001  its owner waits for it, and is told
            logger.error("draft %s failed: %s", row.draft_id, type(error).__name__)  # noqa: TRY400  it may quote mail
            self._give_back(mailbox, row, f"Something unexpected failed ({type(error).__name__}).")

    # Taking up

    def _since(self, mailbox: Mailbox, entry: DraftEntry, now: datetime) -> datetime | None:
        """Return since when a draft lies there with an instruction; None where it has none, or was taken up."""
        if entry.ref in self._seen:
            since = self._seen[entry.ref]
            return min(since, now) if since else None  # clocks are set back
        raw = mailbox.fetch(entry.ref)
        return now if raw is not None and read_instruction(raw) else None

    def _want(self, mailbox: Mailbox, entry: DraftEntry) -> None:
        raw = mailbox.fetch(entry.ref)
        instruction = read_instruction(raw) if raw is not None else None
        if raw is None or instruction is None:
            return
        email, name = instruction.email, self._record.name
        answers = key_of(entry, raw)
        row = self._ledger.want(
            name,
            answers,
            draft_message_id(name, answers, self._record.owner),
            kind=DraftKind.INSTRUCTED,
            thread_id=email.thread_id if email.in_reply_to else "",
            replaces=self._replaced(mailbox, entry, instruction),
            instruction=instruction.words,
            original=raw,
            recipients=recipients_of(email),
        )
        logger.info("draft %s: %s, an instruction of %d characters", row.draft_id, row.state, len(instruction.words))

    def _replaced(self, mailbox: Mailbox, entry: DraftEntry, instruction: Instruction) -> str:
        """Return the draft of Cyrano's whose place the full mail takes: an earlier instruction's, or an answer's."""
        name, email = self._record.name, instruction.email
        rows = sorted([*self._ledger.followed(name), *self._ledger.pending(name)], key=lambda row: row.created_at)
        for row in reversed(rows):
            is_ours = row.kind is DraftKind.INSTRUCTED and row.state in {*OPEN, State.APPENDED}
            if is_ours and self._is_earlier(mailbox, row, entry, instruction):
                return row.draft_id
        answer = self._ledger.answering(name, email.in_reply_to) if email.in_reply_to else None
        if answer is None or answer.state not in {*OPEN, State.APPENDED}:
            return ""
        if answer.state in {State.WRITTEN, State.APPENDED}:  # one that is written may lie there already
            return answer.draft_id
        self._ledger.withdraw(answer.draft_id, ASKED)
        return ""

    def _is_earlier(self, mailbox: Mailbox, row: DraftRow, entry: DraftEntry, instruction: Instruction) -> bool:
        """Whether an instruction was an earlier state of a draft, or answers the same mail and holds no other files.

        Thunderbird gives a draft another Message-ID with every save: a new mail whose owner typed on is known by that.
        """
        if entry.message_id and entry.message_id == asked_id(row):
            return True
        email = instruction.email
        raws = [mailbox.fetch(own.ref) for own in find_own(row, mailbox.drafts())] or [row.original]
        before = [each for each in (read_or_none(raw) for raw in raws if raw) if each]
        if not before or any(set(each.attachments) - set(email.attachments) for each in before):
            return False
        if email.in_reply_to:
            return before[-1].in_reply_to == email.in_reply_to
        is_same = (before[-1].in_reply_to, before[-1].subject, row.recipients) == (
            "",
            email.subject,
            recipients_of(email),
        )
        is_recent = timedelta() <= self._clock() - row.created_at < TYPED_ON
        return is_same and is_recent and instruction.words.startswith(row.instruction)

    # Writing

    def _bring(self, row: DraftRow, mailbox: Mailbox, stop: Event) -> None:
        drafts = mailbox.drafts()
        asked = find_asked(mailbox, row, drafts)
        if row.state is State.WRITTEN and (own := find_own(row, drafts)):
            self._keep(mailbox, row, own[0], self._compose(row, asked.raw if asked else row.original or b""))
        elif any(is_note(self._record, row, entry) for entry in drafts):
            self._close(mailbox, row, asked, row.reason or GONE)
        elif asked is None:
            self._close(mailbox, row, None, GONE)
        elif row.state is State.WRITTEN:
            self._append(mailbox, row, asked)
        else:
            self._write(row, asked, mailbox, stop)
            if (written := self._get(row)).state is State.WRITTEN:
                self._bring(written, mailbox, stop)  # while it was written the owner went on: all is looked at again

    def _write(self, row: DraftRow, asked: Asked, mailbox: Mailbox, stop: Event) -> None:
        instruction = read_instruction(asked.raw)
        assert instruction, "it was found by its digest"
        email = instruction.email
        thread = find_thread(mailbox, instruction)
        if not row.instruction and not thread:
            raise UsageError("There is no instruction.", hint="Say after @cyrano what to write.")
        request = Request(
            account=self._record.name,
            owner=self._record.owner,
            instruction=row.instruction,
            subject=email.subject,
            recipients=(*email.to, *email.cc, *email.bcc),
            thread=thread,
        )
        exclude = frozenset({email.in_reply_to} if email.in_reply_to else ())
        written = DraftRequest(request=request, draft_id=row.draft_id, exclude=exclude)
        with closing(self._drafter.draft(written)) as events:  # type: ignore[type-var]  # drafts are generators
            for _ in events:
                if stop.is_set():
                    raise EngineDown("Cyrano is stopping.")

    # Putting it in the place of the owner's draft

    def _compose(self, row: DraftRow, original: bytes) -> bytes:
        return compose_instructed(
            original,
            row.text,
            message_id=row.message_id,
            draft_id=row.draft_id,
            date=row.changed_at.astimezone(self._writing.zone),  # of the row: a second try makes the same bytes
            is_flowed=self._writing.settings.flowed,
        )

    def _append(self, mailbox: Mailbox, row: DraftRow, asked: Asked) -> None:
        raw = self._compose(row, asked.raw)
        mailbox.append_draft(raw, answers=parse(asked.raw).in_reply_to)
        logger.info("draft %s: appended, %d bytes", row.draft_id, len(raw))
        entry = self._look_for(mailbox, lambda entry: bool(find_own(row, [entry])))
        if entry is None:
            logger.warning("draft %s: appended, but the mailbox does not show it", row.draft_id)
            self._ledger.set_appended(row.draft_id, seal=seal(raw))
        else:
            self._keep(mailbox, row, entry, raw)

    def _keep(self, mailbox: Mailbox, row: DraftRow, entry: DraftEntry, raw: bytes) -> None:
        """Note where the full mail lies, and whether somebody changed it already; then the owner's draft may go."""
        there = mailbox.fetch(entry.ref)
        self._ledger.set_appended(row.draft_id, ref=entry.ref, seal=seal(there or raw))
        if there is not None and not says_same(there, raw):
            self._ledger.set_edited(row.draft_id, ref=entry.ref)
        self._finish(mailbox, self._get(row))

    def _finish(self, mailbox: Mailbox, row: DraftRow) -> None:
        """Take out the owner's draft, once what takes its place is seen there; and what that replaces."""
        drafts = mailbox.drafts()
        is_given_back = row.state is State.WITHDRAWN
        seen = (
            [entry for entry in drafts if is_note(self._record, row, entry)] if is_given_back else find_own(row, drafts)
        )
        if not seen:
            return
        asked = find_asked(mailbox, row, drafts)
        if asked is not None:
            mailbox.remove_draft(asked.ref)
        self._ledger.drop_original(row.draft_id)
        if not is_given_back:
            self._own.retire(mailbox, row, ASKED)

    # Giving it back

    def _give_back(self, mailbox: Mailbox, row: DraftRow, why: str) -> None:
        """Put the owner's words in the place of their instruction, and say why it was not carried out."""
        state = self._get(row).state
        if state not in OPEN:  # the full mail lies there: what failed is done in the next pass
            return
        if state is not State.FAILED:
            self._ledger.fail(row.draft_id, why)
        asked = find_asked(mailbox, row, mailbox.drafts())
        if asked is None:
            self._close(mailbox, row, None, GONE)
            return
        try:
            raw = compose_failure(
                asked.raw,
                why,
                message_id=note_id(self._record, row),
                draft_id=note_mark(row),
                date=row.created_at.astimezone(self._writing.zone),
                is_flowed=self._writing.settings.flowed,
            )
        except UnreadableMessage:
            self._close(mailbox, row, None, why)
            return
        mailbox.append_draft(raw, answers=parse(asked.raw).in_reply_to)
        is_there = self._look_for(mailbox, lambda entry: is_note(self._record, row, entry)) is not None
        if is_there:
            self._close(mailbox, row, asked, why)
        else:  # it may show later: then the owner's draft goes
            self._ledger.withdraw(row.draft_id, why)

    def _close(self, mailbox: Mailbox, row: DraftRow, asked: Asked | None, reason: str) -> None:
        """Give an instruction up; `asked` is the owner's draft where it has been put back elsewhere."""
        if asked is not None:
            mailbox.remove_draft(asked.ref)
        self._ledger.withdraw(row.draft_id, reason)
        self._ledger.drop_original(row.draft_id)
        logger.info("draft %s: given up", row.draft_id)

    # Finding

    def _get(self, row: DraftRow) -> DraftRow:
        found = self._ledger.get(row.draft_id)
        if found is None:
            raise StoreError(f"Draft {row.draft_id} is not in the ledger any more.", hint="It may have been forgotten.")
        return found

    def _look_for(self, mailbox: Mailbox, is_it: Callable[[DraftEntry], bool]) -> DraftEntry | None:
        """Look for a draft that was just appended. The server said it took it: if not, its search is to blame."""
        for wait_s in VERIFY_S:
            self._sleep(wait_s)
            if found := next(filter(is_it, mailbox.drafts()), None):
                return found
        return None
