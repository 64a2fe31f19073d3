"""The order of a merge: an adapter put into its base model, for an engine that serves whole models.

A merged model is a folder with this record in it, `merged.json`: what it was made of, and how large each file is. One
without it, or with files of other sizes, was cut short and is none.
"""

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

FILE = "merged.json"


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


class Merged(BaseModel):
    """What a merged model was made of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    adapter: str
    """The adapter's name."""
    weights_sha256: str
    """Digest of its weights, as in its card."""
    base_model: str
    base_revision: str = ""
    """What the base model was made of when they were merged; "" where that is not known."""
    files: dict[str, int]
    """Each file but this one, with its size in bytes."""


def write_merged(folder: Path, made: Merged) -> None:
    """Write the record into a finished folder."""
    text = json.dumps(made.model_dump(mode="json"), indent=2, sort_keys=True, ensure_ascii=False)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")


def read_merged(folder: Path) -> Merged | None:
    """Return what the model in a folder was made of; None where there is no whole one."""
    try:
        made = Merged.model_validate_json((folder / FILE).read_bytes())
        is_whole = all((folder / name).stat().st_size == size for name, size in made.files.items())
    except (OSError, ValidationError):
        return None
    return made if is_whole else None
