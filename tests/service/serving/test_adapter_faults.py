"""What goes wrong with adapters: the one in service stays, and it is said why and what to do."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.adapter import CARD, WEIGHTS, current_version, folder, set_current, taint, withdraw
from connectors.adapter.disk import fresh_name
from connectors.errors import EngineDown, EngineError, ModelMissing, StoreError
from connectors.llm import ModelServer, Sampling
from service.notices import NoticeKind
from tests.fake_engine import BASE, FakeEngine
from tests.service.serving.served import Served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Ana's first adapter writes."""
    with FakeEngine() as engine:
        served = Served(root=tmp_path / "adapters", engine=engine)
        served.train()
        served.keeper.refresh()
        yield served


def _stays(served: Served, name: str, *words: str) -> None:
    """See that the incumbent serves, now and after another round, and that a problem names reason and next step."""
    for _ in range(2):
        assert served.keeper.refresh() == []
        assert served.writer() == "ana@v1"
        assert current_version(served.root, "ana") == 1
        assert list(served.keeper.problems) == [name]
        for word in (name, "is not in service", *words):
            assert word in served.keeper.problems[name]


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"base_model": "other"}, NoticeKind.ADAPTER_MODEL, "trained for the base model other, and tiny is set"),
        ({"prompt_version": "0"}, NoticeKind.ADAPTER_PROMPT, "another version of the prompt"),
        ({"base_revision": "other stuff"}, NoticeKind.ADAPTER_MODEL_CHANGED, "base model changed since"),
        ({"serving": "merged", "method": "rosa"}, NoticeKind.ADAPTER_METHOD, "rosa needs merged serving"),
    ],
)
def test_one_that_is_for_something_else_waits(
    served: Served, change: dict[str, object], kind: NoticeKind, words: str
) -> None:
    """Another base model, another prompt, a base model that changed, another way to serve."""
    served.revision = "what it is made of now"
    served.train(**change)
    next_step = "[engine] serving" if "serving" in change else "cyrano train --account ana"
    _stays(served, "ana@v2", words, next_step)
    assert not served.loads("ana@v2")
    (notice,) = served.keeper.notices("ana")
    assert (notice.kind, notice.about, notice.text) == (kind, "ana@v2", served.keeper.problems["ana@v2"])
    assert not served.keeper.notices("an")


def test_a_base_model_that_changed_puts_its_adapter_out_of_service(served: Served) -> None:
    """The base model itself writes; back with the old one, its adapter does again, without a word from anybody."""
    served.revision = "a"
    served.train(base_revision="a")
    assert served.keeper.refresh() == ["ana@v2"]
    served.revision = "b"
    served.keeper.refresh()
    assert served.writer() == "ana@v1"  # it does not say what it was trained on
    assert "base model changed" in served.keeper.problems["ana@v2"]
    served.revision = "a"
    assert served.keeper.refresh() == ["ana@v2"]
    assert served.keeper.problems == {}


def test_a_base_model_that_cannot_be_read_now_changes_nothing(served: Served) -> None:
    """The engine has it in memory."""

    def unreadable() -> str:
        raise StoreError("The model tiny cannot be read.")

    served.train(base_revision="a")
    keeper = served.another(revision=unreadable)
    assert keeper.refresh() == ["ana@v2"]


def test_where_no_adapter_fits_the_base_model_writes_and_the_pointer_waits(served: Served) -> None:
    """The prompt has changed under all of them: the newest stands for all in what is said."""
    served.train()
    served.keeper.refresh()
    later = served.another(base_model="another")
    assert later.refresh() == []
    with later.serving("ana") as name:
        assert name == BASE
    assert later.in_service("ana") is None
    assert list(later.problems) == ["ana@v2"]
    assert current_version(served.root, "ana") == 2


def test_a_card_that_is_cut_off_is_no_candidate(served: Served) -> None:
    """As a full disk or a broken copy leaves it."""
    served.train()
    card = folder(served.root, "ana", 2) / CARD
    card.write_text(card.read_text()[:40])
    _stays(served, "ana@v2", "cannot be read", "cyrano train")


def test_a_folder_without_a_card_is_no_candidate(served: Served) -> None:
    """Half of an adapter that somebody copied."""
    served.train()
    (folder(served.root, "ana", 2) / CARD).unlink()
    _stays(served, "ana@v2", "no card.json", "cyrano train")


@pytest.mark.parametrize("name", [WEIGHTS, "adapter_config.json"])
def test_a_file_that_changed_is_never_loaded(served: Served, name: str) -> None:
    """The engine is not even asked."""
    served.train()
    (folder(served.root, "ana", 2) / name).write_text("other")
    _stays(served, "ana@v2", "of its card", "cyrano train")
    assert not served.loads("ana@v2")


def test_the_newest_without_its_weights_is_missed(served: Served) -> None:
    """Old ones lose their weights by rule, and nobody is told; the newest never does."""
    for _ in range(2):
        served.train()
    (folder(served.root, "ana", 2) / WEIGHTS).unlink()
    (folder(served.root, "ana", 3) / WEIGHTS).unlink()
    _stays(served, "ana@v3", "weights are missing", "cyrano train")
    served.train()
    assert served.keeper.refresh() == ["ana@v4"]
    assert served.keeper.problems == {}


