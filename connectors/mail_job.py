"""What every order tells the trainer of a home: its mail, its model, and what prompts are made with."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, PositiveInt

from connectors.gate_settings import GateSettings
from connectors.train_settings import TrainSettings


class MailJob(BaseModel):
    """Whose mail, from where, for which model. Paths are absolute."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account: str
    """Whose mail it is; for another corpus, the name of what is learned."""
    home: Path
    archive_url: str = ""
    """The archive the mail comes from, unless it was carried here, or another corpus is learned from."""
    engine_model: str = ""
    """What the engine calls the base model; empty for the first one it names. Instructions that it wrote are found
    under that name."""
    model: str
    """The base model's folder, or its name where it has been downloaded."""
    prompt_budget: PositiveInt
    """Tokens a prompt may hold, as when drafting."""
    settings: TrainSettings = TrainSettings()
    gate: GateSettings = GateSettings()
    embedder: dict[str, Any] = {}
    """The section `[embedder]`, which the retrieval floor understands."""
    retrieval: dict[str, Any] = {}
    """The section `[retrieval]`, likewise."""
    adapters: Path
    """The folder of all accounts' adapters."""
    serving: Literal["lora", "merged"] = "lora"
    """How the engine serves adapters: beside the base model only those can write that are LoRA."""
