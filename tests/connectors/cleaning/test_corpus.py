"""The cleaning corpus: what was typed comes out of nearly every mail to the letter, and is never mostly lost."""

from connectors.cleaning.mime import parse
from tests.connectors.cleaning.cases import FOLDER, load, lost
from tests.connectors.cleaning.corpus.make import MADE, cases

CASES = load()
CLEANED = {case.name: parse(case.raw).text for case in CASES}
MIN_EXACT = 0.99


def test_typed_text_is_exact() -> None:
    """At least 99 of 100 mails give exactly what their writers typed, and so do those that nobody looked at."""
    for cases_looked_at in (CASES, [case for case in CASES if case.is_held_back]):
        wrong = [case.name for case in cases_looked_at if CLEANED[case.name] != case.typed]
        assert len(wrong) <= (1 - MIN_EXACT) * len(cases_looked_at), wrong


def test_no_case_is_mostly_lost() -> None:
    """No mail loses over half of what was typed."""
    assert [case.name for case in CASES if lost(case.typed, CLEANED[case.name]) > 0.5] == []


def test_corpus_is_as_large_as_is_said() -> None:
    """Each name is used once, each mail has its text, and many are shaped by hand."""
    assert len({case.name for case in CASES}) == len(CASES) >= 500
    assert len(list(FOLDER.glob("hand/*.eml"))) >= 150
    assert {path.stem for path in FOLDER.glob("*/*.txt")} == {case.name for case in CASES}


def test_made_cases_are_what_the_generator_makes() -> None:
    """The files under `made/` were not mended by hand."""
    made = {case.name: case for case in cases()}
    assert {path.stem for path in MADE.glob("*.eml")} == set(made)
    for name, case in made.items():
        assert (MADE / f"{name}.eml").read_bytes() == case.raw, name
        assert (MADE / f"{name}.txt").read_text("utf-8") == f"{case.typed}\n", name
