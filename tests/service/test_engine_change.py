"""Another model takes the engine's place, or what was served before is served again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.errors import EngineDown, EngineError
from connectors.llm import ModelServer
from service.engine.keeper import EngineState
from service.engine.order import FILE, read_order
from service.engine.rest import RestWatch
from tests.fake_engine import FakeEngine
from tests.service.keepers import Keepers


@pytest.fixture
def keepers(tmp_path: Path) -> Iterator[Keepers]:
    """Keepers of a stand-in."""
    made = Keepers(tmp_path)
    yield made
    made.stop()


def test_another_model_answers_under_its_name(keepers: Keepers) -> None:
    """When the call returns it is served, and drafts are let in again."""
    keeper = keepers.ready(serving="merged")
    keeper.change("/merged/ana@v3", "ana@v3", drain_s=1)
    assert ModelServer(keeper.url).models() == ["ana@v3"]
    assert keepers.record.model == "ana@v3"
    keeper.wait_ready(15)
    RestWatch(keepers.home).check()


def test_what_is_served_already_is_left_alone(keepers: Keepers) -> None:
    """Nobody waits for a start that changes nothing."""
    keeper = keepers.ready(serving="merged")
    before = keepers.record
    keeper.change("", "")
    assert keepers.record == before


@pytest.mark.parametrize("model", ["bad", "odd"])
def test_one_that_does_not_come_up_makes_way(keepers: Keepers, model: str) -> None:
    """What was served before is served again when the error is told, and goes on to be."""
    keeper = keepers.ready(serving="merged")
    keeper.change("/merged/ana@v3", "ana@v3", drain_s=1)
    with pytest.raises(EngineError, match="ana@v4 could not be served") as caught:
        keeper.change(model, "ana@v4", drain_s=1)
    assert not isinstance(caught.value, EngineDown)
    assert ModelServer(keeper.url).models() == ["ana@v3"]
    keeper.change("/merged/ana@v3", "ana@v3", drain_s=1)


def test_it_goes_back_to_what_is_configured(keepers: Keepers) -> None:
    """An adapter that is withdrawn leaves the base model."""
    keeper = keepers.ready(serving="merged")
    keeper.change("/merged/ana@v3", "ana@v3", drain_s=1)
    keeper.change("", "", drain_s=1)
    assert ModelServer(keeper.url).models() == ["m"]


def test_the_next_process_serves_the_same(keepers: Keepers) -> None:
    """What was ordered outlives whoever ordered it."""
    first = keepers.ready(serving="merged")
    first.change("/merged/ana@v3", "ana@v3", drain_s=1)
    first.stop()
    second = keepers.ready(serving="merged")
    assert ModelServer(second.url).models() == ["ana@v3"]


def test_weights_that_are_gone_leave_the_base_model(keepers: Keepers) -> None:
    """A folder that somebody deleted meanwhile does not keep the engine from starting."""
    first = keepers.ready(serving="merged")
    first.change("/merged/ana@v3", "ana@v3", drain_s=1)
    first.stop()
    path = keepers.home / "run" / FILE
    path.write_text(path.read_text().replace("/merged/ana@v3", "bad"))
    second = keepers.ready(serving="merged")
    assert ModelServer(second.url).models() == ["m"]
    assert "not on this machine" in read_order(keepers.home).error
    assert second.state is EngineState.READY


@pytest.mark.process
def test_it_is_changed_from_another_process_too(keepers: Keepers) -> None:
    """The one who keeps the engine need not be the one who knows what it is to serve."""
    first, second = keepers.ready(serving="merged"), keepers.ready(serving="merged")
    second.change("/merged/ana@v3", "ana@v3", drain_s=1)
    assert ModelServer(first.url).models() == ["ana@v3"]
    first.wait_ready(15)
    second.wait_ready(15)
    assert second.error is None


def test_nobody_there_to_change_it_is_said(keepers: Keepers) -> None:
    """Without an engine nothing is waited for."""
    keeper = keepers.keep(serving="merged")
    keeper.stop()
    with pytest.raises(EngineDown, match="No process keeps"):
        keeper.change("/merged/ana@v3", "ana@v3")


def test_a_server_of_others_is_not_changed(keepers: Keepers) -> None:
    """What answers at [engine] url is not ours to restart."""
    with FakeEngine() as engine:
        keeper = keepers.ready(url=engine.url, serving="merged")
        with pytest.raises(EngineError, match="not Cyrano's"):
            keeper.change("/merged/ana@v3", "ana@v3")


def test_beside_its_adapters_only_the_base_model_is_served(keepers: Keepers) -> None:
    """With serving = "lora" an order of other days counts for nothing, and none is taken."""
    first = keepers.ready(serving="merged")
    first.change("/merged/ana@v3", "ana@v3", drain_s=1)
    first.stop()
    second = keepers.ready(serving="lora")
    assert ModelServer(second.url).models() == ["m"]
    with pytest.raises(EngineError, match="serves its base model"):
        second.change("/merged/ana@v3", "ana@v3")
