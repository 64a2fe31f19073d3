"""`cyrano sync`, `export`, `exclude`, `reindex` and `instructions`."""

import json
import os
from pathlib import Path

import pytest

from service.lock import hold_home
from tests.service.commands.calling import MAILS, Cyrano, Said
from trainer.tiny import make_tiny_model


def test_sync_reports_and_does_nothing_twice(cyrano: Cyrano, synced: Said) -> None:
    """The second sync finds nothing new."""
    assert f"{MAILS + 1} new mails, {MAILS} of them learned from" in synced.out
    assert "0 new mails" in cyrano("sync").out


def test_without_accounts_sync_says_how_to_add_one(cyrano: Cyrano) -> None:
    """A newcomer is told the next step."""
    said = cyrano("sync")
    assert said.code == 2
    assert "account add" in said.err


@pytest.mark.usefixtures("ana")
def test_a_file_that_went_away_is_said(cyrano: Cyrano, mbox: Path) -> None:
    """The account and the file are named, and the exit code is not 0."""
    mbox.unlink()
    said = cyrano("sync")
    assert said.code == 1
    assert said.err.splitlines()[-2].startswith("ana: ")
    assert str(mbox) in said.err


@pytest.mark.usefixtures("synced")
def test_export_shows_what_is_learned_from_and_all_else_with_its_reason(cyrano: Cyrano) -> None:
    """One JSON object a line."""
    learned = [json.loads(line) for line in cyrano("export").lines]
    everything = [json.loads(line) for line in cyrano("export", "--all").lines]
    assert [mail["message_id"] for mail in learned] == [f"m{number}@example.org" for number in range(MAILS)]
    assert learned[0].keys() >= {"sent_at", "to", "subject", "text", "quoted", "signature", "language", "kind"}
    assert [mail["reason"] for mail in everything if not mail["kept"]] == ["another sender"]


@pytest.mark.process
@pytest.mark.usefixtures("synced")
def test_export_shows_examples_as_the_model_reads_them(
    cyrano: Cyrano, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trainer makes them, and what it made of mail stays nowhere else; a mail that was taken out is gone."""
    monkeypatch.setenv("CYRANO_ENGINE__MODEL", str(make_tiny_model(tmp_path / "tiny")))
    monkeypatch.setenv("CYRANO_TRAIN__MIN_MAILS", str(MAILS))
    monkeypatch.setenv("CYRANO_TRAIN__RETRIEVAL_PROBABILITY", "0")
    examples = [json.loads(line) for line in cyrano("export", "--examples").lines]
    assert {each["message_id"] for each in examples} == {f"m{number}@example.org" for number in range(MAILS)}
    assert {each["part"] for each in examples} == {"learned", "validation", "held out"}
    assert "this is mail number 0" in examples[0]["reply"]
    assert examples[0]["instruction"] == "extract"
    assert list((home / "runs").iterdir()) == []

    cyrano("exclude", "m0@example.org")
    too_few = cyrano("export", "--examples")
    assert (too_few.code, f"{MAILS - 1} mails to learn from" in too_few.err) == (1, True)


@pytest.mark.usefixtures("synced")
def test_what_is_excluded_stays_so(cyrano: Cyrano) -> None:
    """Neither another sync nor a new index brings it back."""
    assert cyrano("exclude", "<m1@example.org>").code == 0
    cyrano("sync")
    assert cyrano("reindex").code == 0
    assert "m1@example.org" not in cyrano("export").out
    assert cyrano("exclude", "nobody@example.org").code == 2


@pytest.mark.usefixtures("synced")
def test_instructions_are_brought_in(cyrano: Cyrano, tmp_path: Path) -> None:
    """Blank lines do no harm, nor what only looks like the end of a line; it is told how many have a mail."""
    rows = [{"message_id": f"<m{number}@example.org>", "instruction": "Write\u2028Ben."} for number in (0, 99)]
    file = tmp_path / "given.jsonl"
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n\n", encoding="utf-8")
    assert cyrano("instructions", file).out == "2 instructions for ana; it holds 1 of the mails they are for.\n"


@pytest.mark.usefixtures("ana")
@pytest.mark.parametrize("line", ["{", "[]", '{"message_id": "a@b"}', '{"message_id": "a@b", "instruction": 5}'])
def test_a_broken_line_of_instructions_is_named(cyrano: Cyrano, tmp_path: Path, line: str) -> None:
    """By its number; nothing is stored."""
    file = tmp_path / "given.jsonl"
    file.write_text('{"message_id": "a@b", "instruction": "Write to Ben."}\n' + line)
    said = cyrano("instructions", file)
    assert said.code == 2
    assert "line 2" in said.err


@pytest.mark.usefixtures("ana")
@pytest.mark.parametrize("command", [("sync",), ("reindex",), ("account", "remove", "ana", "--yes")])
def test_a_second_process_is_told_so(cyrano: Cyrano, home: Path, command: tuple[str, ...]) -> None:
    """Who holds the embedded stores, and what to do."""
    with hold_home(home):
        said = cyrano(*command)
    assert said.code == 1
    assert f"process {os.getpid()}" in said.err
    assert "Stop it first" in said.err
