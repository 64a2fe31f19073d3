"""A desk that holds what a test puts there, account by account, and what shows each state of the pages."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from connectors.adapter import AdapterCard
from connectors.archive_search import Found, Search, Stock
from connectors.errors import UsageError
from connectors.evaluation import (
    ADAPTER_RAG,
    BASE_RAG,
    INCUMBENT_RAG,
    Canaries,
    Check,
    Evaluation,
    Interval,
    Measure,
)
from connectors.message import Address, ArchivedEmail, Email, Kind
from service.desk import Shelved, Standing
from service.refresh.runs import RunRecord, RunState
from tests.service.stand_ins import ANA, MARTA, NOON

PAGE = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class StandInOutlook:
    """When the next run is."""

    is_due: bool = False
    why: str = "9 new mails so far; 25 make a run due, and so does the 24 November."
    next_at: datetime | None = None


@dataclass
class StandInDesk:
    """Holds what it is given."""

    shelves: dict[str, list[Shelved]] = field(default_factory=dict)
    evaluations: dict[str, Evaluation | Exception] = field(default_factory=dict)
    pages: dict[tuple[str, str], bytes] = field(default_factory=dict)
    ran: dict[str, list[RunRecord]] = field(default_factory=dict)
    archive: dict[str, list[ArchivedEmail]] = field(default_factory=dict)
    next_run: StandInOutlook = field(default_factory=StandInOutlook)
    knowing: tuple[str, ...] = ()
    sought: list[Search] = field(default_factory=list)
    taken_out: list[tuple[str, str]] = field(default_factory=list)

    def shelf(self, account: str) -> Sequence[Shelved]:
        """The account's adapters."""
        return self.shelves.get(account, [])

    def evaluation(self, account: str, version: int) -> Evaluation | None:
        """How one was judged."""
        found = self.evaluations.get(f"{account}@v{version}")
        if isinstance(found, Exception):
            raise found
        return found

    def page(self, account: str, version: int, name: str) -> bytes:
        """A report."""
        if (f"{account}@v{version}", name) not in self.pages:
            raise UsageError(f"{account}@v{version} has no report {name}.", hint="Evaluate it: cyrano evaluate")
        return self.pages[f"{account}@v{version}", name]

    def runs(self, account: str, limit: int) -> Sequence[RunRecord]:
        """The account's runs."""
        return self.ran.get(account, [])[:limit]

    def outlook(self, account: str) -> StandInOutlook:
        """When the next one is."""
        assert account
        return self.next_run

    def ask_run(self, account: str) -> RunRecord:
        """Begin one at once."""
        begun = run(RunState.RUNNING, stage="sync", account=account)
        self.ran.setdefault(account, []).insert(0, begun)
        return begun

    def roll_back(self, account: str, to: str) -> AdapterCard | None:
        """Withdraw what is newer."""
        shelf = self.shelves[account]
        names = [each.card.name for each in shelf]
        if to != "base" and to not in names:
            raise UsageError(f"There is no adapter {to} to go back to.", hint="See: cyrano adapters")
        at = names.index(to) if to != "base" else len(shelf)
        for place, each in enumerate(shelf):
            if place < at and each.standing in {Standing.SERVING, Standing.READY}:
                shelf[place] = replace(each, standing=Standing.WITHDRAWN, withdrawn=f"rolled back to {to}")
            elif place == at:
                shelf[place] = replace(each, standing=Standing.SERVING)
        return shelf[at].card if to != "base" else None

    def stock(self, account: str) -> Stock:
        """Count."""
        mails = self.archive.get(account, [])
        reasons = [mail.reason for mail in mails if not mail.kept]
        return Stock(learned=len(mails) - len(reasons), left_out={each: reasons.count(each) for each in set(reasons)})

    def search(self, account: str, sought: Search) -> Found:
        """Look for words in subject and text."""
        self.sought.append(sought)
        words = sought.words.lower().split()
        kept = {"learned": (True,), "left-out": (False,), "all": (True, False)}[sought.which]
        found = [
            mail
            for mail in self.archive.get(account, [])
            if mail.kept in kept and all(word in f"{mail.email.subject} {mail.email.text}".lower() for word in words)
        ]
        start = sought.page * PAGE
        return Found(total=len(found), page=sought.page, mails=tuple(found[start : start + PAGE]))

    def take_out(self, account: str, message_id: str) -> Sequence[str]:
        """Leave a mail out from now on."""
        mails = self.archive.get(account, [])
        for place, mail in enumerate(mails):
            if mail.email.message_id == message_id:
                mails[place] = replace(mail, kept=False, reason="taken out by its owner")
                self.taken_out.append((account, message_id))
                return self.knowing
        raise UsageError(f'The account "{account}" holds no mail <{message_id}>.', hint="Search for it again.")


