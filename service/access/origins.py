"""Which pages may ask. A browser says in the header Origin whose script a request comes from.

The rules this module keeps:
1. A request that names an origin passes only if that is the console's own, or one that a token is bound to.
2. A token that is bound to an origin is good for that one alone, to the letter; one that is not bound is good for the
   console and for programs, which name none.
3. Browsers leave the origin out where an extension only reads. So a bound token without one may read, and no more.
"""

import re
from collections.abc import Collection
from typing import Protocol

from service.access.hosts import split_host
from service.access.scopes import READING
from service.problems import WrongOrigin

_EXTENSION = re.compile(
    r"chrome-extension://[a-p]{32}"
    r"|moz-extension://[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)
_WEB = re.compile(r"(https?)://([^/?#@\s]+)")
_PORTS = {"http": 80, "https": 443}

_HINT = "Open the console of this service, or pair this browser's extension: cyrano pair"
_PROXY = (
    "If this is the console behind a proxy, let the proxy pass on the name and the port that the browser asked for"
    " (nginx: proxy_set_header Host $http_host), and put the name into [http] allowed_hosts in cyrano.toml."
)


class Bound(Protocol):
    """What a token says of where it may be shown: `service.access.tokens.Access`."""

    @property
    def origin(self) -> str:
        """The one origin, or "" for the console and for programs."""


def is_extension(origin: str) -> bool:
    """Tell whether an origin has the form of a browser extension's."""
    return _EXTENSION.fullmatch(origin) is not None


def is_own(origin: str, host: str, *, port: int) -> bool:
    """Tell whether an origin is the console's own: that of the very host that was asked.

    Args:
        origin: The header Origin.
        host: The header Host, which was found to be one of ours.
        port: The port we listen on; there we speak plain HTTP. A proxy may put TLS in front, under another name.
    """
    found = _WEB.fullmatch(origin)
    if found is None:
        return False
    scheme, (name, given) = found[1], split_host(found[2])
    asked, asked_port = split_host(host)
    usual = _PORTS[scheme]
    is_same = bool(name) and (name, given or usual) == (asked, asked_port or usual)
    is_loopback = name in {"localhost", "::1"} or name.startswith("127.")
    return is_same and not (scheme == "https" and is_loopback and given == port)


def check_origin(access: Bound, origin: str | None, *, is_console: bool, method: str) -> None:
    """Refuse a token where it may not be shown.

    Args:
        access: Whose token it is.
        origin: The header Origin, or None where there is none.
        is_console: Whether that is the console's own.
        method: How the request is made.

    Raises:
        WrongOrigin: the token is not for that page.
    """
    if access.origin:
        is_good = origin == access.origin or (origin is None and method in READING)
    else:
        is_good = origin is None or is_console
    if not is_good:
        raise WrongOrigin("This token is not for the page or extension that shows it.", hint=_HINT)


def refuse(*, is_renamed: bool = False) -> WrongOrigin:
    """Return the error for a page that nothing was ever made for.

    Args:
        is_renamed: Whether it seems to be the console, behind a proxy that asks by another name.
    """
    return WrongOrigin("Pages of other sites get nothing here.", hint=_PROXY if is_renamed else _HINT)


def is_renamed(origin: str, fetched_from: str, allowed: Collection[str]) -> bool:
    """Tell whether a page that is refused seems to be the console, asked for by another name on the way.

    It lets nobody in: what is said to such a page is all that hangs on it.

    Args:
        origin: The header Origin, which is not that of the host that was asked.
        fetched_from: The header Sec-Fetch-Site: what the browser, which saw no proxy, makes of it.
        allowed: Names this service answers to.
    """
    found = _WEB.fullmatch(origin)
    name = split_host(found[2])[0] if found else ""
    return bool(name) and (fetched_from == "same-origin" or name in {split_host(entry)[0] for entry in allowed})
