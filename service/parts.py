"""What the HTTP service is joined from; `service.app` fills it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from connectors.account import AccountRecord
from service.access.asking import wrong_tokens_pace
from service.access.audit import Audit
from service.access.limits import Pace
from service.access.pairing import Pairings
from service.access.tokens import Tokens
from service.desk import Desk
from service.drafting.draft import DraftEvent, DraftRequest
from service.feedback import Feedback
from service.health import Health
from service.ledger import Ledger
from service.notices import Notice
from service.outcomes import Outcomes

if TYPE_CHECKING:
    from service.addon.parts import AddonParts


class Drafts(Protocol):
    """What makes drafts: `service.drafting.draft.Drafter`."""

    def draft(self, asked: DraftRequest) -> Iterator[DraftEvent]:
        """Yield the events of a draft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts behind the routes."""

    drafter: Drafts
    ledger: Ledger
    tokens: Tokens
    pairings: Pairings
    audit: Audit
    health: Health
    outcomes: Outcomes
    feedback: Feedback
    account: Callable[[str], AccountRecord]
    """Returns the account of a name: `Archive.account`."""
    adapter: Callable[[str], str | None]
    """Returns the name of the adapter in service for an account, or None where the base model writes."""
    notices: Callable[[str], Sequence[Notice]]
    """Returns what is not as it should be with an account's adapters, and what to do."""
    checks: Mapping[str, Callable[[], object]]
    """What /readyz asks, part by part; a part that is not ready raises a CyranoError."""
    desk: Desk
    """What the console's pages show of adapters, runs and mail."""
    wrong_tokens: Pace = field(default_factory=wrong_tokens_pace)
    """How often one address may show tokens that are none."""
    addon: "AddonParts | None" = None
    """What stands behind /addon/*, where that is switched on."""
