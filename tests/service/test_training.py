"""A training run from the service's side, with a program of a few lines in the trainer's place."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.errors import TrainError
from connectors.job import ENGINE_KEY, TrainJob, read_job
from connectors.train_settings import TrainSettings
from service.training import RESULT, Stage, plan_run, run_trainer, runs_of

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


def run(folder: Path, code: str, on_stage: Callable[[Stage], None] = lambda _: None) -> dict[str, object]:
    """Run a few lines of Python as the trainer; they find the folder in `sys.argv[1]`."""
    return run_trainer(folder, "secret", on_stage, program=(sys.executable, "-c", f"import json, os, sys\n{code}"))


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
    """No word and a signal: the message has its number, the hint what it often means."""
    with pytest.raises(TrainError, match="-9") as caught:
        run(tmp_path, "os.kill(os.getpid(), 9)")
    assert "memory" in caught.value.hint


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
