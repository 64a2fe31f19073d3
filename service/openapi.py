"""The service described for programs, made from the same models that read and write the wire."""

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service import problems, sse
from service.access.wire import CodeAnswer, PairAnswer, PairBody
from service.body import DraftBody
from service.feedback_routes import FeedbackBody
from service.wire import (
    AccountsAnswer,
    DraftAnswer,
    DraftsAnswer,
    MetaItem,
    ProblemAnswer,
    ReadyAnswer,
    StatsAnswer,
    TokenItem,
)

_REFERENCE = "#/components/schemas/{model}"
_EVENTS = "The events `meta` (MetaItem), `token`… (TokenItem), then `done` (DraftAnswer) or `error` (ProblemAnswer)."

_ERRORS = {
    "400": "The body is not JSON.",
    "401": "There is no token, or none that is known.",
    "403": "The token is for another account, for other things, or for another page or extension.",
    "413": "The body is too long.",
    "415": "The body does not say that it is JSON.",
    "421": "The Host header names another service.",
    "422": "The body is not what is asked for; `faults` says where.",
    "429": "Too many drafts at once, or within a minute; `Retry-After` says when to ask again.",
    "502": "The model server answered with an error.",
    "503": "The model server is not ready; `Retry-After` says when to ask again.",
}


ANSWERS = (
    AccountsAnswer,
    CodeAnswer,
    DraftAnswer,
    DraftsAnswer,
    MetaItem,
    PairAnswer,
    ProblemAnswer,
    ReadyAnswer,
    StatsAnswer,
    TokenItem,
)


@cache
def describe() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cyrano",
            "version": version("cyrano-mail"),
            "description": "Writes the mail you would have written. It drafts; it never sends.",
        },
        "paths": _paths(),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas([DraftBody, FeedbackBody, PairBody], ANSWERS),
        },
    }


def _paths() -> dict[str, Any]:
    draft = _operation("Write a draft.", DraftAnswer, errors=_ERRORS)
    draft["requestBody"] = {"required": True, "content": _json(DraftBody)}
    draft["responses"]["200"]["content"][sse.MEDIA_TYPE] = {"schema": {"type": "string", "description": _EVENTS}}
    drafts = _operation("The account's last drafts.", DraftsAnswer, errors=_pick("401"))
    drafts["parameters"] = [
        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}}
    ]
    ready = _operation("Whether a draft can be written now.", ReadyAnswer, is_open=True)
    ready["responses"]["503"] = _answer("Some part is not ready.", ReadyAnswer)
    alive: dict[str, Any] = {
        "summary": "Whether the process is alive.",
        "responses": {"200": {"description": "It is."}},
        "security": [],
    }
    return {
        "/draft": {"post": draft},
        "/drafts": {"get": drafts},
        "/drafts/{draft_id}/feedback": {"post": _feedback()},
        "/stats": {"get": _operation("What became of the drafts, by week.", StatsAnswer, errors=_pick("401"))},
        "/accounts": {"get": _operation("What the token may draft for.", AccountsAnswer, errors=_pick("401"))},
        "/pair": {"post": _pair(), "delete": _unpair()},
        "/pairing": {
            "post": _operation("Make a code that lets a browser in.", CodeAnswer, errors=_pick("401", "403")),
        },
        "/readyz": {"get": ready},
        "/healthz": {"get": alive},
    }


def _operation(
    summary: str, model: type[BaseModel], *, errors: dict[str, str] | None = None, is_open: bool = False
) -> dict[str, Any]:
    responses = {"200": _answer(summary, model)}
    for status, meaning in (errors or {}).items():
        content = {problems.MEDIA_TYPE: {"schema": _reference(ProblemAnswer)}}
        responses[status] = {"description": meaning, "content": content}
    return {"summary": summary, "responses": responses, "security": [] if is_open else [{"token": []}]}


def _feedback() -> dict[str, Any]:
    errors = _pick("401", "403", "422") | {"404": "The account has no such draft."}
    said = _operation("Say what was done with a draft.", ProblemAnswer, errors=errors)
    said["requestBody"] = {"required": True, "content": _json(FeedbackBody)}
    said["parameters"] = [{"name": "draft_id", "in": "path", "required": True, "schema": {"type": "string"}}]
    said["responses"] = {"204": {"description": "It is noted."}} | {
        status: answer for status, answer in said["responses"].items() if status != "200"
    }
    return said


def _pair() -> dict[str, Any]:
    errors = _pick("400", "415", "422") | {
        "403": "The code is wrong, used or too old, or the Origin is no browser extension's.",
        "429": "Too many tries; `Retry-After` says when to ask again.",
    }
    paired = _operation("Use a code: a token for each account that it opens.", PairAnswer, errors=errors)
    paired["requestBody"] = {"required": True, "content": _json(PairBody)}
    return paired | {"security": []}


def _unpair() -> dict[str, Any]:
    """Describe how a browser gives its token back."""
    unpaired = _operation("Revoke the token that is shown.", ProblemAnswer, errors=_pick("401", "403"))
    del unpaired["responses"]["200"]
    unpaired["responses"]["204"] = {"description": "It is good no more."}
    return unpaired


def _answer(description: str, model: type[BaseModel]) -> dict[str, Any]:
    return {"description": description, "content": _json(model)}


def _json(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": _reference(model)}}


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(model=model.__name__)}


def _pick(*statuses: str) -> dict[str, str]:
    return {status: _ERRORS[status] for status in statuses}


def _schemas(bodies: Sequence[type[BaseModel]], answers: Sequence[type[BaseModel]]) -> dict[str, Any]:
    read = [(model, "validation") for model in bodies]
    written = [(model, "serialization") for model in answers]
    _, document = models_json_schema([*read, *written], ref_template=_REFERENCE)  # type: ignore[list-item]  # literals
    schemas: dict[str, Any] = document["$defs"]
    return schemas