def test_a_full_disk_moves_no_pointer_and_is_made_up_for(served: Served) -> None:
    """Other accounts are looked after all the same; when there is room again the flip comes by itself."""
    served.train()
    served.train("ben")
    fresh_name(served.root / "ana" / "current").symlink_to("/dev/full")
    assert served.keeper.refresh() == ["ben@v1"]
    assert (served.writer(), current_version(served.root, "ana")) == ("ana@v1", 1)
    said = served.keeper.problems["ana@v2"]
    assert "ana@v2 could not be put in service" in said
    assert "Free some disk space" in said
    assert served.keeper.refresh() == ["ana@v2"]
    assert served.keeper.problems == {}


def test_an_engine_that_answers_a_load_with_an_error_is_not_asked_with_every_round(served: Served) -> None:
    """It is tried again after a while, with growing waits, and when the engine was started anew."""
    served.train()
    served.engine.behaviour.refused.add("ana@v2")
    _stays(served, "ana@v2", "adapter rank")
    asked = served.engine.behaviour.asked_to_load
    assert asked.count("ana@v2") == 1
    for later_s, times in ((599, 1), (600, 2), (1200, 2), (1799, 2), (1800, 3)):
        served.now = later_s
        served.keeper.refresh()
        assert (later_s, asked.count("ana@v2")) == (later_s, times)
    served.restart_engine()
    served.engine.behaviour.refused.clear()
    assert served.keeper.refresh() == ["ana@v2"]
    assert served.keeper.problems == {}


def test_a_mended_folder_is_tried_at_once(served: Served, tmp_path: Path) -> None:
    """Somebody brought back the file that was damaged."""
    served.train()
    path = folder(served.root, "ana", 2)
    shutil.copytree(path, tmp_path / "backup")
    (path / WEIGHTS).write_bytes(b"damaged")
    _stays(served, "ana@v2", "weights")
    shutil.copy(tmp_path / "backup" / WEIGHTS, path / WEIGHTS)
    assert served.keeper.refresh() == ["ana@v2"]


def test_an_engine_that_dies_once_while_loading_gets_another_try(served: Served) -> None:
    """An accident refuses nothing."""
    served.train()
    served.engine.behaviour.deadly.add("ana@v2")
    with pytest.raises(EngineDown):
        served.keeper.refresh()
    assert served.keeper.problems == {}
    served.restart_engine()
    served.engine.behaviour.deadly.clear()
    assert served.keeper.refresh() == ["ana@v2"]


def test_an_adapter_that_kills_the_engine_is_left_alone(served: Served) -> None:
    """After the second death the incumbent serves, restarts or not; hours later it is tried again."""
    served.train()
    served.engine.behaviour.deadly.add("ana@v2")
    for _ in range(2):
        with pytest.raises(EngineDown):
            served.keeper.refresh()
        served.restart_engine()
        assert served.writer() == "ana@v1"
    served.restart_engine()
    _stays(served, "ana@v2", "stopped answering 2 times", "logs/engine.log", "train again")
    assert served.engine.behaviour.asked_to_load.count("ana@v2") == 2
    served.now = 600
    with pytest.raises(EngineDown):
        served.keeper.refresh()
    served.now = 1799
    served.restart_engine()
    _stays(served, "ana@v2", "stopped answering 3 times")
    assert served.engine.behaviour.asked_to_load.count("ana@v2") == 3


def test_the_one_in_service_that_cannot_be_loaded_any_more_makes_way_for_the_one_before(served: Served) -> None:
    """Nearer to its owner's words than the base model; it comes back when it was mended."""
    served.train()
    served.keeper.refresh()
    served.restart_engine()
    weights = folder(served.root, "ana", 2) / WEIGHTS
    weights.write_bytes(b"damaged")
    assert served.keeper.refresh() == ["ana@v1"]
    assert served.writer() == "ana@v1"
    assert "ana@v2" in served.keeper.problems
    weights.write_bytes(b"weights")
    assert served.keeper.refresh() == ["ana@v2"]


def test_an_engine_that_does_not_know_the_adapter_after_all_is_asked_anew(served: Served) -> None:
    """It ended between the look and the draft: the next draft finds out."""

    def draft() -> None:
        with served.keeper.serving("ana") as name:
            raise ModelMissing(f"{name} does not exist.")

    with pytest.raises(ModelMissing):
        draft()
    served.engine.behaviour.broken.add("ana@v1")
    assert served.writer() == BASE


def test_a_resting_engine_is_left_in_peace(served: Served) -> None:
    """Neither drafts nor flips; whoever asks is told when to come again."""

    def rests() -> None:
        raise EngineDown("The model server rests while Cyrano learns.", retry_after_s=30)

    keeper = served.another(awake=rests)
    served.train()
    requests = len(served.engine.behaviour.requests)
    with pytest.raises(EngineDown) as caught:
        keeper.refresh()
    assert caught.value.retry_after_s == 30
    with pytest.raises(EngineDown), keeper.serving("ana"):
        pass
    assert len(served.engine.behaviour.requests) == requests


