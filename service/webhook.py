"""Telling another program something by POST, at an address its owner gave.

Rules:
1. Only that address is spoken to: no proxy of the environment, no redirect.
2. It is spoken to over TLS, or without it where it is in this machine or a network of one's own.
3. Neither address nor answer is ever logged or told: addresses of this sort hold a secret. Its host is.
"""

import ipaddress
import logging
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import urlsplit

from connectors.errors import CyranoError
from service.backoff import Backoff

TIMEOUT_S = 10.0
TRIES = 4
_PASSING = frozenset({408, 425, 429})
"""Refusals that another try may not meet."""


class WebhookError(CyranoError):
    """It could not be told; `permanent` says whether trying again can help."""

    def __init__(self, message: str, *, hint: str = "", permanent: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.permanent = permanent


def check_address(url: str) -> str:
    """Return an address that may be spoken to.

    Raises:
        ValueError: it is none, or one over which everybody could read along.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("an address looks like https://example.org/hook")
    if parts.scheme == "http" and _is_public_number(parts.hostname):
        raise ValueError("without TLS only an address in this machine or network will do; write https://")
    return url


class Webhook:
    """One address."""

    def __init__(
        self,
        url: str,
        *,
        pause: Callable[[float], bool],
        backoff: Callable[[], Backoff],
        timeout_s: float = TIMEOUT_S,
        look_up: Callable[[str], Iterable[str]] | None = None,
    ) -> None:
        """Join the parts.

        Args:
            url: The address, as `check_address` takes it.
            pause: Waits for some seconds, and tells whether all is to stop.
            backoff: Returns fresh waits between tries.
            timeout_s: How long one try may take, however slowly it is answered.
            look_up: Returns the numbers of a host.
        """
        self._url = url
        self._pause = pause
        self._backoff = backoff
        self._timeout_s = timeout_s
        self._look_up = look_up or _numbers

    @property
    def host(self) -> str:
        """What may be told of the address."""
        return urlsplit(self._url).hostname or ""

    def post(self, body: Mapping[str, Any], *, key: str) -> None:
        """Tell it, trying a few times.

        Args:
            body: What is told, as JSON.
            key: The same for the same news: whoever gets it twice, after a crash of ours, can tell.

        Raises:
            WebhookError: it did not get through.
        """
        waits = self._backoff()
        for number in range(1, TRIES + 1):
            try:
                self._try(body, key)
            except WebhookError as error:
                if error.permanent or number == TRIES or self._pause(waits.next_s()):
                    raise
            else:
                return

    def _try(self, body: Mapping[str, Any], key: str) -> None:
        self._check_network()
        status = self._status(body, key)
        if 300 <= status < 400:  # noqa: PLR2004  HTTP's own classes
            said = f"The webhook at {self.host} redirects (status {status}), which is not followed."
            raise WebhookError(said, hint="Set [notify] webhook to where it leads.", permanent=True)
        if status >= 400:  # noqa: PLR2004  likewise
            is_final = status < 500 and status not in _PASSING  # noqa: PLR2004  likewise
            said = f"The webhook at {self.host} answered with status {status}."
            raise WebhookError(said, hint="See whether [notify] webhook is right.", permanent=is_final)

    def _status(self, body: Mapping[str, Any], key: str) -> int:
        """Return with what status it answers; what else it says is of no interest, however long it is."""
        answers: SimpleQueue[int | str] = SimpleQueue()

        def ask() -> None:
            import httpx2  # noqa: PLC0415  slow to import, and seldom needed

            for name in ("httpx2", "httpcore2"):  # they tell whole addresses
                logging.getLogger(name).setLevel(logging.WARNING)
            try:
                with (
                    httpx2.Client(timeout=self._timeout_s, trust_env=False, follow_redirects=False) as client,
                    client.stream("POST", self._url, json=dict(body), headers={"Idempotency-Key": key}) as answer,
                ):
                    answers.put(answer.status_code)
            except Exception as error:  # noqa: BLE001  handed to whoever waits
                answers.put(type(error).__name__)

        # A thread, because the library's times are of each byte, and one that answers slowly would take for ever.
        threading.Thread(target=ask, name="webhook", daemon=True).start()
        try:
            said = answers.get(timeout=self._timeout_s)
        except Empty:
            said = f"not within {self._timeout_s:g} s"
        if isinstance(said, int):
            return said
        raise WebhookError(
            f"The webhook at {self.host} does not answer: {said}.", hint="See whether it runs: [notify] webhook."
        )

    def _check_network(self) -> None:
        """Without TLS, see to it that a name leads to this machine or network."""
        if urlsplit(self._url).scheme == "https":
            return
        try:
            numbers = list(self._look_up(self.host))
        except OSError as error:
            hint = "See whether [notify] webhook is right."
            raise WebhookError(f"The host {self.host} of the webhook is not known.", hint=hint) from error
        if any(_is_public_number(number) for number in numbers):
            said = f"The webhook at {self.host} is outside this network, and has no TLS."
            raise WebhookError(said, hint="Set [notify] webhook to an address with https.", permanent=True)


def _is_public_number(host: str) -> bool:
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return False
    return not (number.is_loopback or number.is_private or number.is_link_local)


def _numbers(host: str) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
