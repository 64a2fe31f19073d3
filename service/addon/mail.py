"""The open mail, fetched from Google with the event's own tokens. It can read that one mail and do nothing else."""

import base64
import binascii
import json
import logging
from typing import Any
from urllib.parse import quote

import httpx2

from connectors.cleaning.mime import parse
from connectors.errors import AccountError, Unreachable
from connectors.gmail.errors import NOT_FOUND, read_refusal
from connectors.gmail.wire import ENDPOINT
from connectors.message import Email
from connectors.reason import Reason

for _chatty in ("httpx2", "httpcore2"):  # they log addresses, which hold ids
    logging.getLogger(_chatty).setLevel(logging.WARNING)

MESSAGE_TOKEN = "X-Goog-Gmail-Access-Token"  # noqa: S105  the name of a header
LARGEST_BYTES = 36 << 20
"""25 MB of mail, as Gmail allows, in the letters it is sent in."""
_OK = 200
_NO_CONSENT = frozenset({401, 403})
_AGAIN = "Try again; if it goes on, close the mail and open it again."


class ConsentMissing(AccountError):
    """The user has not consented to what reading the mail needs."""

    permanent = True


class MailReader:
    """Reads mail in the name of whoever sits before Gmail."""

    def __init__(self, *, endpoint: str = ENDPOINT, transport: httpx2.BaseTransport | None = None) -> None:
        self._endpoint = endpoint
        self._transport = transport

    def read(self, message_id: str, *, access_token: str, message_token: str, timeout_s: float) -> Email:
        """Fetch a mail and clean it.

        Args:
            message_id: As the event has it.
            access_token: The user's, from the event.
            message_token: The event's own for this mail.
            timeout_s: How long to wait for each step of Google's.

        Raises:
            ConsentMissing: the tokens do not open it.
            AccountError: it is not there, or cannot be had now.
            UnreadableMessage: there is no mail in what came.
        """
        where = f"{self._endpoint}/gmail/v1/users/me/messages/{quote(message_id, safe='')}"
        headers = {"authorization": f"Bearer {access_token}", MESSAGE_TOKEN: message_token}
        try:
            with (
                httpx2.Client(transport=self._transport, timeout=timeout_s, follow_redirects=False) as client,
                client.stream("GET", where, params={"format": "raw"}, headers=headers) as answer,
            ):
                body = _read(answer)
        except httpx2.HTTPError as error:
            raise Unreachable("Gmail does not hand over the mail.", hint=_AGAIN, reason=Reason.NO_GMAIL) from error
        _check(answer.status_code, body)
        return parse(_raw(body))


def _read(answer: httpx2.Response) -> bytes:
    body = bytearray()
    for block in answer.iter_bytes():
        body += block
        if len(body) > LARGEST_BYTES:
            hint = "Write the answer from an instruction alone."
            raise AccountError("This mail is too large.", hint=hint, reason=Reason.MAIL_TOO_LARGE)
    return bytes(body)


def _check(status: int, body: bytes) -> None:
    if status == _OK:
        return
    if status in _NO_CONSENT and not read_refusal(status, body).is_too_much:
        hint = "Give the add-on its consent again, or write from an instruction alone."
        said = "Gmail does not let the add-on read this mail."
        raise ConsentMissing(said, hint=hint, reason=Reason.NO_CONSENT)
    if status == NOT_FOUND:
        said = "This mail is not there any more."
        raise AccountError(said, hint="Open another one.", reason=Reason.MAIL_GONE)
    raise Unreachable(f"Gmail cannot answer now (status {status}).", hint=_AGAIN, reason=Reason.NO_GMAIL)


def _raw(body: bytes) -> bytes:
    try:
        found: Any = json.loads(body)["raw"]
        return base64.urlsafe_b64decode(found + "=" * (-len(found) % 4))
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise Unreachable("Gmail's answer was cut off.", hint=_AGAIN, reason=Reason.NO_GMAIL) from error
