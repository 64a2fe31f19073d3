"""Whether the engine goes on beside a run, sleeps, or ends for it: by the settings and by the numbers."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import pytest

from connectors.errors import EngineError
from connectors.pipe import Room
from service.engine.record import hold_engine, is_kept
from service.engine.rest import RestWatch
from service.engine.settings import EngineSettings
from service.refresh.settings import RefreshSettings
from service.refresh.sharing import Sharing, Way

FITS = {"needs": 5, "free": 6}
TOO_BIG = {"needs": 7, "free": 6}
Build = Literal["cpu", "gpu"]
GPU: Build = "gpu"
CPU: Build = "cpu"
SLEEPER = {"sleep_mode": True}
FAR = {"url": "http://127.0.0.1:1/v1"}


def sharing(home: Path, build: Build, engine: Mapping[str, object] = MappingProxyType({})) -> Sharing:
    """A home with an engine that answers."""
    settings = EngineSettings.model_validate({"model": "m", **engine})
    return Sharing(home, settings, answers=lambda: True, build=lambda: build)


@pytest.mark.parametrize(
    "case",
    [
        (GPU, SLEEPER, "auto", {**FITS, "device": "cuda"}, "beside"),
        (GPU, SLEEPER, "auto", {**TOO_BIG, "device": "cuda"}, "sleep"),
        (GPU, {}, "auto", {**TOO_BIG, "device": "cuda"}, "stop"),
        (GPU, SLEEPER, "auto", {**TOO_BIG, "device": "cpu"}, "beside"),
        (CPU, SLEEPER, "auto", {**TOO_BIG, "device": "cpu"}, "stop"),
        (CPU, {}, "auto", {**TOO_BIG, "device": "cpu"}, "stop"),
        (CPU, {}, "auto", {**FITS, "device": "cpu"}, "beside"),
        (CPU, {}, "auto", {**TOO_BIG, "device": "cuda"}, "beside"),
        (GPU, SLEEPER, "beside", {**TOO_BIG, "device": "cuda"}, "beside"),
        (GPU, SLEEPER, "sleep", {**FITS, "device": "cuda"}, "sleep"),
        (GPU, SLEEPER, "stop", {**FITS, "device": "cuda"}, "stop"),
        (GPU, {}, "sleep", {**FITS, "device": "cuda"}, "stop"),
        (CPU, SLEEPER, "sleep", {**FITS, "device": "cpu"}, "stop"),
        (GPU, {**FAR, **SLEEPER}, "auto", {**TOO_BIG, "device": "cuda"}, "sleep"),
        (GPU, FAR, "auto", {**TOO_BIG, "device": "cuda"}, "beside"),
        (CPU, {**FAR, **SLEEPER}, "auto", {**TOO_BIG, "device": "cpu"}, "beside"),
    ],
)  # fmt: skip
def test_it_goes_on_where_both_fit_and_else_frees_as_little_as_it_must(
    tmp_path: Path, case: tuple[Build, dict[str, object], str, dict[str, object], Way]
) -> None:
    """Asleep it is back in a second, but only a GPU's memory is freed by that; settings are kept where they can be."""
    build, engine, share, room, way = case
    asked = RefreshSettings.model_validate({"share": share})
    assert sharing(tmp_path, build, engine).way(Room.model_validate(room), asked) == way


@pytest.mark.parametrize("share", ["sleep", "stop"])
def test_what_is_set_and_cannot_be_is_said(tmp_path: Path, share: str) -> None:
    """A server of others is not stopped, nor sent to sleep without its leave."""
    asked = RefreshSettings.model_validate({"share": share})
    with pytest.raises(EngineError, match="cannot rest") as caught:
        sharing(tmp_path, GPU, FAR).way(Room(needs=1, free=2), asked)
    assert "beside" in caught.value.hint


def test_without_an_engine_nobody_makes_way(tmp_path: Path) -> None:
    """`cyrano train` on a machine where nothing drafts; nor is vLLM looked for, which need not be there."""

    def no_vllm() -> Build:
        raise AssertionError

    alone = Sharing(tmp_path, EngineSettings(model="m"), answers=lambda: False, build=no_vllm)
    asked = RefreshSettings(share="stop")
    assert alone.way(Room(needs=7, free=6), asked) == "beside"
    with alone.room_for("ana", asked)(Room(needs=7, free=6)):
        assert RestWatch(tmp_path).asked() is None


def test_an_engine_that_only_starts_is_one(tmp_path: Path) -> None:
    """It would take its memory in the middle of the run."""
    with hold_engine(tmp_path):
        assert is_kept(tmp_path)
        found = Sharing(tmp_path, EngineSettings(model="m"), answers=lambda: False, build=lambda: CPU)
        assert found.way(Room(needs=7, free=6), RefreshSettings()) == "stop"
    assert not is_kept(tmp_path)
