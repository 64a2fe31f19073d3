"""Asking Google: tokens, quota, back-off and batches. It does not know what the answers mean.

Rules:
1. Only the methods in `METHODS` go out; none of them sends mail.
2. Only what reads is asked again by itself. A write whose answer was lost may have been done: its caller looks first.
3. Of a batch, only the parts that failed are asked again.
4. Nothing but the configured endpoint is spoken to: no redirect is followed.
"""

import json
import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
from googleapiclient.discovery import build
from googleapiclient.http import HttpRequest

from connectors.errors import AccountError, Unreachable
from connectors.gmail import batch as gmail_batch
from connectors.gmail.batch import Answer
from connectors.gmail.errors import NOT_FOUND, UNAUTHORISED, ServerFailed, read_refusal, translate
from connectors.gmail.quota import Quota
from connectors.oauth.tokens import TokenSource

logger = logging.getLogger(__name__)
for _chatty in ("httpx2", "httpcore2", "googleapiclient"):  # they log addresses, which hold Message-IDs
    logging.getLogger(_chatty).setLevel(logging.WARNING)

ENDPOINT = "https://gmail.googleapis.com"
READS = frozenset(
    f"gmail.users.{name}"
    for name in (
        "drafts.get",
        "drafts.list",
        "getProfile",
        "history.list",
        "labels.list",
        "messages.get",
        "messages.list",
        "threads.get",
    )
)
WRITES = frozenset(f"gmail.users.drafts.{name}" for name in ("create", "update", "delete"))
METHODS = READS | WRITES
"""All that this program ever asks of Google."""

Json = dict[str, Any]

_CONNECT_TIMEOUT_S, _READ_TIMEOUT_S = 20.0, 60.0
_REFUSED_TRIES, _LOST_TRIES, _UNAUTHORISED_TRIES = 6, 3, 2
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 32.0
_LONGEST_PATIENCE_S = 120.0
_OK, _NO_CONTENT, _NOT_OK = 200, 204, 300


class NotThere(AccountError):
    """What was asked for is gone, or too old to be told. It never leaves the Gmail modules."""


