"""The job of profiling: which ways to train are compared, on what, for how long."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from connectors.train_settings import TrainSettings


class ProfileJob(BaseModel):
    """What is compared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["profile"] = "profile"
    model: str
    settings: TrainSettings = TrainSettings()
