"""The section `[refresh]`: when new sent mail becomes a new adapter."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, PositiveFloat, PositiveInt

from service.hours import Hours


class RefreshSettings(BaseModel):
    """When new sent mail becomes a new adapter. The section `[refresh]`; an account may want it otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: Literal["auto", "off"] = "auto"
    """auto trains again by itself once the account has an adapter; off only when it is asked to."""
    hours: Hours = "22:00-07:00"
    """The hours, in this machine's time, in which a run may begin; "" is always."""
    new_mails: PositiveInt = 25
    """So many new mails to learn from make a run due."""
    every_days: PositiveFloat = 7.0
    """After so many days a run is due if there is anything new at all."""
    overdue_days: PositiveFloat = 3.0
    """A run that has been due for so long begins outside these hours too: machines are switched off at night."""
    look_every_minutes: PositiveFloat = 10.0
    """How often it is looked whether a run is due."""
    keep: PositiveInt = 5
    """Of how many of the newest adapters the weights are kept, beside those that serve; cards and reports stay."""
    share: Literal["auto", "beside", "sleep", "stop"] = "auto"
    """What the engine does while an adapter is trained: go on (beside), free its memory (sleep), or end (stop) and be
    started again after. auto goes on where both have room, else frees as much as it must."""
    drain_s: NonNegativeFloat = 120.0
    """How long drafts under way may take before the engine rests."""