class GmailWire:
    """A connection to Google for one account and one thread."""

    def __init__(
        self,
        account: str,
        tokens: TokenSource,
        *,
        quota: Quota,
        endpoint: str = "",
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        dice: Callable[[], float] = random.random,
    ) -> None:
        """Join the parts; nothing is asked yet.

        Args:
            account: The account's name, for hints.
            tokens: Where access tokens come from.
            quota: What all connections of the account draw on.
            endpoint: Another server than Google's, as in tests.
            transport: Another way to it, as in tests.
            sleep: Waits before something is asked again.
            dice: Numbers from 0 to 1, so that many programs do not come back at once.
        """
        self.endpoint = (endpoint or ENDPOINT).rstrip("/")
        self.account = account
        self.served_at = 0
        """The server's own time of its last answer, in seconds since 1970."""
        self._tokens = tokens
        self._quota = quota
        self._sleep = sleep
        self._dice = dice
        self._transport = transport
        self._client: httpx2.Client | None = None
        options = {"api_endpoint": f"{self.endpoint}/"}
        service = build("gmail", "v1", http=_NoHttp(), static_discovery=True, client_options=options)
        self.users = service.users()
        """Builds requests from the discovery document that Google's library carries; none is carried out there."""

    def ask(self, request: HttpRequest, *, is_bulk: bool = False) -> Json:
        """Carry out one request and return what it answers.

        Raises:
            NotThere: the thing asked for is not there.
            AuthError: the consent is gone, or too narrow.
            Unreachable: Google cannot be reached, or refused for a while; a write may or may not have been done.
            ServerFailed: the same, where it may be that only this cannot be answered.
            AccountError: Google refused for good.
        """
        patience = _Patience(self._dice)
        while True:
            self._quota.spend(_method(request), is_bulk=is_bulk)
            try:
                answer = self._carry_out(request)
                return _read(answer)
            except _Passing as failure:
                if _method(request) not in READS:
                    raise failure.error from failure.__cause__
                self._wait(patience, failure)

    def ask_each(
        self, requests: Mapping[str, HttpRequest], *, is_bulk: bool = False
    ) -> Iterator[tuple[str, Json | None]]:
        """Carry out reading requests in batches; yield each name with its answer, or None where it is not there.

        Answers come in any order.

        Raises:
            AuthError, Unreachable, AccountError: see `ask`; what was yielded before stays good.
        """
        names = list(requests)
        for start in range(0, len(names), gmail_batch.MAX_CALLS):
            batch = {name: requests[name] for name in names[start : start + gmail_batch.MAX_CALLS]}
            yield from self._ask_batch(batch, is_bulk=is_bulk)

    def close(self) -> None:
        """Hang up. Asking again connects anew."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _connect(self) -> httpx2.Client:
        return httpx2.Client(
            transport=self._transport,
            timeout=httpx2.Timeout(_READ_TIMEOUT_S, connect=_CONNECT_TIMEOUT_S),
            follow_redirects=False,
            trust_env=self.endpoint.startswith("https:"),
        )

    def _ask_batch(self, pending: dict[str, HttpRequest], *, is_bulk: bool) -> Iterator[tuple[str, Json | None]]:
        patience = _Patience(self._dice)
        while pending:
            failure, asked = None, len(pending)
            try:
                answers = self._carry_out_batch(pending, is_bulk=is_bulk)
            except _Passing as passing:
                failure, answers = passing, {}
            for name in list(pending if answers else ()):
                try:
                    found = self._read_part(answers.get(name))
                except _Passing as passing:
                    failure = passing
                else:
                    del pending[name]
                    yield name, found
            if failure is not None:
                logger.info("%d of %d parts of a batch failed.", len(pending), asked)
                patience = patience if len(pending) == asked else _Patience(self._dice)
                self._wait(patience, failure)

    def _read_part(self, answer: Answer | None) -> Json | None:
        try:
            return _read(self._judge(answer))
        except NotThere:
            return None

    def _carry_out_batch(self, requests: Mapping[str, HttpRequest], *, is_bulk: bool) -> dict[str, Answer]:
        for request in requests.values():
            self._quota.spend(_read_method(request), is_bulk=is_bulk)
        content_type, body = gmail_batch.encode({name: request.uri for name, request in requests.items()})
        response = self._request("POST", f"{self.endpoint}/batch", body, {"content-type": content_type})
        if response.status_code != _OK:
            self._judge(_answer(response))
        answers = gmail_batch.decode(response.headers.get("content-type", ""), response.content)
        if any(answer.status == UNAUTHORISED for answer in answers.values()):
            self._tokens.access_token(fresh=True)
        return answers or {"": Answer(status=_OK, body=b"")}  # of a batch that was cut off at once, all parts failed

    def _carry_out(self, request: HttpRequest) -> Answer:
        # The library writes upload addresses with https, whatever the endpoint says.
        uri = f"{self.endpoint}/{request.uri.split('://', 1)[1].split('/', 1)[1]}"
        body = request.body.encode() if isinstance(request.body, str) else request.body
        response = self._request(request.method, uri, body, request.headers)
        return self._judge(_answer(response))

    def _request(self, method: str, uri: str, body: bytes | None, headers: Mapping[str, str]) -> httpx2.Response:
        """Send a request; with another token if the first is not taken."""
        response = self._send(method, uri, body, headers, self._tokens.access_token())
        if response.status_code == UNAUTHORISED:
            response = self._send(method, uri, body, headers, self._tokens.access_token(fresh=True))
        return response

    def _send(
        self, method: str, uri: str, body: bytes | None, headers: Mapping[str, str], token: str
    ) -> httpx2.Response:
        sent = {**headers, "authorization": f"Bearer {token}"}
        self._client = self._client or self._connect()
        try:
            response = self._client.request(method, uri, content=body, headers=sent)
        except httpx2.ConnectError as error:
            hint = "Check the network; it goes on by itself once there is one."
            raise Unreachable("Google cannot be reached.", hint=hint) from error
        except httpx2.RequestError as error:
            said = "did not answer in time" if isinstance(error, httpx2.TimeoutException) else "ended the connection"
            lost = Unreachable(f"Google {said}.", hint="Try again in a while.")
            raise _Passing(lost, tries=_LOST_TRIES) from error
        self.served_at = _time_of(response) or self.served_at
        return response

    def _judge(self, answer: Answer | None) -> Answer:
        """Return an answer that is good.

        Raises:
            NotThere, AuthError, AccountError, _Passing: it is not.
        """
        if answer is None:
            lost = ServerFailed("Google's answer was cut off.", hint="Try again in a while.")
            raise _Passing(lost, tries=_REFUSED_TRIES)
        if answer.status < _NOT_OK:
            return answer
        if answer.status == NOT_FOUND:
            raise NotThere("It is not there any more.")
        refusal = read_refusal(answer.status, answer.body, answer.retry_after)
        if refusal.is_too_much:
            self._quota.drain()
        error = translate(refusal, self.account)
        if refusal.status == UNAUTHORISED:
            raise _Passing(error, tries=_UNAUTHORISED_TRIES)
        if refusal.is_passing:
            raise _Passing(error, tries=_REFUSED_TRIES, wait_s=refusal.retry_after_s)
        raise error

    def _wait(self, patience: "_Patience", failure: "_Passing") -> None:
        """Wait before asking again, or give up.

        Raises:
            AccountError: this was tried often enough.
        """
        wait_s = patience.wait_s(failure)
        if wait_s is None:
            raise failure.error from failure.__cause__
        logger.info("Asking again in %.1f s.", wait_s)
        self._sleep(wait_s)


class _Passing(Exception):
    """Something that may be over a moment later."""

    def __init__(self, error: AccountError, *, tries: int, wait_s: float = 0.0) -> None:
        super().__init__(str(error))
        self.error = error
        self.tries = tries
        self.wait_s = wait_s


class _Patience:
    """How often one thing was tried, and how long to wait before the next time."""

    def __init__(self, dice: Callable[[], float]) -> None:
        self._dice = dice
        self._tried = 0

    def wait_s(self, failure: _Passing) -> float | None:
        """Return how long to wait; None means to give up."""
        self._tried += 1
        if self._tried >= failure.tries or failure.wait_s > _LONGEST_PATIENCE_S:
            return None
        longest = min(_FIRST_WAIT_S * 2.0 ** (self._tried - 1), _LONGEST_WAIT_S)
        return max(failure.wait_s, longest * (0.5 + self._dice() / 2))


class _NoHttp:
    """Stands where Google's library would open connections of its own."""

    def request(self, *_: object, **__: object) -> None:
        """Refuse: a request is built there, and carried out here."""
        raise AssertionError("Requests go through GmailWire.")


def _method(request: HttpRequest) -> str:
    name = str(request.methodId)
    if name not in METHODS:
        raise AssertionError(f"{name} is none of what Cyrano asks of Google.")
    return name


def _read_method(request: HttpRequest) -> str:
    name = _method(request)
    if name not in READS:
        raise AssertionError(f"{name} does not go into a batch.")
    return name


def _answer(response: httpx2.Response) -> Answer:
    return Answer(
        status=response.status_code, body=response.content, retry_after=response.headers.get("retry-after", "")
    )


def _read(answer: Answer) -> Json:
    if answer.status == _NO_CONTENT or not answer.body.strip():
        return {}
    try:
        found = json.loads(answer.body)
    except ValueError as error:
        lost = ServerFailed("Google's answer was cut off.", hint="Try again in a while.")
        raise _Passing(lost, tries=_LOST_TRIES) from error
    return found if isinstance(found, dict) else {}


def _time_of(response: httpx2.Response) -> int:
    try:
        return int(parsedate_to_datetime(response.headers["date"]).timestamp())
    except (KeyError, ValueError, TypeError):
        return 0
