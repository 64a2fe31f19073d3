"""What Google says with a request: the event, read at the edge. What is not used here is not read.

The rules this module keeps:
1. Of a request the tokens are read at once, and nothing else before they were found good: whoever has none of Google's
   has nothing else looked at.
2. Reading takes no longer than in proportion to the length.
3. What is no text (half a letter of two halves) is shown as such, and refuses nobody the rest.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from service.problems import InvalidBody, NotJson

Model = TypeVar("Model", bound=BaseModel)

MOST_RECIPIENTS = 50
LONGEST_ADDRESS = 320
"""Of the standard's: 64 letters, the sign, and 255."""
_LETTER = r"[^<>\s@,\"]"
# From where no letter stands before, and without going back: a long row of letters is walked through once.
_ADDRESS = re.compile(rf"(?<!{_LETTER}){_LETTER}++@{_LETTER}++")
_ID = re.compile(r"[\w:.-]{1,128}")


def _mended(value: object) -> object:
    """Put the sign for what cannot be read in the place of halves of letters."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_Str = Annotated[str, BeforeValidator(_mended)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Strings(_Part):
    value: tuple[_Str, ...] = ()


class _Input(_Part):
    stringInputs: _Strings = _Strings()  # noqa: N815  Google's names, here and below


class _Common(_Part):
    userLocale: _Str = ""  # noqa: N815
    formInputs: dict[_Str, _Input] = {}  # noqa: N815
    parameters: dict[_Str, _Str] = {}


class _Proof(_Part):
    systemIdToken: _Str = ""  # noqa: N815
    userIdToken: _Str = ""  # noqa: N815


class _Proven(_Part):
    authorizationEventObject: _Proof = _Proof()  # noqa: N815


class _Consent(_Part):
    userOAuthToken: _Str = ""  # noqa: N815
    authorizedScopes: tuple[_Str, ...] | None = None  # noqa: N815


class _Gmail(_Part):
    messageId: _Str = ""  # noqa: N815
    accessToken: _Str = ""  # noqa: N815
    toRecipients: tuple[_Str, ...] = ()  # noqa: N815
    ccRecipients: tuple[_Str, ...] = ()  # noqa: N815
    bccRecipients: tuple[_Str, ...] = ()  # noqa: N815


class _Event(_Part):
    commonEventObject: _Common = _Common()  # noqa: N815
    authorizationEventObject: _Consent = _Consent()  # noqa: N815
    gmail: _Gmail = _Gmail()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What Google says of the card, the mail and the user. Its tokens are as they came."""

    locale: str
    """What Gmail speaks: "de", "en-GB", or ""."""
    inputs: Mapping[str, str]
    """What stands in the card's boxes; of several values the first."""
    parameters: Mapping[str, str]
    """What the pressed button carries."""
    access_token: str
    """For Google's interfaces, in the user's name."""
    scopes: frozenset[str] | None
    """What the user consented to; None where Google does not say."""
    message_id: str
    """Of the open mail; "" where there is none, or it does not look like one."""
    message_token: str
    """Opens that one mail, together with `access_token`."""
    recipients: tuple[str, ...]
    """Of the draft in the compose window."""

    def asked(self) -> bytes:
        """Return what is asked for, in the same bytes however it was written; not in which language, by what right."""
        asked = (dict(self.inputs), dict(self.parameters), self.message_id, self.recipients)
        return json.dumps(asked, sort_keys=True).encode()


class Letter:
    """The body of a request. Its tokens are there at once; the event is for whoever found them good."""

    def __init__(self, raw: bytes) -> None:
        """Read the tokens.

        Raises:
            NotJson: it is not JSON.
            InvalidBody: it is, but no event.
        """
        self._whole = _parsed(raw)
        proof = _valid(_Proven, self._whole).authorizationEventObject
        self.system_token = proof.systemIdToken
        self.user_token = proof.userIdToken

    @cached_property
    def event(self) -> Event:
        """The rest.

        Raises:
            InvalidBody: it is no event.
        """
        return _read(_valid(_Event, self._whole))


def _parsed(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise NotJson("The body is not JSON.", hint="Google alone asks here.") from None


def _valid(model: type[Model], given: object) -> Model:
    try:
        return model.model_validate(given)
    except ValidationError:
        raise InvalidBody("This is no event of an add-on.", hint="Google alone asks here.") from None


def _read(found: _Event) -> Event:
    common, consent, gmail = found.commonEventObject, found.authorizationEventObject, found.gmail
    scopes = consent.authorizedScopes
    return Event(
        locale=common.userLocale,
        inputs={name: given.stringInputs.value[0] for name, given in common.formInputs.items() if _is_given(given)},
        parameters=common.parameters,
        access_token=consent.userOAuthToken,
        scopes=None if scopes is None else frozenset(scopes),
        message_id=plain_id(gmail.messageId),
        message_token=gmail.accessToken,
        recipients=addresses((*gmail.toRecipients, *gmail.ccRecipients, *gmail.bccRecipients)),
    )


def plain_id(value: str) -> str:
    """Return an id that can stand in an address; "" for anything else."""
    return value if _ID.fullmatch(value) else ""


def addresses(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the bare mail addresses in some texts, each once; one too long to be any is none."""
    return tuple(islice(dict.fromkeys(_addresses(values)), MOST_RECIPIENTS))


def _addresses(values: tuple[str, ...]) -> Iterator[str]:
    for value in values:
        yield from (match[0].lower() for match in _ADDRESS.finditer(value) if len(match[0]) <= LONGEST_ADDRESS)


def _is_given(given: _Input) -> bool:
    return bool(given.stringInputs.value)
