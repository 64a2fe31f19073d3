"""Errors on the wire."""

import inspect
import logging

import pytest
from werkzeug.exceptions import MethodNotAllowed, NotFound

from connectors import errors
from service import problems
from service.problems import problem

ALL = [
    kind
    for module in (errors, problems)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, errors.CyranoError)
]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_has_a_form(kind: type[errors.CyranoError]) -> None:
    """Whatever error is added, it goes out with a status, its words and its hint."""
    said = problem(kind("It broke.", hint="Mend it.")).as_json()
    assert 400 <= said["status"] <= 599
    assert said["type"].startswith("urn:cyrano:")
    assert (said["detail"], said["hint"]) == ("It broke.", "Mend it.")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.EngineDown("x"), 503),
        (errors.EngineError("x"), 502),
        (errors.PromptTooLong("x"), 422),
        (errors.StoreBusy("x"), 503),
        (errors.TooFewMails("x"), 500),
        (errors.ConfigError("x"), 500),
        (errors.UsageError("x"), 400),
        (problems.NotAllowed("x"), 401),
        (NotFound(), 404),
        (ValueError("x"), 500),
    ],
)
def test_status_tells_whose_fault_it_is(error: Exception, status: int) -> None:
    """4xx is for who asked, 5xx for who answers, 503 for what passes."""
    assert problem(error).status == status


def test_engine_down_says_when_to_ask_again() -> None:
    """A client can wait as long as it is told."""
    said = problem(errors.EngineDown("x", retry_after_s=17))
    assert said.headers["Retry-After"] == "17"
    assert said.as_json()["retry_after_s"] == 17


def test_method_not_allowed_says_what_is() -> None:
    """The header Allow is kept."""
    assert problem(MethodNotAllowed(valid_methods=["POST"])).headers == {"Allow": "POST"}


def fail(words: str) -> None:
    """Raise an error that is not ours."""
    raise ValueError(words)


def test_foreign_error_keeps_its_words_to_itself(caplog: pytest.LogCaptureFixture) -> None:
    """What a foreign exception says may quote mail: it reaches neither the client nor the log, the place does."""
    with caplog.at_level(logging.DEBUG):
        try:
            fail("Dear Marta")
        except ValueError as error:
            said = problem(error).as_json()
    assert "Marta" not in str(said)
    assert "test_problems.py" in caplog.text
    assert "Marta" not in caplog.text.replace('fail("Dear Marta")', "")  # the line of code itself
