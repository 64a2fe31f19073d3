"""Merged adapters in the real engine: vLLM's CPU build, a tiny random model, and a trainer that merges."""

import fcntl
import logging
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from connectors.adapter import AdapterCard, publish
from connectors.base_model import revision
from connectors.errors import ModelMissing
from connectors.llm import ModelServer, Sampling
from retrieval.prompt import PROMPT_VERSION
from service.engine.keeper import EngineKeeper
from service.engine.record import read_record
from service.engine.settings import EngineSettings
from service.serving.merged import MergedKeeper
from service.serving.merging import merge_by_trainer
from tests.parts import require
from tests.ports import free_port
from tests.service.test_engine_vllm import GREEDY, LOCK, START_S

pytestmark = pytest.mark.server
logger = logging.getLogger(__name__)

MESSAGES = [{"role": "user", "content": "thanks for the update"}]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny random model."""
    from trainer.tiny import make_tiny_model  # noqa: PLC0415  loads torch

    return make_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def engine(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineKeeper]:
    """A running engine; only one on the machine at a time."""
    require("vLLM", is_there=find_spec("vllm") is not None, install="pip install -e '.[cpu]'")
    settings = EngineSettings(
        model=str(tiny), port=free_port(), dtype="float32", serving="merged", sleep_mode=True, max_model_len=512
    )
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with EngineKeeper(settings, tmp_path_factory.mktemp("home")) as running:
            running.wait_ready(START_S)
            yield running


def _publish(root: Path, tiny: Path, built: Path, *, seed: int) -> AdapterCard:
    """Make an adapter that no engine serves beside its base: RoSA of random numbers, strong enough to be seen."""
    import torch  # noqa: PLC0415

    from connectors.train_settings import TrainSettings  # noqa: PLC0415
    from trainer.methods import METHODS  # noqa: PLC0415
    from trainer.methods.sparse import sparse_layers  # noqa: PLC0415
    from trainer.training.model import load_model  # noqa: PLC0415

    torch.manual_seed(seed)
    settings = TrainSettings(method="rosa", rank=4, alpha=8)
    model = METHODS["rosa"].wrap(load_model(str(tiny), torch.float32, "cpu"), settings)
    for layer in sparse_layers(model).values():
        layer.take(torch.randperm(layer.weight.numel())[: len(layer.values)].sort().values.to(torch.int32))
    for weights in (each for each in model.parameters() if each.requires_grad):
        weights.data.normal_(std=0.3)
    METHODS["rosa"].save(model, built)
    card = AdapterCard(
        account="ana", base_model=str(tiny), base_revision=revision(str(tiny)), prompt_version=PROMPT_VERSION,
        method="rosa", serving="merged", created_at="", is_approved=True, verdict="",
    )  # fmt: skip
    return publish(root, built, card)


def _transformers_says(folder: Path) -> str:
    """Return the greedy answer of a model by transformers, in the engine's number format."""
    import torch  # noqa: PLC0415
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415

    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    text = tokenizer.apply_chat_template(MESSAGES, add_generation_prompt=True, tokenize=False)
    given = tokenizer(text, add_special_tokens=False, return_tensors="pt")
    written = model.to(torch.float32).generate(**given, do_sample=False, max_new_tokens=GREEDY.max_tokens)
    said: str = tokenizer.decode(written[0, given["input_ids"].shape[1] :], skip_special_tokens=True)
    return said.rstrip("\ufffd")  # the engine holds back what the last token left unfinished


def _says(server: ModelServer, name: str, sampling: Sampling = GREEDY) -> str:
    said = server.complete(name, MESSAGES, sampling)
    assert "".join(server.stream(name, MESSAGES, sampling)) == said
    return said.rstrip("\ufffd")


def test_merged_weights_answer_as_transformers_does_after_a_start_and_in_place(
    engine: EngineKeeper, tiny: Path, tmp_path: Path
) -> None:
    """The first takes a start, for its numbers have another format; the next goes into the same process.

    Each answers under its own name, in the words of its own weights; nothing else can be asked for.
    """
    home = engine.log.parents[1]
    root, server = home / "adapters", ModelServer(engine.url, timeout_s=60)
    keeper = MergedKeeper(
        root, home, server, engine, merge_by_trainer(root, str(tiny)), base=tiny.name, base_model=str(tiny),
        revision=lambda: revision(str(tiny)),
    )  # fmt: skip
    said, pids = {tiny.name: _says(server, tiny.name)}, []
    for seed in (1, 2):
        card = _publish(root, tiny, tmp_path / "built", seed=seed)
        began = time.monotonic()
        assert keeper.refresh() == [card.name]
        logger.warning("%s was in service after %.1f s", card.name, time.monotonic() - began)
        with keeper.serving("ana") as name:
            assert name == card.name
            said[name] = _says(server, name)
        assert said[name] == _transformers_says(home / "merged" / name)
        assert server.models() == [name]
        record = read_record(home)
        assert record is not None
        assert record.model == name
        pids.append(record.pid)
    assert len(set(said.values())) == 3
    assert pids[0] == pids[1]
    with pytest.raises(ModelMissing):
        server.complete("ana@v1", MESSAGES, GREEDY)
