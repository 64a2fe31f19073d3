"""What may be asked: the body of `POST /draft`, read strictly, and what is said about one that is wrong."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Self, TypeVar

from flask import request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from werkzeug.exceptions import UnsupportedMediaType

from connectors.account import AccountRecord
from connectors.message import Address, ThreadMessage
from connectors.reason import Reason
from retrieval.prompt import LANGUAGE_NAMES, LENGTH_NAMES, TONE_NAMES, Request
from service.problems import InvalidBody, NotJson, RequestError

Model = TypeVar("Model", bound=BaseModel)

_ADDRESS = re.compile(r"(?:\"?(?P<name>[^\"<>]*?)\"?\s*<(?P<inner>[^<>\s@]+@[^<>\s@]+)>|(?P<bare>[^<>\s@]+@[^<>\s@]+))")


def _text(value: str) -> str:
    return value.replace("\0", "").replace("\r\n", "\n").strip()


def _line(value: str) -> str:
    return " ".join(_text(value).split())


def _mailbox(value: str) -> str:
    if not _ADDRESS.fullmatch(line := _line(value)):
        raise ValueError("this is no mail address; write bob@example.org or Bob <bob@example.org>")
    return line


def _language(value: str) -> str:
    if value not in LANGUAGE_NAMES:
        raise ValueError(f"this language is not known; known are {', '.join(LANGUAGE_NAMES)}")
    return value


def _tone(value: str) -> str:
    return _one_of(TONE_NAMES, value)


def _length(value: str) -> str:
    return _one_of(LENGTH_NAMES, value)


def _one_of(names: Iterable[str], value: str) -> str:
    if value and value not in names:
        raise ValueError(f"this is none of {', '.join(names)}")
    return value


Text = Annotated[str, AfterValidator(_text)]
Line = Annotated[str, AfterValidator(_line)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]
Language = Annotated[str, AfterValidator(_language)]
Tone = Annotated[str, AfterValidator(_tone)]
Length = Annotated[str, AfterValidator(_length)]


class Body(BaseModel):
    """What is sent: no key that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ThreadItem(Body):
    """One message of the conversation."""

    sender: Line = Field(default="", alias="from", description='Who wrote it: "Bob <bob@example.org>", or a name.')
    text: Text = Field(description="What they wrote, without quoted mail.")
    sent_at: datetime | None = Field(default=None, description="When, ISO 8601.")


class DraftBody(Body):
    """What to draft. An instruction, a thread, or both; or a draft, and how to change it."""

    account: str | None = Field(default=None, description="The token's account; may be left out.")
    instruction: Text = Field(
        default="", description="What to say, in your own words; with a draft so far, how to change it."
    )
    subject: Line = Field(default="", description="The subject, where there is one.")
    to: tuple[Mailbox, ...] = Field(
        default=(), description='Recipients, as "Bob <bob@example.org>" or the bare address.'
    )
    thread: tuple[ThreadItem, ...] = Field(default=(), description="The conversation, oldest first.")
    language: Language | None = Field(default=None, description="ISO 639-1; else that of the thread or instruction.")
    tone: Tone | None = Field(default=None, description=f"How it sounds: {', '.join(TONE_NAMES)}.")
    length: Length | None = Field(default=None, description=f"How long it is: {', '.join(LENGTH_NAMES)}.")
    draft_so_far: Text = Field(default="", description="A draft that is to be changed as the instruction says.")
    refines: Line = Field(default="", description="The draft_id of the draft so far, where it has one.")
    stream: bool = Field(default=False, description="Answer with server-sent events.")

    @model_validator(mode="after")
    def _has_something_to_go_by(self) -> Self:
        if self.refines and not self.draft_so_far:
            raise ValueError("give the draft so far with the draft_id it refines")
        if self.draft_so_far and not self.instruction:
            raise ValueError("say in the instruction how to change the draft so far")
        if not self.instruction and not any(message.text for message in self.thread):
            raise PydanticCustomError(Reason.NOTHING_ASKED.value, "give an instruction, or a thread to answer")
        return self

    def to_request(self, record: AccountRecord) -> Request:
        """Return the request for an account's owner."""
        recipients = tuple(map(_address, self.to))
        return Request(
            account=record.name,
            owner=record.owner,
            instruction=self.instruction,
            subject=self.subject,
            recipients=recipients,
            thread=tuple(_message(item, recipients) for item in self.thread if item.text),
            language=self.language or "und",
            tone=self.tone or "",
            length=self.length or "",
            revised=self.draft_so_far,
        )


def sent_json() -> bytes:
    """Return the body of the request at hand.

    Raises:
        UnsupportedMediaType: it does not say that it is JSON, as what a page's form sends cannot.
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("The body must be JSON.")
    return request.get_data(cache=False)


def read_body(raw: bytes) -> DraftBody:
    """Read the body of `POST /draft`.

    Raises:
        NotJson: it is not JSON.
        InvalidBody: it is, but not what is asked for.
    """
    return read_as(DraftBody, raw)


def read_as(model: type[Model], raw: bytes) -> Model:
    """Read a body as one of its models.

    Raises:
        NotJson: it is not JSON.
        InvalidBody: it is, but not what is asked for.
    """
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise _explain(error) from None  # the cause quotes what was sent


def _address(value: str) -> Address:
    match = _ADDRESS.fullmatch(value)
    if match is None:
        return Address(addr="", name=value)
    return Address(addr=(match["inner"] or match["bare"]).lower(), name=match["name"] or "")


def _message(item: ThreadItem, recipients: tuple[Address, ...]) -> ThreadMessage:
    """Return a message of the thread. Where its sender is not said, the answer's first recipient wrote it."""
    sender = _address(item.sender) if item.sender else next(iter(recipients), Address(addr=""))
    return ThreadMessage(sender=sender, text=item.text, sent_at=item.sent_at)


def _explain(error: ValidationError) -> RequestError:
    found = error.errors(include_input=False, include_url=False)
    if found[0]["type"] == "json_invalid":
        return NotJson("The body is not JSON.", hint="Send a JSON object; /openapi.json describes it.")
    faults = [{"where": _where(each["loc"]), "what": _what(each["type"], each["msg"])} for each in found]
    first = faults[0]
    detail = f"{first['where'] or 'The body'}: {first['what']}."
    reason = Reason.NOTHING_ASKED if found[0]["type"] == Reason.NOTHING_ASKED else None
    return InvalidBody(detail, hint="/openapi.json describes what can be sent.", faults=faults, reason=reason)


def _where(path: tuple[int | str, ...]) -> str:
    """Write ("thread", 0, "text") as thread[0].text."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _what(kind: str, message: str) -> str:
    words = {"extra_forbidden": "this key is not known", "missing": "this is needed"}
    return words.get(kind, message.removeprefix("Value error, ").rstrip("."))
