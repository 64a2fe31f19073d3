"""What each of several workers is told: the job and what is learned, in one line of JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from connectors.job import TrainJob
from trainer.data.packing import Example
from trainer.data.pairs import Pair

MEETING, NUMBER, COUNT = "CYRANO_MEETING", "RANK", "WORLD_SIZE"
"""Environment variables: the file by which workers find each other, which of them this is, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order for all workers. `folder` keeps the checkpoints; without pairs there is no stage of preferences."""

    folder: Path
    job: TrainJob
    learned: tuple[Example, ...]
    held_out: tuple[Example, ...]
    pairs: tuple[Pair, ...] = ()

    def line(self) -> bytes:
        """Return the order as a line."""
        content = {
            "folder": str(self.folder),
            "job": self.job.model_dump(mode="json"),
            "learned": [asdict(example) for example in self.learned],
            "held_out": [asdict(example) for example in self.held_out],
            "pairs": [asdict(pair) for pair in self.pairs],
        }
        return json.dumps(content).encode() + b"\n"


def read_order(line: bytes) -> Order:
    """Read what `line` wrote."""
    content = json.loads(line)
    return Order(
        folder=Path(content["folder"]),
        job=TrainJob.model_validate(content["job"]),
        learned=tuple(map(_example, content["learned"])),
        held_out=tuple(map(_example, content["held_out"])),
        pairs=tuple(map(_pair, content["pairs"])),
    )


def _example(row: Mapping[str, Any]) -> Example:
    return Example(**{**row, "tokens": tuple(row["tokens"])})


def _pair(row: Mapping[str, Any]) -> Pair:
    return Pair(
        message_id=row["message_id"], chosen=_example(row["chosen"]), rejected=_example(row["rejected"])
    )  # fmt: skip
