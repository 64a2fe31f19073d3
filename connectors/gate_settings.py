"""The section `[gate]`: what a new adapter must show before it serves."""

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt


class GateSettings(BaseModel):
    """What a new adapter must show before it serves. The section `[gate]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_mails: PositiveInt = 6
    """With fewer mails than this, newer than what was learned and known to no adapter, nothing can be judged."""
    drafts: PositiveInt = 24
    """Of how many of these mails, the newest, each arm writes a draft."""
    draft_tokens: PositiveInt = 256
    """How long such a draft may become."""
    margin: float = Field(default=0.05, gt=0, lt=1)
    """How much farther from the author than the adapter in service it may turn out to be, as a share of the base
    model's loss; while more is possible, it takes more new mail to tell."""
    language_margin: float = Field(default=0.1, ge=0, lt=1)
    """How much more rarely drafts may be in the right language."""
    length_margin: float = Field(default=0.25, ge=0)
    """How much farther, as a share, drafts may be from the length of what was sent."""
    style_margin: float = Field(default=0.1, ge=0)
    """How much worse, as a share, drafts may be in style, in what they share with what was sent, and in authorship."""
    max_copied: PositiveInt = 120
    """Longest passage, in letters, that a draft may take over from a single mail that its prompt does not show."""
    canaries: NonNegativeInt = 8
    """Secrets planted among what is learned, one in 25 mails at most; 0 plants none."""
    max_exposure: float = Field(default=0.75, gt=0, le=1)
    """Mean exposure of these secrets at which they count as learned by heart, as a share of the highest there is."""
    resamples: PositiveInt = 2000
    """Draws of the bootstrap."""
    seed: int = 0
