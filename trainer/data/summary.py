"""What was chosen, what was left out and why, in lines for a terminal and as a page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.instruction import Instruction
from trainer.data.source import SentMail
from trainer.data.split import Split
from trainer.pages.page import Page, Plot, Section, Table

FEW = 128
"""Mails below which a model learns them by heart rather than their voice."""
SHOWN = 4
"""Mails that the page shows whole."""
MOST_MONTHS = 30
"""Over more than these, mails are counted by year."""
_SIDES = {
    "learned": "to learn from",
    "validation": "to choose the best epoch by",
    "held_out": "held out",
    "waiting": "to wait",
}
_EXPLAINED = "Each line of mails.jsonl holds one mail and all that its example is made of. Change a text or an "
_EXPLAINED += "instruction, or delete a line: what stands there is what is learned. A thread's earlier messages stand "
_EXPLAINED += "in the lines of those that answer them, too. The folder holds mail: delete it when you are done."


def describe_data(counts: Mapping[str, Any]) -> list[str]:
    """Return what a run tells of its data, as lines."""
    when = f"{counts['oldest'][:10]} to {counts['newest'][:10]}"
    sides = ", ".join(f"{counts[side]} {words}" for side, words in _SIDES.items() if side in counts)
    lines = [f"{counts['mails']} mails, {when}: {sides}"]
    if counts.get("left_out"):
        lines.append(f"not learned from: {listed(counts['left_out'])}")
    if "instructions" in counts:
        lines.append(f"instructions: {listed(counts['instructions'])}; answers refused: {listed(counts['faults'])}")
    if counts.get("extracts"):
        lines.append(
            f"an extract in place of an instruction, for the last answer's fault: {listed(counts['extracts'])}"
        )
    if "with_sources" in counts:
        dropped = listed(counts["dropped"])
        lines.append(f"examples with retrieved mail: {counts['with_sources']}; mails left out: {dropped}")
        lines.append(f"drafts that were changed before they were sent: {counts['pairs']}")
    if counts["mails"] < FEW:
        lines.append(
            f"Warning: these are fewer than {FEW} mails: a model learns them by heart rather than their voice."
        )
    return lines


def listed(numbers: Mapping[str, int]) -> str:
    """Return numbers with their names, the most first."""
    return ", ".join(f"{number} {name}" for name, number in _most_first(numbers)) or "none"


def data_page(
    account: str,
    counts: Mapping[str, Any],
    mails: Sequence[SentMail],
    parts: Split,
    instructions: Mapping[str, Instruction],
    *,
    facts: Sequence[tuple[str, str]] = (),
) -> Page:
    """Return the report on a run's data."""
    sections = [
        Section("The mails", (*describe_data(counts), _EXPLAINED), plots=(_over_time(parts),)),
        Section("What was left out, and why", tables=(_left_out(counts),)),
        Section("Languages and kinds", tables=(_kinds(mails, instructions),)),
        Section("Instructions", _instruction_text(counts), tables=tuple(_instruction_tables(counts))),
        Section("A few of them", samples=tuple(_samples(mails, instructions))),
    ]
    return Page(f"Mail of {account} to learn from", tuple(facts), tuple(sections))


def _most_first(numbers: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(numbers.items(), key=lambda each: (-each[1], each[0]))


def _over_time(parts: Split) -> Plot:
    sides = {
        "learned from": parts.learned,
        "chooses": parts.validation,
        "held out": parts.held_out,
        "waits": parts.waiting,
    }
    mails = [mail for side in sides.values() for mail in side]
    is_long = len({_month(mail) for mail in mails}) > MOST_MONTHS
    when, name = (_year, "year") if is_long else (_month, "month")
    counts = {side: Counter(map(when, some)) for side, some in sides.items() if some}
    every = sorted({each for count in counts.values() for each in count})
    first, *others = counts
    series = {first: [(each, counts[first][each]) for each in every]}
    series |= {side: sorted(counts[side].items()) for side in others}
    return Plot(f"Mails by {name}", "bars", f"{name} sent", "mails", series)


def _month(mail: SentMail) -> str:
    return f"{mail.email.sent_at:%Y-%m}" if mail.email.sent_at else "no date"


def _year(mail: SentMail) -> str:
    return f"{mail.email.sent_at:%Y}" if mail.email.sent_at else "no date"


def _left_out(counts: Mapping[str, Any]) -> Table:
    rows = [
        (name, reason, number)
        for key, name in (("left_out", "not learned from"), ("dropped", "gave no example"))
        for reason, number in _most_first(counts.get(key, {}))
    ]
    note = "" if rows else "Nothing was left out."
    return Table("Mails left out", ("what became of them", "why", "mails"), tuple(rows), note)


def _kinds(mails: Sequence[SentMail], instructions: Mapping[str, Instruction]) -> Table:
    kinds = Counter((mail.email.language, mail.email.kind.value) for mail in mails)
    threads = Counter((mail.email.language, mail.email.kind.value) for mail in mails if mail.thread)
    known = Counter(
        (mail.email.language, mail.email.kind.value) for mail in mails if mail.email.message_id in instructions
    )
    rows = tuple((*key, number, threads[key], known[key]) for key, number in kinds.most_common())
    return Table("By language", ("language", "kind", "mails", "with their thread", "with an instruction"), rows)


def _instruction_text(counts: Mapping[str, Any]) -> tuple[str, ...]:
    if "instructions" in counts:
        return ()
    return ("None were asked for. The run that trains asks for those that are missing, if it has an engine.",)


def _instruction_tables(counts: Mapping[str, Any]) -> list[Table]:
    named = (
        ("instructions", "Where they came from", "source", "mails"),
        ("faults", "What was wrong with answers that were not taken", "fault", "answers"),
        ("extracts", "Mails for which no answer would do, by the fault of the last one", "fault", "mails"),
    )
    return [
        Table(title, (name, unit), tuple(_most_first(counts[key])))
        for key, title, name, unit in named
        if counts.get(key)
    ]


def _samples(mails: Sequence[SentMail], instructions: Mapping[str, Instruction]) -> list[tuple[str, str]]:
    samples = []
    for mail in mails[-SHOWN:]:
        instruction = instructions.get(mail.email.message_id)
        asked = f"{instruction.text} ({instruction.source})" if instruction else "no instruction yet"
        samples += [(f"Instruction for {mail.email.subject!r}", asked), ("The mail", mail.email.text)]
    return samples
