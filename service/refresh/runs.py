"""Runs of the refresh, in the table `run`: asked for, under way, and how each ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class RunState(StrEnum):
    """Where a run is."""

    ASKED = "asked"
    """Somebody wants it; it begins as soon as it can."""
    RUNNING = "running"
    LIVE = "live"
    """Its adapter passed the gate and writes."""
    WAITING = "waiting"
    """Its adapter passed the gate, and does not write yet; `reason` says why."""
    REJECTED = "rejected"
    """Its adapter did not pass the gate."""
    SKIPPED = "skipped"
    """There was nothing to do."""
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """The process that carried it out is gone; the next run goes on where it stopped."""


class Stage(StrEnum):
    """What a run is doing; the trainer says more of its own."""

    SYNC = "sync"
    PLAYBACK = "playback"
    EXAMPLES = "examples"
    TRAIN = "train"
    EVALUATE = "evaluate"
    PUBLISH = "publish"
    MERGE = "merge"
    FLIP = "flip"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run."""

    run_id: str
    """Also the name of its folder under `runs`, and of the run in the adapter's card."""
    account: str
    trigger: str
    """"schedule" or "asked"."""
    why: str
    state: RunState
    stage: str = ""
    done: int = 0
    total: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Stage to how long it took, or has taken so far."""
    asked_at: datetime
    started_at: datetime | None = None
    changed_at: datetime
    ended_at: datetime | None = None
    adapter: str = ""
    reason: str = ""
    hint: str = ""
    material: str = ""
    newest: datetime | None = None
