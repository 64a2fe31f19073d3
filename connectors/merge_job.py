"""The order of a merge: an adapter put into its base model, for an engine that serves whole models."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict


class MergeJob(BaseModel):
    """Write the model that an adapter makes of its base model. Paths are absolute."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["merge"] = "merge"
    adapter: Path
    """The adapter's folder."""
    model: str
    """The base model's folder or name."""
    output: Path
    """The folder of the merged model, in bf16; it appears whole or not at all."""
