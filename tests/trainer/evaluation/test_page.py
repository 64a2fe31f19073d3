"""The page of an evaluation: all that was found, and nothing of any mail."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from connectors.errors import StoreError
from connectors.evaluation import ADAPTER_RAG, BASE_RAG, PAGE, Evaluation
from connectors.gate_settings import GateSettings
from tests.trainer.evaluation.evaluations import canaries, evaluation
from tests.trainer.pages.pages import NASTY
from trainer.evaluation.gate import judge
from trainer.evaluation.page import TITLES, page_of, write_evaluation_page
from trainer.pages.drawing import draw


def html_of(found: Evaluation, folder: Path) -> str:
    """Write the page and return it."""
    path = write_evaluation_page(folder, found)
    assert path == folder / PAGE
    return path.read_text("utf-8")


def test_it_tells_verdict_checks_arms_authors_and_secrets(tmp_path: Path) -> None:
    """One file holds all of it, with a plot for each measure and one of each mail."""
    found = evaluation(planted=canaries())
    html = html_of(found, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [PAGE]
    headings = ["The gate", "Side by side", "Mail by mail", "Who writes like whom", "Planted secrets"]
    assert re.findall("<h2>(.*?)</h2>", html) == headings
    assert html.count("<svg") == len(found.measures) + 1
    assert html.count("✓\N{NO-BREAK SPACE}passed") == len(found.checks)
    assert "approved: nearer to the author" in html
    assert "ben@v1" in html
    assert "1.4 (0.9 to 1.9)" in html


def test_what_failed_is_marked(tmp_path: Path) -> None:
    """By a word and a sign, not by colour alone."""
    html = html_of(evaluation({"language": {ADAPTER_RAG: 0.0}}, has_incumbent=False), tmp_path)
    assert html.count("✗\N{NO-BREAK SPACE}failed") == 1
    assert "not approved: drafts are more rarely in the right language" in html
    assert "no adapter in service" in html


def test_every_check_has_a_title() -> None:
    """Whatever the gate asks for is said in words."""
    names = {check.name for check in evaluation({"authorship": {ADAPTER_RAG: 1, BASE_RAG: 1}}, has_incumbent=False,
                                                planted=canaries()).checks}  # fmt: skip
    assert names | {"incumbent"} == set(TITLES)


def test_with_nothing_measured_there_is_still_a_page(tmp_path: Path) -> None:
    """Too few mails to judge by: the page says so."""
    bare = evaluation()
    checks, _, reason = judge([], None, has_incumbent=True, judged=1, settings=GateSettings())
    nothing = bare.model_copy(
        update={"measures": (), "table": {}, "judged": ("aa",), "checks": checks, "reason": reason}
    )  # fmt: skip
    html = html_of(nothing, tmp_path)
    assert re.findall("<h2>(.*?)</h2>", html) == ["The gate"]
    assert "undecided: judged by 1 mail newer" in html


def test_names_are_no_markup(tmp_path: Path) -> None:
    """An account or a model may be called anything."""
    html = html_of(evaluation().model_copy(update={"account": NASTY, "base_model": NASTY, "adapter": NASTY}), tmp_path)
    assert "<script" not in html
    assert "<img" not in html


def test_intervals_stand_between_their_borders() -> None:
    """Each arm has its mark, and the plot says in words what it shows."""
    plots = page_of(evaluation()).sections[1].plots
    svg = draw(plots[0], is_alone=True)
    labels = [element.text for element in ET.fromstring(svg).iter() if element.text]  # noqa: S314  our own file
    assert {"base", "base+rag", "adapter", "adapter+rag", "incumbent", "incumbent+rag"} <= set(labels)
    assert 'aria-label="Loss, nats per byte' in svg


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path) -> None:
    """The error names the folder."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="could not be written"):
        write_evaluation_page(tmp_path / "file", evaluation())
