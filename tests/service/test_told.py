"""What the service says to clients: every code has words in every language of both, or is known to reach none."""

import ast
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug import exceptions as http

from connectors import errors
from connectors.reason import Reason
from service import problems
from service.addon.sentences import OTHERS
from service.addon.words import LANGUAGES
from service.notices import NoticeKind
from service.openapi import describe
from service.problems import problem, types

ROOT = Path(__file__).parents[2]
CODE = [path for floor in ("connectors", "retrieval", "service") for path in sorted((ROOT / floor).rglob("*.py"))]

OWN_LINE = frozenset(
    {
        "not-allowed",
        "wrong-account",
        "wrong-origin",
        "wrong-scope",
        "pairing-refused",
        "too-many-drafts",
        "too-fast",
    }
)
"""Of these the extension says all that is to be said in a line of its own: `words/*/troubles.json`."""
FOR_THE_ADDON = {Reason.MAIL_TOO_LARGE, Reason.MAIL_GONE, Reason.NO_CONSENT, Reason.NO_GMAIL}
FOR_THE_EXTENSION = {Reason.NOTHING_ASKED, Reason.UNKNOWN_DRAFT}
"""Of a body of `POST /draft`: the add-on sends none."""
NO_CARD = frozenset(
    {
        "not-json",
        "not-allowed",
        "wrong-account",
        "wrong-host",
        "wrong-origin",
        "wrong-scope",
        "pairing-refused",
        "no-such-draft",
        "invalid-body",
        "bad-request",
        "not-found",
        "method-not-allowed",
        "request-entity-too-large",
        "unsupported-media-type",
        "internal-server-error",
    }
)
"""These are answered before anybody is let in, or at addresses the add-on does not ask."""
IN_ITS_WORDS = {"internal"}
"""What nobody foresaw the cards say in `words.py`."""


def extension_words(language: str) -> dict[str, str]:
    """The extension's words for what the service says."""
    path = ROOT / "extension" / "words" / language / "told.json"
    return {key: said["message"] for key, said in json.loads(path.read_text(encoding="utf-8")).items()}


def key(group: str, code: str) -> str:
    """The name of a code's words in the extension."""
    return f"told_{group}_{code.replace('-', '_')}"


def wanted() -> set[str]:
    """All that the extension must be able to say."""
    problems_ = {key("problem", kind) for kind in types().keys() - OWN_LINE}
    reasons = {key("reason", reason) for reason in set(Reason) - FOR_THE_ADDON}
    return problems_ | reasons | {key("notice", kind) for kind in NoticeKind}


@pytest.mark.parametrize("language", [path.name for path in sorted((ROOT / "extension" / "words").iterdir())])
def test_extension_has_words_for_every_code(language: str) -> None:
    """None is missing, and none stands there that the service never sends."""
    assert extension_words(language).keys() == wanted()


def test_extension_names_what_the_service_names() -> None:
    """In every language the same codes name something, and the extension has room for one name."""
    named = [
        {key for key, said in extension_words(path.name).items() if "$1" in said}
        for path in (ROOT / "extension" / "words").iterdir()
    ]
    assert all(each == named[0] for each in named)
    assert {key("notice", kind) for kind in NoticeKind} <= named[0]
    assert not [said for said in extension_words("de").values() if "$2" in said]


@pytest.mark.parametrize("language", sorted(LANGUAGES.keys() - {"en"}))
def test_cards_have_words_for_every_code(language: str) -> None:
    """In every language but the service's own."""
    reasons = {f"reason {reason}" for reason in set(Reason) - FOR_THE_EXTENSION}
    kinds = {f"problem {kind}" for kind in types().keys() - NO_CARD - IN_ITS_WORDS}
    assert OTHERS[language].keys() == reasons | kinds | {f"notice {kind}" for kind in NoticeKind}


def test_every_language_of_the_cards_is_thought_of() -> None:
    """A language more needs its sentences too."""
    assert OTHERS.keys() == LANGUAGES.keys() - {"en"}


def test_every_error_is_told_as_a_type_that_is_listed() -> None:
    """Whatever class of ours is raised, and whatever the web framework's routes raise."""
    ours = [kind for module in (errors, problems) for _, kind in inspect.getmembers(module, inspect.isclass)]
    raised = [kind("x") for kind in ours if issubclass(kind, errors.CyranoError)]
    assert {problem(error).kind for error in raised} <= types().keys()
    assert {problem(error()).kind for error in framework_errors()} <= types().keys()
    assert problem(ValueError("x")).kind in types()


def test_every_code_is_used() -> None:
    """A reason or a notice that nobody gives any more has no place in the interface."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in CODE)
    assert not [reason.name for reason in Reason if not re.search(rf"\bReason\.{reason.name}\b", code)]
    assert not [kind.name for kind in NoticeKind if not re.search(rf"\bNoticeKind\.{kind.name}\b", code)]


def test_codes_are_described_for_programs() -> None:
    """`/openapi.json` tells what each means."""
    said = json.dumps(describe(), ensure_ascii=False)
    for code in (*Reason, *NoticeKind, *types()):
        assert f'\\"{code}\\": ' in said


def test_a_problem_tells_its_reason_and_what_it_is_about() -> None:
    """Beside the sentences, which stay as they are; an error without one tells none."""
    error = errors.EngineDown("It makes way.", hint="Ask again.", reason=Reason.MAKES_WAY, about="ana@v3")
    said = problem(error).as_json()
    assert (said["detail"], said["hint"]) == ("It makes way.", "Ask again.")
    assert (said["reason"], said["about"]) == ("makes-way", "ana@v3")
    assert not {"reason", "about"} & problem(errors.EngineDown("It rests.")).as_json().keys()


def framework_errors() -> Iterator[type[http.HTTPException]]:
    """What our code raises of the web framework's own."""
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
                found = getattr(http, node.exc.func.id, None)
                if isinstance(found, type) and issubclass(found, http.HTTPException):
                    yield found
