"""Who stands at the add-on's door: Google, for a person whose mailbox is an account here. Nobody else gets in."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.account import AccountRecord
from connectors.errors import CyranoError
from service.addon.event import Event
from service.addon.parts import AddonParts
from service.addon.tokens import SKEW_S, Claims, Refused
from service.addon.words import Say

logger = logging.getLogger(__name__)

WHO = "https://www.googleapis.com/auth/userinfo.email"
"""The consent without which a user token names no address."""


class ConsentNeeded(Exception):
    """Google is to ask the user for consent before this can be answered."""

    def __init__(self, *scopes: str) -> None:
        super().__init__(*scopes)
        self.scopes = scopes


class Stranger(CyranoError):
    """Google vouches for a person who has no account here, or more than one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """A request before anything of it is believed."""

    authorization: str
    """The header."""
    raw: bytes
    """The body."""
    event: Event
    endpoint: str
    """The whole address that was asked, as Google was told it."""
    is_button: bool
    """Whether a card's button asks, and not the opening of a card."""
    needed: tuple[str, ...] = ()
    """What is asked for as well, where the user is asked for consent here."""


def let_in(knock: Knock, parts: AddonParts) -> str:
    """Return the verified address of whoever sits before Gmail.

    Raises:
        Refused: Google did not send this, or it came before.
        ConsentNeeded: Google did, and may not say for whom.
        Unreachable: Google's keys cannot be had.
    """
    try:
        return _let_in(knock, parts)
    except Refused as refused:
        logger.warning("the add-on refused a request: %s", refused.reason)
        raise


def _let_in(knock: Knock, parts: AddonParts) -> str:
    event = knock.event
    claims = [parts.tokens.check_system(token, knock.endpoint) for token in _system_tokens(knock)]
    if not claims:
        raise Refused("no-token")
    if event.user_token:
        claims.append(parts.tokens.check_user(event.user_token))
    if parts.settings.refuse_replays == "all" or (parts.settings.refuse_replays == "buttons" and knock.is_button):
        _refuse_replay(knock, claims, parts)
    if not event.user_token:
        if WHO in (event.scopes or ()):
            raise Refused("no-user")
        # Google leaves the list out where there is no consent yet: so it comes from everybody's first time.
        raise ConsentNeeded(WHO, *knock.needed)
    return str(claims[-1]["email"])


def _system_tokens(knock: Knock) -> list[str]:
    """Return what is to be verified: the header's token and the event's, where they differ both."""
    scheme, _, token = knock.authorization.strip().partition(" ")
    if knock.authorization and (scheme.lower() != "bearer" or not token.strip()):
        raise Refused("no-bearer")
    return list(dict.fromkeys(each for each in (token.strip(), knock.event.system_token) if each))


def _refuse_replay(knock: Knock, claims: Sequence[Claims], parts: AddonParts) -> None:
    until = max(claim["exp"] for claim in claims) + SKEW_S
    header = knock.authorization.encode("utf-8", "surrogateescape")
    parts.replays.check(header, knock.endpoint.encode(), knock.raw, until=until)


def account_of(address: str, accounts: Sequence[AccountRecord], say: Say) -> AccountRecord:
    """Return the account whose owner an address is.

    Raises:
        Stranger: there is none, or there are several.
    """
    wanted = address.lower()
    found = [each for each in accounts if wanted in {each.owner.addr.lower(), *map(str.lower, each.addresses)}]
    if len(found) == 1:
        return found[0]
    kind = "ambiguous" if found else "stranger"
    raise Stranger(say(kind, address=address), hint=say(f"{kind}_hint"))