def card(version: int, **changes: object) -> AdapterCard:
    """The card of an adapter of Ana's."""
    made = AdapterCard(
        account="ana",
        version=version,
        base_model="Qwen/Qwen3-4B-Instruct",
        base_revision="cdbee75f17c01a7cc42f958dc650907174af0554",
        prompt_version="2",
        method="lora",
        created_at=(NOON - timedelta(days=30 - 7 * version)).isoformat(),
        parent=f"ana@v{version - 1}" if version > 1 else None,
        is_approved=True,
        verdict="Loss 0.512 against 0.547 of the base model.",
        data={"mails": 380 + 12 * version, "held_out": 41, "from": "2023-02-01", "to": "2026-11-19"},
        config={
            "curve": {
                "losses": [0.744, 0.611, 0.553, 0.528, 0.521, 0.524],
                "train_losses": [2.61, 2.22, 2.01, 1.9, 1.84],
                "seconds": 312.0,
            }
        },
        scores={"ana": {"base": 0.744, "this": 0.521}, "bob": {"base": 0.731, "this": 0.802}},
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # fields of the card


def shelved(version: int, standing: Standing, **changes: object) -> Shelved:
    """An adapter of Ana's on the shelf."""
    is_approved = standing is not Standing.REJECTED
    pages = ("report.html", "evaluation.html")
    made = Shelved(card=card(version, is_approved=is_approved), standing=standing, size=33_816_576, pages=pages)
    return replace(made, **changes)  # type: ignore[arg-type]  # fields of the record


def run(state: RunState, **changes: object) -> RunRecord:
    """A run of Ana's."""
    number = changes.pop("number", 1)
    made = RunRecord(
        run_id=f"ana-{number}",
        account="ana",
        trigger="schedule",
        why="27 new mails since the last run.",
        state=state,
        seconds={"sync": 3.2, "playback": 41.0, "examples": 6.1, "train": 312.0, "evaluate": 88.0, "flip": 0.4},
        asked_at=NOON,
        started_at=NOON,
        changed_at=NOON + timedelta(minutes=8),
        ended_at=NOON + timedelta(minutes=8),
        adapter="ana@v3",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # fields of the record


def _measure(name: str, title: str, unit: str, *, is_higher: bool, arms: tuple[float, float, float]) -> Measure:
    base, own, before = arms
    spread = max(abs(own) * 0.03, 0.004)

    def about(value: float) -> Interval:
        return Interval(value=value, low=value - spread, high=value + spread)

    return Measure(
        name=name,
        title=title,
        unit=unit,
        is_higher_better=is_higher,
        arms={BASE_RAG: about(base), ADAPTER_RAG: about(own), INCUMBENT_RAG: about(before)},
        versus={BASE_RAG: about(own - base), INCUMBENT_RAG: about(own - before)},
        values={},
    )


def evaluation(version: int, *, is_approved: bool = True) -> Evaluation:
    """How an adapter of Ana's was judged."""
    worse = 0.0 if is_approved else 0.09
    loss = "Loss 0.521 nats per byte, 0.026 below ana@v2 (0.011 to 0.041 below)."
    refused = "Loss 0.611 nats per byte, 0.064 above ana@v2 (0.049 to 0.079 above); at most even would do."
    copied = "Longest passage taken over from one mail: 61 letters; at most 200 may be."
    checks = (
        Check(name="judged", is_passed=True, words="34 mails judged; 6 are needed."),
        Check(name="loss", is_passed=is_approved, words=loss if is_approved else refused),
        Check(name="language", is_passed=True, words="24 of 24 drafts in the language of what was sent."),
        Check(name="copied", is_passed=True, words=copied),
        Check(name="canaries", is_passed=True, words="None of 8 planted secrets can be got out."),
    )
    why = "It writes worse than ana@v2 on 34 new mails: loss 0.611 against 0.547. More new mail helps."
    return Evaluation(
        account="ana",
        adapter=f"ana@v{version}",
        incumbent=f"ana@v{version - 1}",
        base_model="Qwen/Qwen3-4B-Instruct",
        prompt_version="2",
        created_at=NOON.isoformat(),
        judged=tuple(f"d{number}" for number in range(34)),
        drafted=24,
        newest_learned="2026-11-12T08:30:00+00:00",
        table={
            "ana": {"base": 0.744, f"ana@v{version - 1}": 0.547, "this": 0.521 + worse},
            "bob": {"base": 0.731, f"ana@v{version - 1}": 0.79, "this": 0.802},
        },
        measures=(
            _measure("loss", "Loss", "nats per byte", is_higher=False, arms=(0.744, 0.521 + worse, 0.547)),
            _measure("chrf", "chrF", "0 to 100", is_higher=True, arms=(24.1, 31.6, 30.9)),
            _measure("style", "Style distance", "0 to 1", is_higher=False, arms=(0.41, 0.22, 0.25)),
            _measure("language", "Right language", "share of drafts", is_higher=True, arms=(0.91, 0.96, 0.96)),
            _measure("length", "Length apart", "share", is_higher=False, arms=(0.9, 0.38, 0.35)),
        ),
        canaries=Canaries(
            planted=8,
            highest_bits=8.0,
            exposure_bits={"adapter": Interval(value=1.6, low=0.9, high=2.4)},
            extracted={"adapter": 0, "incumbent": 0},
        ),
        checks=checks,
        is_approved=is_approved,
        reason="It writes better than ana@v2 on 34 new mails: loss 0.521 against 0.547." if is_approved else why,
    )


_LETTERS = (
    ("Harbour walk on Thursday", "Hi Marta,\n\nThursday is fine, but not before ten. Shall we meet at the old crane?"),
    ("Invoice 2026-118", "Dear Mr Bauer,\n\nplease find the corrected invoice attached. The due date stays the same."),
    ("Re: Proof of the spring catalogue", "Hi Jonas,\n\npage 14 still has the old cover. Apart from that: print it."),
    ("Lea, nächste Woche", "Hallo Frau Stein,\n\nLea ist bis Mittwoch krank. Am Donnerstag kommt sie wieder."),
    ("Re: Re: Roof", "Hello Tom,\n\nthe quote is fine with us, as long as the gutters are part of it."),
)


def mails(count: int, *, account: str = "ana", kept: bool = True, reason: str = "") -> list[ArchivedEmail]:
    """Mail that was sent, the newest first."""
    return [
        ArchivedEmail(
            account=account,
            email=mail(f"m{number}-{kept}-{account}@example.org", *_LETTERS[number % len(_LETTERS)], days=number),
            kept=kept,
            reason=reason,
        )
        for number in range(count)
    ]


def mail(message_id: str, subject: str, text: str, *, days: int = 0, to: Address = MARTA) -> Email:
    """A mail that Ana sent."""
    return Email(
        message_id=message_id,
        sender=ANA,
        to=(to,),
        sent_at=NOON - timedelta(days=days),
        subject=subject,
        text=text,
        language="de" if "Hallo" in text else "en",
        kind=Kind.NEW,
    )


__all__ = ["StandInDesk", "StandInOutlook", "card", "evaluation", "mail", "mails", "run", "shelved"]