def test_drafts_do_not_wait_for_an_adapter_that_is_loading(served: Served) -> None:
    """The one in service writes meanwhile."""
    served.train()
    served.engine.behaviour.load_gate = gate = threading.Event()
    flip = threading.Thread(target=served.keeper.refresh)
    flip.start()
    try:
        assert served.engine.behaviour.is_loading.wait(5)
        assert served.writer() == "ana@v1"
        assert flip.is_alive()
    finally:
        gate.set()
        flip.join(5)
    assert served.writer() == "ana@v2"


def test_what_was_replaced_lingers_for_drafts_of_other_processes(served: Served) -> None:
    """They may have read the pointer just before."""
    keeper = served.another(linger_s=5.0)
    keeper.refresh()
    served.train()
    keeper.refresh()
    served.now = 4.9
    keeper.refresh()
    assert "ana@v1" in served.engine.behaviour.models
    served.now = 5.0
    keeper.refresh()
    assert "ana@v1" not in served.engine.behaviour.models


def test_a_server_that_cannot_load_adapters_leaves_the_base_model(tmp_path: Path) -> None:
    """Any server of models may be named; what it lacks is said once."""
    with FakeEngine() as engine:
        engine.behaviour.can_load = False
        served = Served(root=tmp_path / "adapters", engine=engine)
        served.train()
        set_current(served.root, "ana", 1)
        assert served.writer() == BASE
        assert served.keeper.in_service("ana") is None
        assert "is not in service" in served.keeper.problems["ana@v1"]


def test_what_another_adapter_wrote_is_an_error(served: Served) -> None:
    """No word of it reaches the draft."""
    server = ModelServer(served.engine.url)
    served.engine.behaviour.lying = True
    with pytest.raises(EngineError, match="Asked for ana@v1, base answered"):
        next(iter(server.stream("ana@v1", [{"role": "user", "content": "Hello"}], Sampling())))


def test_what_another_process_put_in_service_after_all_is_not_taken_back(served: Served) -> None:
    """It was refused to this one in passing: it follows, and does not change back what the other has changed."""
    served.train()
    served.engine.behaviour.refused.add("ana@v2")
    assert served.keeper.refresh() == []
    served.engine.behaviour.refused.clear()
    other = served.another()
    assert other.refresh() == ["ana@v2"]
    assert served.keeper.refresh() == other.refresh() == []
    assert current_version(served.root, "ana") == 2
    assert served.writer() == "ana@v2"
    assert served.keeper.problems == {}


def test_an_adapter_of_that_name_from_another_home_never_writes(served: Served, tmp_path: Path) -> None:
    """Two homes share a server: what the other one loaded is named as what is in the way, and left there."""
    served.engine.behaviour.models["ana@v2"] = elsewhere = str(tmp_path / "other" / "ana" / "v2")
    served.train()
    _stays(served, "ana@v2", "another ana@v2", elsewhere, "each home a server")
    (served.root / "ana").rename(tmp_path / "gone")
    served.keeper.refresh()
    assert served.engine.behaviour.models == {BASE: "", "ana@v2": elsewhere}


def test_an_adapter_of_that_name_that_came_after_a_restart_does_not_write(served: Served, tmp_path: Path) -> None:
    """The engine was started anew, and the other home was quicker."""
    served.engine.behaviour.models = {BASE: "", "ana@v1": str(tmp_path / "other" / "ana" / "v1")}
    assert served.writer() == BASE
    assert "another ana@v1" in served.keeper.problems["ana@v1"]


def test_an_engine_that_is_only_busy_did_not_die(served: Served) -> None:
    """However often it has no time for a probe, the adapter is not blamed."""
    served.train()
    served.engine.behaviour.status = 503
    for _ in range(3):
        with pytest.raises(EngineDown):
            served.keeper.refresh()
    served.engine.behaviour.status = 200
    assert served.keeper.refresh() == ["ana@v2"]


def test_what_was_unloaded_is_probed_anew_when_it_comes_back(served: Served) -> None:
    """What answered once may not do so the next time."""
    served.train()
    served.keeper.refresh()
    withdraw(served.root, "ana", 2, "as the test wants it")
    assert served.keeper.refresh() == ["ana@v1"]
    served.keeper.refresh()
    served.train()
    served.engine.behaviour.models["ana@v1"] = str(folder(served.root, "ana", 1).resolve())
    assert served.keeper.refresh() == ["ana@v3"]
    assert served.keeper._probed == {"ana@v3"}


def test_one_that_learned_from_forgotten_mail_cannot_be_gone_back_to(served: Served) -> None:
    """Where that is strict."""
    card = served.train()
    taint(served.root, "ana", 2)
    assert served.keeper.why_not(card) == ""
    assert "forgotten" in served.another(is_strict=True).why_not(card)
