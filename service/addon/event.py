"""What Google says with a request: the event, read at the edge. What is not used here is not read."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from service.problems import InvalidBody, NotJson

MOST_RECIPIENTS = 50
_ADDRESS = re.compile(r"[^<>\s@,\"]+@[^<>\s@,\"]+")
_ID = re.compile(r"[\w:.-]{1,128}")


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Strings(_Part):
    value: tuple[str, ...] = ()


class _Input(_Part):
    stringInputs: _Strings = _Strings()  # noqa: N815  Google's names, here and below


class _Common(_Part):
    userLocale: str = ""  # noqa: N815
    formInputs: dict[str, _Input] = {}  # noqa: N815
    parameters: dict[str, str] = {}


class _Authorization(_Part):
    systemIdToken: str = ""  # noqa: N815
    userIdToken: str = ""  # noqa: N815
    userOAuthToken: str = ""  # noqa: N815
    authorizedScopes: tuple[str, ...] | None = None  # noqa: N815


class _Gmail(_Part):
    messageId: str = ""  # noqa: N815
    accessToken: str = ""  # noqa: N815
    toRecipients: tuple[str, ...] = ()  # noqa: N815
    ccRecipients: tuple[str, ...] = ()  # noqa: N815
    bccRecipients: tuple[str, ...] = ()  # noqa: N815


class _Event(_Part):
    commonEventObject: _Common = _Common()  # noqa: N815
    authorizationEventObject: _Authorization = _Authorization()  # noqa: N815
    gmail: _Gmail = _Gmail()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A request of Google's. Tokens are as they came: nothing here is verified."""

    locale: str
    """What Gmail speaks: "de", "en-GB", or ""."""
    inputs: Mapping[str, str]
    """What stands in the card's boxes; of several values the first."""
    parameters: Mapping[str, str]
    """What the pressed button carries."""
    system_token: str
    user_token: str
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


def read_event(raw: bytes) -> Event:
    """Read the body of a request.

    Raises:
        NotJson: it is not JSON.
        InvalidBody: it is, but no event.
    """
    try:
        found = _Event.model_validate(json.loads(raw))
    except ValidationError:
        raise InvalidBody("This is no event of an add-on.", hint="Google alone asks here.") from None
    except (ValueError, RecursionError):
        raise NotJson("The body is not JSON.", hint="Google alone asks here.") from None
    common, authorization, gmail = found.commonEventObject, found.authorizationEventObject, found.gmail
    scopes = authorization.authorizedScopes
    return Event(
        locale=common.userLocale,
        inputs={name: given.stringInputs.value[0] for name, given in common.formInputs.items() if _is_given(given)},
        parameters=common.parameters,
        system_token=authorization.systemIdToken,
        user_token=authorization.userIdToken,
        access_token=authorization.userOAuthToken,
        scopes=None if scopes is None else frozenset(scopes),
        message_id=plain_id(gmail.messageId),
        message_token=gmail.accessToken,
        recipients=addresses((*gmail.toRecipients, *gmail.ccRecipients, *gmail.bccRecipients)),
    )


def plain_id(value: str) -> str:
    """Return an id that can stand in an address; "" for anything else."""
    return value if _ID.fullmatch(value) else ""


def addresses(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the bare mail addresses in some texts, each once."""
    found = (match[0].lower() for value in values for match in _ADDRESS.finditer(value))
    return tuple(dict.fromkeys(found))[:MOST_RECIPIENTS]


def _is_given(given: _Input) -> bool:
    return bool(given.stringInputs.value)
