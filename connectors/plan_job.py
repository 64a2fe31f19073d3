"""The job of planning: how much memory a training run takes, and whether it fits."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from connectors.train_settings import TrainSettings


class PlanJob(BaseModel):
    """What is planned for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["plan"] = "plan"
    model: str
    """A model's folder, its config.json, the name of one that is here, or a well-known one. No weights are needed."""
    settings: TrainSettings = TrainSettings()
    gpu: str = ""
    """The GPU by its name ("A100-80") or its memory ("24GiB"); without one, what this machine has."""
    sequence: PositiveInt | None = None
    """Tokens of a row; without a number, the longest the settings and the model allow."""
    reply_share: float = Field(default=1.0, gt=0, le=1)
    """Share of the tokens that is learned from: the rest are prompts, for which no logits are made."""
    is_matrix: bool = False
    """Tell of every method and several batch sizes instead of one run."""
    is_traced: bool = False
    """Trace every layer instead of a few."""
    has_textbook: bool = False
    """Tell what the textbook's formula says, too."""
    has_published: bool = False
    """Tell what the planner says of runs whose memory others have published, too."""
