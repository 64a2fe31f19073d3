"""The real engine at rest: vLLM's CPU build, asleep and stopped, and what that does to memory and to drafts."""

import fcntl
import logging
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from connectors.errors import EngineDown
from connectors.llm import ModelServer, Sampling
from service.engine.keeper import EngineKeeper
from service.engine.record import is_kept, read_record
from service.engine.rest import resting
from service.engine.settings import EngineSettings
from tests.parts import require
from tests.ports import free_port
from tests.service.test_engine_vllm import LOCK, START_S
from tests.waiting import until

pytestmark = pytest.mark.server
logger = logging.getLogger(__name__)

GREEDY = Sampling(temperature=0, top_p=1, max_tokens=16)
LONG = Sampling(temperature=0, top_p=1, max_tokens=400)
HELLO = [{"role": "user", "content": "Say hello."}]


@pytest.fixture(scope="module")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineKeeper]:
    """A running engine that may be told to sleep; only one on the machine at a time."""
    require("vLLM", is_there=find_spec("vllm") is not None, install="pip install -e '.[cpu]'")
    from trainer.tiny import make_tiny_model  # noqa: PLC0415  loads torch

    tiny = make_tiny_model(tmp_path_factory.mktemp("tiny"))
    settings = EngineSettings(model=str(tiny), port=free_port(), dtype="float32", max_lora_rank=8, sleep_mode=True)
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with EngineKeeper(settings, tmp_path_factory.mktemp("home")) as running:
            running.wait_ready(START_S)
            yield running


@pytest.fixture(scope="module")
def home(keeper: EngineKeeper) -> Path:
    """Where it is kept."""
    return keeper.log.parents[1]


def tree_of(home: Path) -> list[psutil.Process]:
    """The processes of the engine."""
    record = read_record(home)
    assert record is not None
    leader = psutil.Process(record.pid)
    return [leader, *leader.children(recursive=True)]


def held_bytes(home: Path) -> int:
    """What they hold together."""
    return sum(process.memory_info().rss for process in tree_of(home))


def _name(home: Path) -> str:
    record = read_record(home)
    assert record is not None
    return record.model


def test_it_falls_asleep_after_the_drafts_under_way_and_wakes(keeper: EngineKeeper, home: Path) -> None:
    """By vLLM's own routes and numbers: a draft is written to its end first, one asked meanwhile when it is awake."""
    server, model, before = ModelServer(keeper.url), read_record(home), held_bytes(home)
    assert model is not None
    said: list[str] = []
    whole = server.complete(model.model, HELLO, LONG)
    writing = threading.Thread(target=lambda: said.append("".join(server.stream(model.model, HELLO, LONG))))
    writing.start()
    until(lambda: server.load() == 1)
    with resting(home, "for a test", "sleep", drain_s=60, is_there=lambda: is_kept(home)):
        writing.join(10)
        assert said == [whole]
        assert server.is_sleeping()
        logger.warning("asleep the engine holds %.0f of %.0f MB", held_bytes(home) / 1e6, before / 1e6)
        late = threading.Thread(target=lambda: said.append(server.complete(model.model, HELLO, GREEDY)))
        late.start()
        late.join(1)
        assert late.is_alive()
    keeper.wait_ready(START_S)
    late.join(30)
    assert said == [whole, server.complete(model.model, HELLO, GREEDY)]
    assert read_record(home) == model


def test_a_draft_that_takes_too_long_is_broken_off(keeper: EngineKeeper, home: Path) -> None:
    """The engine ends it with words of its own when it falls asleep: that is an error, and never a shorter draft."""
    server, name = ModelServer(keeper.url), _name(home)
    ended: list[str] = []

    def write() -> None:
        try:
            ended.append("".join(server.stream(name, HELLO, LONG)))
        except EngineDown as error:
            ended.append(type(error).__name__)

    writing = threading.Thread(target=write)
    writing.start()
    until(lambda: server.load() == 1)
    with resting(home, "for a test", "sleep", drain_s=0, is_there=lambda: is_kept(home)):
        writing.join(10)
        assert ended == ["EngineDown"]
    keeper.wait_ready(START_S)


def test_a_stopped_engine_frees_its_memory_and_comes_back(keeper: EngineKeeper, home: Path) -> None:
    """None of its processes is left while others need what they held; afterwards it answers as it did."""
    server, name = ModelServer(keeper.url), _name(home)
    before = server.complete(name, HELLO, GREEDY)
    tree, held, free = tree_of(home), held_bytes(home), psutil.virtual_memory().available
    began = time.monotonic()
    with resting(home, "for a test", "stop", drain_s=60, is_there=lambda: is_kept(home)):
        stopped_s = time.monotonic() - began
        freed = psutil.virtual_memory().available - free
        logger.warning("stopped in %.1f s: held %.0f MB, freed %.0f MB", stopped_s, held / 1e6, freed / 1e6)
        assert not [process for process in tree if process.is_running()]
        began = time.monotonic()
    keeper.wait_ready(START_S)
    logger.warning("back after %.1f s", time.monotonic() - began)
    assert server.complete(name, HELLO, GREEDY) == before
