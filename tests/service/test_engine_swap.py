"""The keeper exchanges weights in place where they fit, and starts the engine anew where they do not."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.errors import EngineError
from connectors.llm import ModelServer, Sampling
from service.engine.order import Order, read_order, write_order
from service.engine.rest import RestWatch
from service.engine.swap import have_same_form
from tests.fake_engine import draft_of
from tests.service.keepers import Keepers

FORM = {"hidden_size": 64, "dtype": "bfloat16", "tie_word_embeddings": False}


@pytest.fixture
def keepers(tmp_path: Path) -> Iterator[Keepers]:
    """Keepers of a stand-in."""
    made = Keepers(tmp_path / "home")
    yield made
    made.stop()


def _model(folder: Path, **changes: object) -> str:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(FORM | changes))
    return str(folder)


def test_weights_of_one_form_take_each_others_place_in_the_same_process(keepers: Keepers, tmp_path: Path) -> None:
    """It answers under the new name, and is served so after a start too; drafts are let in again."""
    first, second = _model(tmp_path / "ana@v1"), _model(tmp_path / "ana@v2", transformers_version="9")
    keeper = keepers.ready(model=first, sleep_mode=True)
    before = keepers.record
    keeper.change(second, "ana@v2", drain_s=1)
    assert ModelServer(keeper.url).models() == ["ana@v2"]
    assert (keepers.record.pid, keepers.record.model) == (before.pid, "ana@v2")
    keeper.wait_ready(15)
    RestWatch(keepers.home).check()
    order = read_order(keepers.home)
    assert (order.served.model, order.is_proven) == (second, True)
    keeper.stop()
    assert ModelServer(keepers.ready(model=first, sleep_mode=True).url).models() == ["ana@v2"]


def test_drafts_under_way_end_first(keepers: Keepers, tmp_path: Path) -> None:
    """What was begun is written to its end by what began it."""
    first, second = _model(tmp_path / "ana@v1"), _model(tmp_path / "ana@v2")
    keeper = keepers.ready("--piece-s", "0.1", model=first, sleep_mode=True)
    server, begun, written = ModelServer(keeper.url), threading.Event(), []

    def write() -> None:
        for piece in server.stream("ana@v1", [{"role": "user", "content": "Hello"}], Sampling()):
            begun.set()
            written.append(piece)

    thread = threading.Thread(target=write)
    thread.start()
    assert begun.wait(5)
    keeper.change(second, "ana@v2", drain_s=10)
    thread.join(1)
    assert "".join(written) == draft_of("ana@v1")


@pytest.mark.parametrize("why", ["form", "sleepless"])
def test_what_cannot_go_in_place_is_started(keepers: Keepers, tmp_path: Path, why: str) -> None:
    """Weights of another form, or an engine that does not have the route: the outcome is the same."""
    first = _model(tmp_path / "ana@v1")
    second = _model(tmp_path / "ana@v2", **({"dtype": "float32"} if why == "form" else {}))
    keeper = keepers.ready(*(["--sleepless"] if why == "sleepless" else []), model=first, sleep_mode=True)
    before = keepers.record
    keeper.change(second, "ana@v2", drain_s=1)
    assert ModelServer(keeper.url).models() == ["ana@v2"]
    assert keepers.record.pid != before.pid


def test_without_sleep_mode_nothing_goes_in_place(keepers: Keepers, tmp_path: Path) -> None:
    """The engine was not told to have the route."""
    first, second = _model(tmp_path / "ana@v1"), _model(tmp_path / "ana@v2")
    keeper = keepers.ready(model=first)
    before = keepers.record
    keeper.change(second, "ana@v2", drain_s=1)
    assert keepers.record.pid != before.pid


def test_an_engine_that_dies_in_the_middle_is_started_with_what_was_ordered(keepers: Keepers, tmp_path: Path) -> None:
    """Its weights were torn; the fresh one has the new ones from the disk, under their name."""
    first, second = _model(tmp_path / "ana@v1"), _model(tmp_path / "torn" / "ana@v2")
    keeper = keepers.ready(model=first, sleep_mode=True)
    before = keepers.record
    keeper.change(second, "ana@v2", drain_s=1)
    assert ModelServer(keeper.url).models() == ["ana@v2"]
    assert keepers.record.pid != before.pid


def test_what_serves_neither_in_place_nor_anew_leaves_what_was_before(keepers: Keepers, tmp_path: Path) -> None:
    """The error is told when the former one answers again."""
    keeper = keepers.ready(model=_model(tmp_path / "ana@v1"), sleep_mode=True)
    with pytest.raises(EngineError, match="ana@v2 could not be served"):
        keeper.change("bad", "ana@v2", drain_s=1)
    assert ModelServer(keeper.url).models() == ["ana@v1"]


def test_the_form_is_all_that_shapes_the_weights(tmp_path: Path) -> None:
    """Who wrote the configuration is not; a missing or broken one fits nothing."""
    one = _model(tmp_path / "one")
    assert have_same_form(one, _model(tmp_path / "two", transformers_version="9", _name_or_path="x"))
    assert not have_same_form(one, _model(tmp_path / "three", tie_word_embeddings=True))
    assert not have_same_form(one, _model(tmp_path / "four", dtype="float32"))
    assert not have_same_form(one, str(tmp_path / "nowhere"))
    assert not have_same_form(str(tmp_path / "nowhere"), str(tmp_path / "nowhere"))
    broken = _model(tmp_path / "broken")
    (tmp_path / "broken" / "config.json").write_text("{")
    assert not have_same_form(broken, broken)


def test_a_disk_that_is_full_after_the_weights_were_exchanged_leaves_no_lie(
    keepers: Keepers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever goes back to the former one gets it: it is known that the engine has another."""
    first, second = _model(tmp_path / "ana@v1"), _model(tmp_path / "ana@v2")
    keeper = keepers.ready(model=first, sleep_mode=True)

    def write(home: Path, order: Order) -> None:
        if order.is_proven:
            raise EngineError("No space left.")
        write_order(home, order)

    with monkeypatch.context() as full:
        full.setattr("service.engine.change.write_order", write)
        with pytest.raises(EngineError, match="No space left"):
            keeper.change(second, "ana@v2", drain_s=1)
    assert ModelServer(keeper.url).models() == ["ana@v2"]
    keeper.change("", "", drain_s=1)
    assert ModelServer(keeper.url).models() == ["ana@v1"]


def test_an_engine_that_answers_as_another_than_is_written_is_started_anew(keepers: Keepers, tmp_path: Path) -> None:
    """What the engine says counts."""
    first, second = _model(tmp_path / "ana@v1"), _model(tmp_path / "ana@v2")
    keeper = keepers.ready(model=first, sleep_mode=True)
    ModelServer(keeper.url).serve(second, "ana@v2", drain_s=1)
    keeper.change("", "", drain_s=1)
    assert ModelServer(keeper.url).models() == ["ana@v1"]
