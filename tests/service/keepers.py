"""Keepers of a stand-in for the engine that starts in a moment, in a home of its own."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from service.backoff import Backoff
from service.engine.command import Command, served_name
from service.engine.keeper import EngineKeeper
from service.engine.record import EngineRecord, read_record
from service.engine.settings import EngineSettings
from tests.ports import free_port

STAND_IN = Path(__file__).parents[1] / "fake_engine.py"


def is_running(pid: int) -> bool:
    """Tell whether a process is there, and not only what is left of one."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


@dataclass
class Keepers:
    """Makes keepers, and stops them in the end."""

    home: Path
    port: int = field(default_factory=free_port)
    made: list[EngineKeeper] = field(default_factory=list)

    def keep(self, *flags: str, **settings: object) -> EngineKeeper:
        """Start to keep an engine; a model "bad" makes it end at once, with the words of a model that is not there."""

        def build(asked: EngineSettings, name: str) -> Command:
            called = name or served_name(asked.model)
            program = (sys.executable, str(STAND_IN), str(self.port), "--model", called, *flags)
            if asked.model == "bad":
                program = ("/bin/sh", "-c", "echo 'LocalEntryNotFoundError: no snapshot' >&2; exit 1")
            if asked.model == "odd":
                program = ("/bin/sh", "-c", "exit 3")
            return Command(argv=program, env=os.environ)

        keeper = EngineKeeper(
            EngineSettings.model_validate({"model": "m", "port": self.port, "serving": "merged", **settings}),
            self.home,
            build=build,
            backoff=Backoff(lambda: 0.0, first_s=0.01, cap_s=0.05),
        )
        self.made.append(keeper)
        keeper.start()
        return keeper

    def ready(self, *flags: str, **settings: object) -> EngineKeeper:
        """The same, and wait until it answers."""
        keeper = self.keep(*flags, **settings)
        keeper.wait_ready(15)
        return keeper

    @property
    def settings(self) -> EngineSettings:
        """Of an engine as it is kept where nothing else is asked for."""
        return EngineSettings(model="m", port=self.port)

    @property
    def record(self) -> EngineRecord:
        """Of the engine that runs."""
        found = read_record(self.home)
        assert found is not None
        return found

    def stop(self) -> None:
        """Stop all."""
        for keeper in self.made:
            keeper.stop()
