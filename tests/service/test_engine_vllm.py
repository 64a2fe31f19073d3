"""The keeper and the adapters with the real engine: vLLM's CPU build and a tiny random model."""

import fcntl
import logging
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import pytest

from connectors.adapter import AdapterCard, publish
from connectors.errors import EngineDown, EngineError, ModelMissing
from connectors.llm import ModelServer, Sampling
from retrieval.prompt import PROMPT_VERSION, Request, build_prompt
from service.engine.command import served_name
from service.engine.keeper import EngineKeeper
from service.engine.prepare import prepare
from service.engine.record import read_record
from service.engine.settings import EngineSettings
from service.serving.adapters import AdapterKeeper
from service.serving.rollback import roll_back
from tests.bench.flips import measure
from tests.parts import require
from tests.ports import free_port

pytestmark = pytest.mark.server
logger = logging.getLogger(__name__)

LOCK = Path(tempfile.gettempdir()) / "cyrano-vllm.lock"
START_S = 300.0
GREEDY = Sampling(temperature=0, top_p=1, max_tokens=16)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny random model."""
    from tests.bench.telling import sharpen  # noqa: PLC0415  loads torch
    from trainer.tiny import make_tiny_model  # noqa: PLC0415  loads torch

    return sharpen(make_tiny_model(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def keeper(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineKeeper]:
    """A running engine that is told of adapters, and finds some by itself; only one on the machine at a time."""
    require("vLLM", is_there=find_spec("vllm") is not None, install="pip install -e '.[cpu]'")
    port = free_port()
    settings = EngineSettings(model=str(tiny), port=port, dtype="float32", max_lora_rank=8, resolver=True)
    home = tmp_path_factory.mktemp("home")
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with EngineKeeper(settings, home, build=partial(prepare, adapters=home / "adapters")) as running:
            began = time.monotonic()
            running.wait_ready(START_S)
            logger.warning("vLLM was ready after %.1f s", time.monotonic() - began)
            yield running


@pytest.fixture(scope="module")
def server(keeper: EngineKeeper) -> ModelServer:
    """The engine's client."""
    return ModelServer(keeper.url, timeout_s=60)


@pytest.fixture
def messages() -> list[dict[str, object]]:
    """A prompt as drafting makes it."""
    from connectors.message import Address  # noqa: PLC0415

    request = Request(account="ana", owner=Address(addr="ana@example.org", name="Ana Müller"), instruction="Say hello.")
    return [dict(message) for message in build_prompt(request, (), budget=800, count=len).messages]


def _publish(
    root: Path, tiny: Path, built: Path, *, seed: int, account: str = "ana", base_path: str = ""
) -> AdapterCard:
    """Make an adapter of random weights, strong enough to change every word."""
    import torch  # noqa: PLC0415
    from peft import LoraConfig, get_peft_model  # noqa: PLC0415
    from transformers import LlamaForCausalLM  # noqa: PLC0415

    torch.manual_seed(seed)
    config = LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", init_lora_weights=False)
    model = get_peft_model(LlamaForCausalLM.from_pretrained(tiny), config)
    for name, weights in model.named_parameters():
        if "lora_" in name:
            weights.data.normal_(std=0.5)
    if base_path:
        model.peft_config["default"].base_model_name_or_path = base_path
    model.save_pretrained(built)
    card = AdapterCard(
        account=account, base_model=str(tiny), prompt_version=PROMPT_VERSION, method="lora", created_at="",
        is_approved=True, verdict="",
    )  # fmt: skip
    return publish(root, built, card)


def test_the_engine_reads_the_prompt_as_the_trainer_does(
    server: ModelServer, tiny: Path, messages: list[dict[str, object]]
) -> None:
    """The same chat gives the same tokens in training and in serving."""
    import httpx2  # noqa: PLC0415
    from transformers import AutoTokenizer  # noqa: PLC0415

    body = {"model": served_name(str(tiny)), "messages": messages}
    answer = httpx2.post(server.url.removesuffix("/v1") + "/tokenize", json=body, trust_env=False)
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    assert answer.json()["tokens"] == tokenizer(text, add_special_tokens=False)["input_ids"]


def test_two_adapters_take_turns(
    server: ModelServer, tiny: Path, tmp_path: Path, messages: list[dict[str, object]]
) -> None:
    """Base, first and second adapter write differently; the newer one replaces the older without a gap."""
    root, base = tmp_path / "adapters", served_name(str(tiny))
    adapters = AdapterKeeper(root, server, base=base, base_model=str(tiny), linger_s=0)
    written = {base: server.complete(base, messages, GREEDY)}
    for seed in (1, 2):
        card = _publish(root, tiny, tmp_path / "built", seed=seed)
        assert adapters.refresh() == [card.name]
        with adapters.serving("ana") as name:
            assert name == card.name
            written[name] = server.complete(name, messages, GREEDY)
            assert "".join(server.stream(name, messages, GREEDY)) == written[name]
    assert len(set(written.values())) == 3
    assert server.models() == [base, "ana@v2"]
    with pytest.raises(ModelMissing):
        server.complete("ana@v1", messages, GREEDY)


