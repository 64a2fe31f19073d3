"""The check of promises fails where it should: a test that could not fail would promise nothing."""

from tests.trainer.recipes.promises import missing, unseen

NUMBERS = {
    "training": {"seconds": 12.3456, "peak_bytes": 3 * 2**20, "note": "fast", "share": 0.0123},
    "losses": [1.0, 2.0],
    "none": [],
    "cells": [
        {"status": "ok", "memory": {"peak": 7.5}},
        {"status": "out of memory"},
        {"status": "failed"},
        {"status": "ok", "memory": {"peak": float("nan")}},
    ],
}


def test_numbers_that_are_there_are_not_missing() -> None:
    """Plain names and those of every item are found."""
    assert missing(NUMBERS, ("training.seconds", "losses.*")) == []


def test_what_is_not_there_is_missing() -> None:
    """A name nobody wrote, a text, an empty list, and a cell that failed; out of memory is an answer."""
    assert missing(NUMBERS, ("training.second", "nothing.at.all", "training.note", "none.*")) == [
        "training.second", "nothing", "training.note", "none.*",
    ]  # fmt: skip
    assert missing(NUMBERS, ("cells.*.memory.peak",)) == ["cells.2.memory", "cells.3.memory.peak"]


def test_what_a_page_shows_is_seen_in_its_unit() -> None:
    """Rounded, in percent or in MiB; what stands only in a style or a picture is not seen."""
    names = ("training.seconds", "training.peak_bytes", "training.share", "losses.*")
    page = "<style>p{width:2px}</style><p>12.35 s</p><td>3</td><td>1.23</td><b>1</b><svg><text>2</text></svg>"
    assert unseen(NUMBERS, names, page) == ["losses.1"]
    assert unseen(NUMBERS, names, page + "<td>2.0</td>") == []
