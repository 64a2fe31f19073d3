"""Who stands at the add-on's door: Google, for a person whose mailbox is an account here. Nobody else gets in."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connectors.account import AccountRecord
from service.access.tokens import shown_token
from service.addon.event import Letter
from service.addon.parts import AddonParts
from service.addon.replays import Mark
from service.addon.sentences import Spoken
from service.addon.tokens import SKEW_S, Claims, Refused, signed
from service.addon.words import Say

logger = logging.getLogger(__name__)

WHO = "https://www.googleapis.com/auth/userinfo.email"
"""The consent without which a user token names no address."""


class ConsentNeeded(Exception):
    """Google is to ask the user for consent before this can be answered."""

    def __init__(self, *scopes: str) -> None:
        super().__init__(*scopes)
        self.scopes = scopes


class Replayed(Refused):
    """A request that is good in all else and came before: its sender, or Google itself, sent it twice."""

    def __init__(self, address: str) -> None:
        super().__init__("replayed")
        self.address = address
        """Whoever it was sent for; "" where Google does not say."""


class Stranger(Spoken):
    """Google vouches for a person who has no account here, or more than one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """A request before anything of it is believed."""

    authorization: str
    """The header."""
    letter: Letter
    """The body."""
    endpoint: str
    """The whole address that was asked, as Google was told it."""
    is_button: bool
    """Whether a card's button asks, and not the opening of a card."""
    is_mail: bool
    """Whether an open mail's card is asked for."""
    needed: tuple[str, ...] = ()
    """What is asked for as well, where the user is asked for consent here."""


def let_in(knock: Knock, parts: AddonParts) -> str:
    """Return the verified address of whoever sits before Gmail.

    Raises:
        Refused: Google did not send this.
        Replayed: it came before.
        ConsentNeeded: Google did, and may not say for whom.
        Unreachable: Google's keys cannot be had.
        StoreError: it cannot be told whether it came before.
        InvalidBody: Google did, and it is no event.
    """
    try:
        return _let_in(knock, parts)
    except Replayed:
        raise
    except Refused as refused:
        logger.warning("the add-on refused a request: %s", refused.word)
        raise


def _let_in(knock: Knock, parts: AddonParts) -> str:
    user_token = knock.letter.user_token
    claims = [parts.tokens.check_system(token, knock.endpoint) for token in _system_tokens(knock)]
    if not claims:
        raise Refused("no-token")
    if user_token:
        claims.append(parts.tokens.check_user(user_token))
    if marks := list(_marks(knock, parts.settings.refuse_replays)):
        _refuse_replay(marks, claims, knock, parts)
    if not user_token:
        if WHO in (knock.letter.event.scopes or ()):
            raise Refused("no-user")
        # Google leaves the list out where there is no consent yet: so it comes from everybody's first time.
        raise ConsentNeeded(WHO, *knock.needed)
    return str(claims[-1]["email"])


def _system_tokens(knock: Knock) -> list[str]:
    """Return what is to be verified: the header's token and the event's, where they differ both."""
    token = shown_token(knock.authorization)
    if knock.authorization and not token:
        raise Refused("no-bearer")
    return list(dict.fromkeys(each for each in (token, knock.letter.system_token) if each))


def _marks(knock: Knock, refused: str) -> Iterator[Mark]:
    """Yield what a request is known again by; what a setting lets pass is known by nothing."""
    endpoint, letter = knock.endpoint.encode(), knock.letter
    if refused == "tokens":
        # Several mails may be opened within a second, which is as exact as tokens tell when they were made.
        asked = letter.event.message_id.encode() if knock.is_mail else b""
    elif refused == "all" or (refused == "buttons" and knock.is_button):
        asked = letter.event.asked()
    else:
        return
    # One mark for each, so that to leave one of them out makes no other request.
    for token in _system_tokens(knock):
        yield refused.encode(), signed(token), signed(letter.user_token), endpoint, asked


def _refuse_replay(marks: Sequence[Mark], claims: Sequence[Claims], knock: Knock, parts: AddonParts) -> None:
    until = datetime.fromtimestamp(max(claim["exp"] for claim in claims), UTC) + timedelta(seconds=SKEW_S)
    if parts.replays.are_new(marks, until=until):
        return
    logger.warning(
        "the add-on refused a request: replayed, with tokens %d seconds old."
        " Where nobody copied it, [addon] refuse_replays in cyrano.toml is too strict: see deploy/addon/README.md",
        parts.tokens.age_s(claims[0]),
    )
    raise Replayed(str(claims[-1]["email"]) if knock.letter.user_token else "")


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
