"""The job of planning: how much memory a training run takes, and whether it fits."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from connectors.train_settings import TrainSettings


class PlanJob(BaseModel):
    """What is planned for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["plan"] = "plan"
    model: str
    """A model's folder, its config.json, or its name where it has been downloaded. No weights are needed."""
    settings: TrainSettings = TrainSettings()
