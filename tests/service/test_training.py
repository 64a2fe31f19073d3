"""A training run from the service's side, with a program of a few lines in the trainer's place."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from connectors.errors import CyranoError, EngineDown, StoreError, TrainError
from connectors.job import ENGINE_KEY, TrainJob, read_job
from connectors.pipe import Room
from connectors.train_settings import TrainSettings
from service.training import RESULT, Stage, killed, plan_run, run_trainer, runs_of

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def order(home: Path, account: str = "ana", **changes: object) -> TrainJob:
    """An order as `cyrano train` gives it."""
    values = {
        "run": "",
        "account": account,
        "home": home,
        "archive_url": "sqlite://",
        "model": "tiny",
        "prompt_budget": 3000,
        "adapters": home / "adapters",
        **changes,
    }
    return TrainJob.model_validate(values)


ROOM = Room(needs=6 << 30, free=2 << 30, advice=("batch_size = 1",))
ASK = f"print({ROOM.model_dump_json()!r}, flush=True)"


def run(
    folder: Path, code: str, on_stage: Callable[[Stage], None] = lambda _: None, **options: Any
) -> dict[str, object]:
    """Run a few lines of Python as the trainer; they find the folder in `sys.argv[1]`."""
    program = (sys.executable, "-c", f"import json, os, sys\n{code}")
    return run_trainer(folder, "secret", on_stage, program=program, **options)


def test_an_order_gets_a_folder_with_its_own_name(tmp_path: Path) -> None:
    """The trainer finds all it needs in the folder."""
    folder = plan_run(tmp_path, order(tmp_path), NOON)
    assert folder.name == "ana-20261121-120000"
    assert read_job(folder) == order(tmp_path, run=folder.name)


def test_an_unfinished_run_of_the_same_order_goes_on(tmp_path: Path) -> None:
    """Where the engine was then does not matter; what is trained, and whether it was finished, does."""
    first = plan_run(tmp_path, order(tmp_path, engine_url="http://a/v1"), NOON)
    later = NOON + timedelta(minutes=1)
    assert plan_run(tmp_path, order(tmp_path, engine_url="http://b/v1"), later) == first
    assert plan_run(tmp_path, order(tmp_path, settings=TrainSettings(rank=8)), later) != first
    (first / RESULT).touch()
    assert plan_run(tmp_path, order(tmp_path), later + timedelta(minutes=1)) != first


def test_a_folder_without_a_readable_order_is_passed_over(tmp_path: Path) -> None:
    """What a killed process left behind, or another version wrote, does no harm."""
    (tmp_path / "ana-20261121-110000").mkdir()
    assert plan_run(tmp_path, order(tmp_path), NOON).name == "ana-20261121-120000"


def test_runs_of_another_account_are_not_ones_own(tmp_path: Path) -> None:
    """Whoever removes "ana" keeps the runs of "ana-maria"."""
    own = plan_run(tmp_path, order(tmp_path), NOON)
    plan_run(tmp_path, order(tmp_path, "ana-maria"), NOON)
    assert runs_of(tmp_path, "ana") == [own]


def test_stages_are_passed_on_and_the_result_is_returned(tmp_path: Path) -> None:
    """What the trainer says comes through in order, in any alphabet."""
    said: list[Stage] = []
    code = """
out = open(1, "w", encoding="utf-8")
print(json.dumps({"stage": "train", "done": 1, "total": 2, "note": "größer"}, ensure_ascii=False), file=out)
print(json.dumps({"result": {"folder": sys.argv[1]}}), file=out)
"""
    assert run(tmp_path, code, said.append) == {"folder": str(tmp_path)}
    assert said == [Stage(name="train", done=1, total=2, note="größer")]


def test_the_engines_key_goes_by_the_environment(tmp_path: Path) -> None:
    """A secret stands neither on the command line nor in a file."""
    code = f"print(json.dumps({{'result': {{'key': os.environ[{ENGINE_KEY!r}], 'argv': sys.argv}}}}))"
    assert run(tmp_path, code) == {"key": "secret", "argv": ["-c", str(tmp_path)]}


def test_the_trainers_own_words_reach_the_person(tmp_path: Path) -> None:
    """Its error and hint are those that are shown."""
    code = "print(json.dumps({'error': 'Too little.', 'hint': 'Sync more.'})); sys.exit(1)"
    with pytest.raises(TrainError, match=r"Too little\.") as caught:
        run(tmp_path, code)
    assert caught.value.hint == "Sync more."


def test_a_trainer_that_is_killed_is_told_of(tmp_path: Path) -> None:
    """No word and a signal: the message says so, the hint what it often means."""
    with pytest.raises(TrainError, match="SIGKILL") as caught:
        run(tmp_path, "os.kill(os.getpid(), 9)")
    assert "batch_size" in caught.value.hint


def test_one_that_is_killed_after_it_asked_for_room_is_told_with_the_plan(tmp_path: Path) -> None:
    """What it needed, what there was, and the planner's lines of [train] that need less."""
    with pytest.raises(TrainError, match=r"by plan it needs 6\.0 GiB, and 2\.0 GiB were free") as caught:
        run(tmp_path, f"{ASK}; os.kill(os.getpid(), 9)")
    assert "batch_size = 1" in caught.value.hint


def test_the_systems_own_kill_is_told_as_such() -> None:
    """Where the system counted a kill for memory meanwhile, nobody has to guess."""
    assert "ran out of memory" in str(killed(None, is_shortage=True))
    assert "ran out of memory" not in str(killed(None, is_shortage=False))
    assert "[train]" not in killed(None, is_shortage=False, helps="stop other programs.").hint


