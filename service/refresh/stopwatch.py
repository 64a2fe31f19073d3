"""Times the stages of a run that this process carries out."""

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Stopwatch:
    """Seconds by stage; a stage that comes twice counts once."""

    since: float
    seconds: dict[str, float] = field(default_factory=dict)
    stage: str = ""
    written_at: float = float("-inf")

    def turn_to(self, stage: str, now: float) -> None:
        """Count the time since the last look to the stage that was, and go on with another or the same."""
        if self.stage:
            self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + now - self.since
        self.stage, self.since = stage, now

    def rounded(self) -> dict[str, float]:
        """Return the seconds of each stage."""
        return {stage: round(seconds, 3) for stage, seconds in self.seconds.items()}
