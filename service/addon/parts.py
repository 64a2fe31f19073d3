"""What the add-on is joined from; `service.addon.joining` fills it."""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from connectors.account import AccountRecord
from service.access.limits import Pace
from service.addon.jobs import Jobs
from service.addon.mail import MailReader
from service.addon.openings import Openings
from service.addon.replays import Replays
from service.addon.settings import AddonSettings
from service.addon.tokens import Tokens
from service.feedback import Feedback
from service.notices import Notice
from service.parts import Drafts


def _nonce() -> str:
    return secrets.token_urlsafe(12)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddonParts:
    """The parts behind /addon/*."""

    settings: AddonSettings
    tokens: Tokens
    jobs: Jobs
    pace: Pace
    """How many drafts an account may ask for in a minute."""
    drafter: Drafts
    accounts: Callable[[], Sequence[AccountRecord]]
    """Returns all accounts."""
    adapter: Callable[[str], str | None]
    """Returns the name of the adapter in service for an account; None for the base model."""
    notices: Callable[[str], Sequence[Notice]]
    """Returns what is not as it should be with an account's adapters."""
    has_draft: Callable[[str, str], bool]
    """Tells whether an account still has a draft: it goes with the account, and with mail that is forgotten."""
    feedback: Feedback
    replays: Replays
    reader: MailReader = field(default_factory=MailReader)
    openings: Openings = field(default_factory=Openings)
    clock: Callable[[], float] = time.monotonic
    nonce: Callable[[], str] = _nonce
    """Makes the number that tells one card's buttons from another's."""