def test_another_end_without_a_word_has_its_number(tmp_path: Path) -> None:
    """A defect of native code is no lack of memory."""
    with pytest.raises(TrainError, match="code 7 and no word"):
        run(tmp_path, "sys.exit(7)")


@dataclass
class Place:
    """Makes room, and remembers for whom and for how long."""

    refuses: CyranoError | None = None
    asked: list[Room] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    @contextmanager
    def __call__(self, room: Room) -> Iterator[None]:
        """Make room for the block."""
        self.asked.append(room)
        if self.refuses:
            raise self.refuses
        self.log.append("made")
        yield
        self.log.append("given back")


def test_room_is_made_until_the_trainer_has_ended(tmp_path: Path) -> None:
    """It waits for the answer; the room is given back after its end, and not before."""
    place = Place()
    code = f"""
{ASK}
answer = sys.stdin.readline()
print(json.dumps({{"stage": "train", "done": 1, "total": 1}}), flush=True)
print(json.dumps({{"result": {{"answer": json.loads(answer)["go"]}}}}))
"""
    result = run(tmp_path, code, lambda stage: place.log.append(stage.name), on_room=place)
    assert result == {"answer": True}
    assert place.asked == [ROOM]
    assert place.log == ["made", "train", "given back"]


def test_room_that_cannot_be_made_is_a_refusal(tmp_path: Path) -> None:
    """The trainer hears why, and says it in its own way."""
    place = Place(refuses=EngineDown("It does not rest.", hint="Wait."))
    code = f"{ASK}; print(json.dumps({{'result': json.loads(sys.stdin.readline())}}))"
    assert run(tmp_path, code, on_room=place) == {"go": False, "why": "It does not rest.", "hint": "Wait."}


def test_whoever_is_called_off_while_room_is_made_ends_the_trainer(tmp_path: Path) -> None:
    """That is no answer to it: nobody wants the run any more."""
    code = f"{ASK}\nif sys.stdin.readline(): open(os.path.join(sys.argv[1], 'went on'), 'w').close()"
    with pytest.raises(StoreError):
        run(tmp_path, code, on_room=Place(refuses=StoreError("The lease was lost.")))
    assert not (tmp_path / "went on").exists()


def test_where_nobody_shares_the_machine_there_is_room(tmp_path: Path) -> None:
    """`cyrano plan` and the like ask nobody."""
    code = f"{ASK}; print(json.dumps({{'result': json.loads(sys.stdin.readline())}}))"
    assert run(tmp_path, code) == {"go": True, "why": "", "hint": ""}


def test_room_is_given_back_when_the_trainer_is_killed(tmp_path: Path) -> None:
    """Whatever ends it, the engine comes back."""
    place = Place()
    code = f"{ASK}; sys.stdin.readline(); os.kill(os.getpid(), 9)"
    with pytest.raises(TrainError, match="SIGKILL"):
        run(tmp_path, code, on_room=place)
    assert place.log == ["made", "given back"]


def test_a_silent_trainer_can_be_ended(tmp_path: Path) -> None:
    """Whoever follows it is asked every second whether it is still wanted; then it is gone at once."""
    looks = iter([None, None, RuntimeError()])

    def check() -> None:
        if error := next(looks):
            raise error

    with pytest.raises(RuntimeError):
        run(tmp_path, "import time; time.sleep(99)", check=check)


def test_a_trainer_that_talks_all_the_time_can_be_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked as often as of a silent one."""
    monkeypatch.setattr("service.training.CHECK_S", 0.1)
    code = """
import time
for done in range(1000):
    print(json.dumps({"stage": "train", "done": done, "total": 1000}), flush=True)
    time.sleep(0.02)
"""

    def check() -> None:
        raise StoreError("The lease was lost.")

    with pytest.raises(StoreError):
        run(tmp_path, code, check=check)


def test_a_ctrl_c_in_the_terminal_is_not_the_trainers(tmp_path: Path) -> None:
    """The terminal tells all processes of its group; whoever runs the trainer ends it, and knows why it ended."""
    code = "print(json.dumps({'result': {'group': os.getpgrp()}}))"
    assert run(tmp_path, code)["group"] != os.getpgrp()


def test_the_trainer_ends_when_whoever_follows_it_fails(tmp_path: Path) -> None:
    """Nothing is left to train for nobody, say after Ctrl-C."""

    def interrupt(_: Stage) -> None:
        raise KeyboardInterrupt

    code = """
import time
print(json.dumps({"stage": "train", "done": 1, "total": 2}), flush=True)
time.sleep(1)
open(os.path.join(sys.argv[1], "went on"), "w").close()
"""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, code, interrupt)
    assert not (tmp_path / "went on").exists()


@pytest.mark.process
def test_killing_the_service_ends_the_trainer(tmp_path: Path) -> None:
    """SIGKILL to whoever runs it: a trainer that says nothing and hears nothing is gone within seconds."""
    silent = "import os, sys, time; from trainer.leash import hold; hold(0); print(os.getpid(), file=sys.stderr)"
    code = f"""
import sys
from pathlib import Path
from service.training import run_trainer
program = (sys.executable, "-c", {silent + "; time.sleep(99)"!r})
run_trainer(Path({str(tmp_path)!r}), "", lambda _: None, program=program)
"""
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) as service:
        assert service.stderr is not None
        trainer = psutil.Process(int(service.stderr.readline()))
        began = time.monotonic()
        service.kill()
        trainer.wait(10)
    assert time.monotonic() - began < 3
