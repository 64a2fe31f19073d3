"""The order of an evaluation: an adapter that is there already, beside the base model and the one in service."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, PositiveInt

from connectors.gate_settings import GateSettings
from connectors.train_settings import TrainSettings


class EvaluateJob(BaseModel):
    """Measure an adapter on its account's newest mail. Paths are absolute."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["evaluate"] = "evaluate"
    account: str
    version: int
    home: Path
    archive_url: str
    model: str
    engine_model: str = ""
    """What the engine calls the base model: instructions that it wrote are found under that name."""
    prompt_budget: PositiveInt
    settings: TrainSettings = TrainSettings()
    gate: GateSettings = GateSettings()
    embedder: dict[str, Any] = {}
    retrieval: dict[str, Any] = {}
    adapters: Path
    serving: Literal["lora", "merged"] = "lora"
    """How the engine serves adapters, as in a `TrainJob`."""
    output: Path | None = None
    """The folder that evaluation.json and evaluation.html go to; None: nowhere, what was found is told."""
    shown: int = 0
    """So many mails are told in the result, with the draft of each arm beside them; they are written nowhere."""
