"""An evaluation for people: what the gate found, all arms side by side, mail by mail. No mail stands in it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from connectors.evaluation import (
    ADAPTER_RAG,
    BASE_RAG,
    INCUMBENT_RAG,
    PAGE,
    Canaries,
    Check,
    Evaluation,
    Interval,
    Measure,
)
from trainer.files import disk_errors, write_whole
from trainer.pages.numbers import format_number
from trainer.pages.records import Cell, Page, Plot, Section, Table
from trainer.pages.web import as_html

TITLES: Mapping[str, str] = {
    "judged": "enough new mail",
    "learned": "nearer to the author than the base model",
    "incumbent": "not farther than the adapter in service",
    "language": "the right language",
    "authorship": "looks like the author's own",
    "length": "the right length",
    "style": "greeting, sign-off, habits",
    "chrf": "shares as much with what was sent",
    "copied": "copies no mail it was not shown",
    "canaries": "keeps planted secrets",
}
"""What each check of the gate asks for."""
_BESIDE = (BASE_RAG, INCUMBENT_RAG)


def write_evaluation_page(folder: Path, evaluation: Evaluation) -> Path:
    """Write the page beside an adapter, and return its path.

    Raises:
        StoreError: the disk is full or not writable.
    """
    html = as_html(page_of(evaluation))
    with disk_errors(f"The evaluation could not be written to {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / PAGE, lambda stream: stream.write(html.encode()))
    return folder / PAGE


def page_of(evaluation: Evaluation) -> Page:
    """Return what the page holds."""
    sections = [
        Section("The gate", tables=(_checks(evaluation.checks),)),
        *_side_by_side(evaluation),
        *_mail_by_mail(evaluation),
        *_authors(evaluation.table),
        *_canaries(evaluation.canaries),
    ]
    return Page(f"Evaluation of {evaluation.adapter}", tuple(_facts(evaluation)), tuple(sections))


def _facts(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    yield "verdict", evaluation.reason
    yield "made", evaluation.created_at
    yield "account", evaluation.account
    yield "beside", evaluation.incumbent or "no adapter in service"
    yield "base model", f"{evaluation.base_model}, prompt {evaluation.prompt_version}"
    newest = f", sent after {evaluation.newest_learned}" if evaluation.newest_learned else ""
    yield "judged by", f"{len(evaluation.judged)} mails{newest}; drafts of the newest {evaluation.drafted}"


def _checks(checks: tuple[Check, ...]) -> Table:
    rows = tuple(
        (
            TITLES.get(each.name, each.name),
            "✓\N{NO-BREAK SPACE}passed" if each.is_passed else "✗\N{NO-BREAK SPACE}failed",
            each.words,
        )
        for each in checks
    )
    return Table("What was asked for, and found", ("check", "", "found"), rows)


def _side_by_side(evaluation: Evaluation) -> Iterator[Section]:
    measures = evaluation.measures
    if not measures:
        return
    text = (
        "Each number is a mean over the mails that judged, with its 95 % bootstrap interval. With “rag” the prompt "
        "shows retrieved mail, as it does when Cyrano drafts."
    )
    plots = tuple(_arms(measure) for measure in measures)
    yield Section("Side by side", (text,), tables=(_table(measures), _differences(measures)), plots=plots)


def _table(measures: tuple[Measure, ...]) -> Table:
    arms = list(dict.fromkeys(arm for measure in measures for arm in measure.arms))
    rows: list[tuple[Cell, ...]] = [
        (_named(measure), *(_span(measure.arms.get(arm)) for arm in arms)) for measure in measures
    ]
    return Table("All arms", ("", *arms), tuple(rows), "↑ the higher the better, ↓ the lower")


def _differences(measures: tuple[Measure, ...]) -> Table:
    rivals = list(dict.fromkeys(rival for measure in measures for rival in measure.versus))
    rows: list[tuple[Cell, ...]] = [
        (_named(measure), *(_span(measure.versus.get(rival)) for rival in rivals)) for measure in measures
    ]
    columns = ("", *(f"than {rival}" for rival in rivals))
    note = "Of the same mails, so that an interval without 0 is a difference beyond chance."
    return Table(f"What {ADAPTER_RAG} has more", columns, tuple(rows), note)


def _arms(measure: Measure) -> Plot:
    return Plot(
        _named(measure),
        "intervals",
        "",
        measure.unit or measure.title,
        {"": [(arm, found.value) for arm, found in measure.arms.items()]},
        spans={"": [(found.low, found.high) for found in measure.arms.values()]},
    )


def _mail_by_mail(evaluation: Evaluation) -> Iterator[Section]:
    loss = next((measure for measure in evaluation.measures if measure.name == "loss"), None)
    own = loss.values.get(ADAPTER_RAG, ()) if loss else ()
    if loss is None or not own:
        return
    series = {
        f"than {rival}": [
            (number, mine - theirs)
            for number, (mine, theirs) in enumerate(zip(own, loss.values[rival], strict=True), start=1)
        ]
        for rival in _BESIDE
        if rival in loss.values
    }
    note = "Below 0 the new adapter is nearer to what was sent."
    plot = Plot(
        f"How much more loss {ADAPTER_RAG} has, mail by mail", "points", "mail, oldest first", loss.unit, series, note
    )
    yield Section("Mail by mail", plots=(plot,))


def _authors(table: Mapping[str, Mapping[str, float]]) -> Iterator[Section]:
    if not table:
        return
    writers = list(dict.fromkeys(writer for losses in table.values() for writer in losses))
    rows: list[tuple[Cell, ...]] = [
        (author, *(losses.get(writer) for writer in writers)) for author, losses in table.items()
    ]
    text = "Loss of held-out mail in nats per byte: the lower, the nearer to its author. The new adapter is “this”."
    yield Section("Who writes like whom", (text,), tables=(Table("Held-out loss", ("author", *writers), tuple(rows)),))


def _canaries(canaries: Canaries | None) -> Iterator[Section]:
    if canaries is None:
        return
    arms = list(dict.fromkeys([*canaries.exposure_bits, *canaries.extracted]))
    rows: list[tuple[Cell, ...]] = [
        (arm, _span(canaries.exposure_bits.get(arm)), canaries.extracted.get(arm)) for arm in arms
    ]
    text = (
        f"{canaries.planted} made-up secrets were put among what was learned. Exposure says how far before other such "
        f"secrets they come: {format_number(canaries.highest_bits)} bits before all of them, about 1.4 where nothing "
        "was learned by heart."
    )
    yield Section(
        "Planted secrets", (text,), tables=(Table("Arms", ("", "exposure, bits", "written out"), tuple(rows)),)
    )


def _named(measure: Measure) -> str:
    unit = f", {measure.unit}" if measure.unit else ""
    return f"{measure.title}{unit} {'↑' if measure.is_higher_better else '↓'}"


def _span(found: Interval | None) -> str:
    if found is None:
        return ""
    value, low, high = (format_number(float(f"{each:.3g}")) for each in (found.value, found.low, found.high))
    return f"{value} ({low} to {high})"
