"""What is told of the data: numbers, reasons and a warning, in lines and on a page."""

from dataclasses import replace
from datetime import timedelta

from connectors.instruction import Instruction
from tests.trainer.mails import START, mails, sent
from trainer.data.split import split
from trainer.data.summary import data_page, describe_data

COUNTS = {
    "mails": 130, "learned": 117, "held_out": 13, "oldest": "2026-01-05T09:00", "newest": "2026-05-14T09:00",
    "left_out": {"a forward": 2, "fewer than 5 words": 30}, "instructions": {"model": 120, "extract": 10},
    "faults": {"copy": 12}, "extracts": {"copy": 10}, "dropped": {"too long": 3}, "with_sources": 60, "pairs": 7,
}  # fmt: skip


def test_the_lines_tell_what_was_left_out_and_why() -> None:
    """Mails that are not learned from, examples that did not fit, instructions that are extracts; the most first."""
    told = "\n".join(describe_data(COUNTS))
    assert "30 fewer than 5 words, 2 a forward" in told
    assert "3 too long" in told
    assert "120 model, 10 extract" in told
    assert "fault: 10 copy" in told
    assert "changed before they were sent: 7" in told
    assert "Warning" not in told


def test_too_few_mails_are_warned_of() -> None:
    """Below 128 a model learns them by heart."""
    assert "fewer than 128" in describe_data(COUNTS | {"mails": 127})[-1]


def test_mail_that_was_only_chosen_has_no_numbers_of_examples() -> None:
    """Nothing is said of what has not happened."""
    early = {key: COUNTS[key] for key in ("mails", "learned", "held_out", "oldest", "newest", "left_out")}
    told = "\n".join(describe_data(early))
    assert "instructions" not in told
    assert "retrieved" not in told


def test_the_page_shows_reasons_months_and_a_few_mails() -> None:
    """With their instructions beside them."""
    own = sent(mails(40))
    known = {each.email.message_id: Instruction(message_id="", text="Write it", source="model") for each in own[:38]}
    page = data_page("ana", COUNTS, own, split(own, 0.1, validation=0.05), known, facts=[("account", "ana")])
    tables = {table.title: table.rows for section in page.sections for table in section.tables}
    assert ("not learned from", "fewer than 5 words", 30) in tables["Mails left out"]
    assert ("gave no example", "too long", 3) in tables["Mails left out"]
    assert tables["By language"] == (("en", "new", 27, 0, 26), ("en", "reply", 13, 13, 12))
    (plot,) = page.sections[0].plots
    assert plot.series == {
        "learned from": [("2026-01", 27), ("2026-02", 3)], "chooses": [("2026-02", 4)], "held out": [("2026-02", 6)],
    }  # fmt: skip
    samples = page.sections[-1].samples
    assert samples[0][1] == "Write it (model)"
    assert samples[-2][1] == "no instruction yet"
    assert samples[-1][1] == own[-1].email.text


def test_years_of_mail_are_counted_by_year() -> None:
    """A bar for each of a hundred months would be no picture."""
    own = [
        replace(each.email, sent_at=START + timedelta(days=40 * number)) for number, each in enumerate(sent(mails(40)))
    ]
    page = data_page("ana", COUNTS, sent(own), split(sent(own), 0.1, validation=0.05), {})
    assert [name for name, _ in page.sections[0].plots[0].series["learned from"]] == [
        "2026",
        "2027",
        "2028",
        "2029",
        "2030",
    ]