def test_an_engine_finds_adapters_by_itself(
    keeper: EngineKeeper, server: ModelServer, tiny: Path, tmp_path: Path, messages: list[dict[str, object]]
) -> None:
    """It is told nothing over HTTP: it loads what it is asked for, trained where models lie elsewhere, and no more."""
    root = keeper.log.parents[1] / "adapters"
    adapters = AdapterKeeper(
        root, server, base=served_name(str(tiny)), base_model=str(tiny), finds_itself=True, linger_s=0
    )
    card = _publish(root, tiny, tmp_path / "built", seed=7, account="eve", base_path="/elsewhere/tiny")
    assert card.name not in server.models()
    assert adapters.refresh() == [card.name]
    with adapters.serving("eve") as name:
        assert name == card.name
        written = server.complete(name, messages, GREEDY)
    server.unload_adapter(card.name)  # as if it had been started anew
    assert server.complete(card.name, messages, GREEDY) == written
    assert written != server.complete(served_name(str(tiny)), messages, GREEDY)
    assert adapters.problems == {}
    roll_back(root, "eve", "base")
    adapters.refresh()
    with pytest.raises(ModelMissing):
        server.complete(card.name, messages, GREEDY)


def test_no_draft_is_dropped_or_misattributed_while_adapters_flip(
    keeper: EngineKeeper, tiny: Path, tmp_path: Path
) -> None:
    """Forward and back, under load, over HTTP; the times belong to the bench (tests/bench/flips.py)."""
    outcome = measure(tmp_path, keeper.url, tiny, requests=64, flips=3, clients=8)
    assert outcome.dropped == []
    assert outcome.misattributed == []
    assert [flip.to for flip in outcome.flips] == ["me@v2", "me@v3", "me@v2"]
    assert {answer.adapter for answer in outcome.flipping} >= {"me@v1", "me@v2", "me@v3"}


def test_the_engine_refuses_in_words(server: ModelServer, tiny: Path, tmp_path: Path) -> None:
    """A missing adapter, a broken one, a prompt that is too long."""
    with pytest.raises(ModelMissing):
        server.load_adapter("ana@v8", tmp_path / "nowhere")
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(EngineError):
        server.load_adapter("ana@v9", tmp_path)
    with pytest.raises(EngineError, match="too long"):
        server.complete(served_name(str(tiny)), [{"role": "user", "content": "hello " * 5000}], GREEDY)


def test_a_closed_stream_frees_the_engine(server: ModelServer, tiny: Path, messages: list[dict[str, object]]) -> None:
    """Whoever goes away costs nothing more: soon nothing is running."""
    import httpx2  # noqa: PLC0415

    endless = Sampling(temperature=1, max_tokens=700)
    stream = server.stream(served_name(str(tiny)), messages, endless)
    assert list(islice(stream, 3))
    stream.close()  # type: ignore[attr-defined]
    deadline = time.monotonic() + 5
    running = ""
    while time.monotonic() < deadline and not running.endswith(" 0.0"):
        metrics = httpx2.get(server.url.removesuffix("/v1") + "/metrics", trust_env=False).text
        running = next(line for line in metrics.splitlines() if line.startswith("vllm:num_requests_running"))
    assert running.endswith(" 0.0")


def test_it_listens_on_loopback_only(keeper: EngineKeeper) -> None:
    """No process of the engine can be reached from the network."""
    import psutil  # noqa: PLC0415

    record = read_record(keeper.log.parents[1])
    assert record is not None
    leader = psutil.Process(record.pid)
    tree = [leader, *leader.children(recursive=True)]
    listening = [c.laddr for p in tree for c in p.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert listening
    assert {address.ip for address in listening} <= {"127.0.0.1", "::1"}


def test_a_killed_engine_comes_back_and_its_adapter_is_loaded_again(
    keeper: EngineKeeper, server: ModelServer, tiny: Path, tmp_path: Path, messages: list[dict[str, object]]
) -> None:
    """SIGKILL in the middle: a clear error meanwhile, afterwards the same adapter writes the same words."""
    import psutil  # noqa: PLC0415

    root = tmp_path / "adapters"
    adapters = AdapterKeeper(root, server, base=served_name(str(tiny)), base_model=str(tiny))
    card = _publish(root, tiny, tmp_path / "built", seed=5)
    adapters.refresh()
    before = server.complete(card.name, messages, GREEDY)
    record = read_record(keeper.log.parents[1])
    assert record is not None
    tree = psutil.Process(record.pid).children(recursive=True)
    began = time.monotonic()
    os.kill(record.pid, signal.SIGKILL)
    gone, alive = psutil.wait_procs(tree, timeout=10)
    assert gone
    assert not alive
    with pytest.raises(EngineDown):
        server.complete(card.name, messages, GREEDY)
    while read_record(keeper.log.parents[1]) in {None, record}:
        time.sleep(0.1)
    keeper.wait_ready(START_S)
    logger.warning("vLLM was back after %.1f s", time.monotonic() - began)
    with adapters.serving("ana") as name:
        assert server.complete(name, messages, GREEDY) == before
