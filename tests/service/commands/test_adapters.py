"""`cyrano rollback`, and what `cyrano adapters` says of what became of them."""

from pathlib import Path

import pytest

from connectors.adapter import WEIGHTS, AdapterCard, publish, set_current
from retrieval.prompt import PROMPT_VERSION
from tests.service.commands.calling import Cyrano


@pytest.fixture
def three(ana: None, home: Path, tmp_path: Path) -> None:  # noqa: ARG001  the account must be there
    """Three approved adapters of Ana's; the third writes."""
    for number in (1, 2, 3):
        built = tmp_path / "built"
        built.mkdir()
        (built / WEIGHTS).write_bytes(b"weights %d" % number)
        card = AdapterCard(
            account="ana", base_model="", prompt_version=PROMPT_VERSION, method="lora", created_at="",
            is_approved=True, verdict="approved",
        )  # fmt: skip
        publish(home / "adapters", built, card)
    set_current(home / "adapters", "ana", 3)


@pytest.mark.usefixtures("three")
def test_a_rollback_says_who_is_to_write_and_when(cyrano: Cyrano) -> None:
    """Where nothing runs, it takes effect later; the list says what was withdrawn and why."""
    said = cyrano("rollback")
    assert said.lines == [
        "ana@v2 is to write for ana; what is newer is withdrawn.",
        "It takes effect when the service starts: cyrano up",
    ]
    listed = cyrano("adapters").lines
    assert listed[2].endswith("approved (withdrawn: rolled back to ana@v2)")
    assert "the base model is to write for ana" in cyrano("rollback", "--to", "base").out


@pytest.mark.usefixtures("three")
def test_what_cannot_be_gone_back_to_is_said(cyrano: Cyrano, home: Path) -> None:
    """With the names there are, or why one cannot serve; nothing changes."""
    said = cyrano("rollback", "--to", "ana@v7")
    assert said.code == 2
    assert "no adapter ana@v7" in said.err
    assert "cyrano adapters" in said.err
    (home / "adapters" / "ana" / "v1" / WEIGHTS).unlink()
    assert "no weights any more" in cyrano("rollback", "--to", "v1").err
    assert "withdrawn" not in cyrano("adapters").out


@pytest.mark.usefixtures("three")
def test_history_and_damage_are_listed(cyrano: Cyrano, home: Path) -> None:
    """Neither looks like an adapter that could serve."""
    (home / "adapters" / "ana" / "v1" / WEIGHTS).unlink()
    (home / "adapters" / "ana" / "v2" / "card.json").write_text("{")
    listed = cyrano("adapters").lines
    assert listed[0].endswith("approved (history: its weights were deleted)")
    assert listed[-1].startswith("  ana@v2  broken: ")


@pytest.mark.usefixtures("ana")
def test_adapters_are_listed_with_their_verdicts(cyrano: Cyrano, home: Path, tmp_path: Path) -> None:
    """A star marks the one in service."""
    assert "no adapter yet" in cyrano("adapters").out
    for is_approved in (True, False):
        built = tmp_path / "built"
        built.mkdir()
        (built / WEIGHTS).write_bytes(b"weights")
        card = AdapterCard(
            account="ana",
            base_model="tiny",
            prompt_version="1",
            method="lora",
            created_at="2026-11-21T12:00:00+00:00",
            is_approved=is_approved,
            verdict="approved: better" if is_approved else "not approved: worse",
            data={"mails": 200},
        )
        publish(home / "adapters", built, card)
    set_current(home / "adapters", "ana", 1)
    assert cyrano("adapters").lines == [
        "* ana@v1  2026-11-21T12:00  200 mails  approved: better",
        "  ana@v2  2026-11-21T12:00  200 mails  not approved: worse",
    ]
