"""Text other than mail that the trainer learns from."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Corpus(BaseModel):
    """Where it lies, and of which kind it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["alpaca", "documents"]
    """"alpaca": a JSON or JSON-lines file of instruction, input and output. "documents": a folder of text and PDF."""
    path: Path
