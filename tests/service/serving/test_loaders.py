"""How an engine that finds adapters by itself is served: by a folder, and by names."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.adapter import WEIGHTS, folder
from connectors.llm import ModelServer
from service.serving.loaders import SERVED, ByFolder
from tests.fake_engine import FakeEngine
from tests.service.serving.served import Served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """An engine that looks into the folder for what it is asked for."""
    with FakeEngine() as engine:
        engine.behaviour.can_load = False
        engine.behaviour.resolver = tmp_path / "adapters" / SERVED
        yield Served(root=tmp_path / "adapters", engine=engine, settings={"finds_itself": True})


def test_the_folder_names_the_base_model_as_the_engine_does(served: Served) -> None:
    """All else is a link into the adapter's own folder, wherever the disk is mounted."""
    served.train()
    assert served.keeper.refresh() == ["ana@v1"]
    laid = served.root / SERVED / "ana@v1"
    assert json.loads((laid / "adapter_config.json").read_text())["base_model_name_or_path"] == "/models/tiny"
    assert (laid / WEIGHTS).is_symlink()
    assert not (laid / WEIGHTS).readlink().is_absolute()
    assert (laid / WEIGHTS).read_bytes() == b"weights"
    own = json.loads((folder(served.root, "ana", 1) / "adapter_config.json").read_text())
    assert own["base_model_name_or_path"] == "/there/tiny"
    assert served.writer() == "ana@v1"
    assert served.keeper.problems == {}


def test_an_engine_that_was_started_anew_is_told_nothing(served: Served) -> None:
    """It finds what it is asked for; the keeper does not stop drafts over it."""
    served.train()
    served.keeper.refresh()
    served.restart_engine()
    assert served.writer() == "ana@v1"
    ModelServer(served.engine.url).probe("ana@v1")


def test_replaced_ones_leave_the_folder(served: Served) -> None:
    """A fresh engine cannot load them any more, nor those of an account that is gone."""
    served.train()
    served.keeper.refresh()
    served.train()
    assert served.keeper.refresh() == ["ana@v2"]
    assert [path.name for path in (served.root / SERVED).iterdir()] == ["ana@v2"]
    (served.root / "ana").rename(served.root.parent / "gone")
    served.keeper.refresh()
    assert list((served.root / SERVED).iterdir()) == []


def test_a_model_that_moved_is_named_anew(served: Served) -> None:
    """After an update of a downloaded model, or on another machine."""
    served.train()
    served.keeper.refresh()
    served.engine.behaviour.base_path = "/models/moved"
    served.restart_engine()
    assert served.writer() == "ana@v1"
    laid = served.root / SERVED / "ana@v1"
    assert json.loads((laid / "adapter_config.json").read_text())["base_model_name_or_path"] == "/models/moved"


def test_an_engine_without_the_plugin_leaves_the_base_model_and_says_so(served: Served) -> None:
    """It answers that there is no such model."""
    served.engine.behaviour.resolver = None
    served.train()
    assert served.keeper.refresh() == []
    assert served.writer() == "base"
    assert "ana@v1 is not in service" in served.keeper.problems["ana@v1"]


def test_a_broken_configuration_is_said(served: Served) -> None:
    """Nothing half-made is left where engines look."""
    served.train()
    path = folder(served.root, "ana", 1) / "adapter_config.json"
    content = json.loads((path.parent / "card.json").read_text())
    path.write_text("{")
    content["files"] = {}
    (path.parent / "card.json").write_text(json.dumps(content))
    assert served.keeper.refresh() == []
    assert "adapter_config.json" in served.keeper.problems["ana@v1"]
    assert list((served.root / SERVED).iterdir()) == []


def test_two_keepers_share_the_folder(served: Served) -> None:
    """The service and the watchers in another process."""
    served.train()
    other = served.another()
    assert served.keeper.refresh() == ["ana@v1"]
    assert other.refresh() == []
    with other.serving("ana") as name:
        assert name == "ana@v1"


def test_two_processes_lay_the_same_at_once(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is a moment too late: what it finds is what it would have laid."""
    served.train()
    rename = Path.rename

    def late(fresh: Path, laid: Path) -> Path:
        if laid.parent.name == SERVED:
            monkeypatch.setattr(Path, "rename", rename)
            shutil.copytree(fresh, laid, symlinks=True)
        return rename(fresh, laid)

    monkeypatch.setattr(Path, "rename", late)
    assert served.keeper.refresh() == ["ana@v1"]
    assert served.keeper.problems == {}
    assert [path.name for path in (served.root / SERVED).iterdir()] == ["ana@v1"]


def test_what_lies_there_already_is_not_taken_away_for_a_moment(served: Served) -> None:
    """Another process may have an engine load it just now."""
    served.train()
    served.keeper.refresh()
    laid = (served.root / SERVED / "ana@v1").stat().st_ino
    ByFolder(ModelServer(served.engine.url), served.root).put("ana@v1", folder(served.root, "ana", 1))
    assert (served.root / SERVED / "ana@v1").stat().st_ino == laid
