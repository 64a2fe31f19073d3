"""The job of a merge: a whole model in bf16, or nothing."""

import errno
import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM

from connectors.adapter import AdapterCard, folder, publish, write_learned
from connectors.base_model import revision
from connectors.errors import StoreError, TrainError, UsageError
from connectors.job import write_job
from connectors.merge_job import Merged, MergeJob, read_merged
from retrieval.prompt import PROMPT_VERSION
from tests.trainer.learners import SETTINGS
from tests.trainer.methods.test_merge import KINDS, logits, trained
from trainer import merging
from trainer.__main__ import main
from trainer.merging import merge_adapter
from trainer.methods import METHODS
from trainer.methods.merge import merge
from trainer.progress import Progress
from trainer.training.model import load_model, load_tokenizer

Publish = Callable[..., MergeJob]
ALL_KINDS = [*KINDS, ("full", "plain")]


@pytest.fixture
def publish_trained(tiny: Path, tmp_path: Path) -> Publish:
    """Train, publish, and return the order to merge what was learned."""

    def publish_one(method: str = "lora", variant: str = "plain", **changes: Any) -> MergeJob:
        rate = 1e-3 if method == "full" else SETTINGS.learning_rate
        update = {"method": method, "variant": variant, "epochs": 1, "learning_rate": rate}
        trained(tiny, tmp_path / "run", SETTINGS.model_copy(update=update))
        write_learned(tmp_path / "run" / "adapter", ["<m1@example.org>"])
        values = {"base_model": str(tiny), "base_revision": revision(str(tiny)), **changes}
        card = AdapterCard(
            account="ana", prompt_version=PROMPT_VERSION, method=method, created_at="", is_approved=True, verdict="",
            **values,
        )  # fmt: skip
        card = publish(tmp_path / "adapters", tmp_path / "run" / "adapter", card)
        place = folder(tmp_path / "adapters", "ana", card.version)
        return MergeJob(adapter=place, model=str(tiny), output=tmp_path / "merged" / card.name)

    return publish_one


def _carry_out(job: MergeJob) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    said = io.StringIO()
    result = merge_adapter(job, Progress(said))
    return result, [json.loads(line) for line in said.getvalue().splitlines()]


@pytest.mark.parametrize(("method", "variant"), ALL_KINDS)
def test_each_weight_is_the_exact_one_rounded_once(
    tiny: Path, tmp_path: Path, publish_trained: Publish, method: str, variant: str
) -> None:
    """Of any method: the folder is a model in bf16, each number of it the exact merge's, rounded a single time."""
    job = publish_trained(method, variant)
    result, said = _carry_out(job)
    model = AutoModelForCausalLM.from_pretrained(job.output, dtype="auto")
    assert model.dtype == torch.bfloat16
    if method == "full":
        exact = load_model(str(job.adapter), torch.float32, "cpu")
    else:
        merge(job.adapter, tmp_path / "exact", base=str(tiny))
        exact = load_model(str(tmp_path / "exact"), torch.float32, "cpu")
    rounded, whole = model.state_dict(), exact.state_dict()
    assert all(torch.equal(rounded[name], weight.bfloat16()) for name, weight in whole.items())
    learner = METHODS[method].load(load_model(str(tiny), torch.float32, "cpu"), job.adapter)
    assert (logits(model) - logits(learner)).abs().max() / logits(learner).abs().max() < 2e-2
    assert load_tokenizer(str(job.output)).chat_template
    assert result["bytes"] > 2 * 116_800
    assert said[-1]["done"] == said[-1]["total"] > 0


@pytest.mark.parametrize("method", ["lora", "full"])
def test_the_folder_says_what_it_was_made_of(tiny: Path, publish_trained: Publish, method: str) -> None:
    """Adapter, its weights and its base; nothing of the mail that was learned from is in it."""
    job = publish_trained(method)
    _carry_out(job)
    made = read_merged(job.output)
    assert made is not None
    card = json.loads((job.adapter / "card.json").read_text())
    assert (made.adapter, made.weights_sha256) == ("ana@v1", card["weights_sha256"])
    assert (made.base_model, made.base_revision) == (str(tiny), revision(str(tiny)))
    assert {"config.json", "tokenizer.json", "model.safetensors"} <= set(made.files)
    assert {path.name for path in job.output.iterdir()} == {*made.files, "merged.json"}
    assert not {"learned.json", "card.json", "report.html"} & set(made.files)


def test_a_model_that_was_trained_whole_takes_no_second_place_on_the_disk(publish_trained: Publish) -> None:
    """Its files have two names; without the first they are still there."""
    job = publish_trained("full")
    _carry_out(job)
    assert (job.output / "model.safetensors").stat().st_nlink == 2
    shutil.rmtree(job.adapter)
    assert AutoModelForCausalLM.from_pretrained(job.output).dtype == torch.bfloat16


def test_what_is_there_is_not_made_again(publish_trained: Publish) -> None:
    """Asked again it takes no time; one that was cut short, or made of other weights, is made anew."""
    job = publish_trained()
    _carry_out(job)
    _, said = _carry_out(job)
    assert said == []
    weights = job.output / "model.safetensors"
    content = weights.read_bytes()
    for break_it in (_cut_short, _claim_other_weights):
        break_it(job.output)
        _, said = _carry_out(job)
        assert said
        assert weights.read_bytes() == content


def _cut_short(output: Path) -> None:
    os.truncate(output / "model.safetensors", 100)


def _claim_other_weights(output: Path) -> None:
    made = json.loads((output / "merged.json").read_text())
    (output / "merged.json").write_text(json.dumps(made | {"weights_sha256": "0" * 64}))


def test_one_that_was_cut_short_is_none(publish_trained: Publish) -> None:
    """A missing file, one of another size, no record: nothing that an engine is started with."""
    job = publish_trained()
    _carry_out(job)
    assert isinstance(read_merged(job.output), Merged)
    (job.output / "config.json").write_text("{}")
    assert read_merged(job.output) is None
    (job.output / "config.json").unlink()
    assert read_merged(job.output) is None
    assert read_merged(job.output.parent) is None


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        SafetensorError("I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_leaves_nothing_half_written(
    publish_trained: Publish, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The error says what to do, however it comes; what was there before is still there."""
    job = publish_trained()
    _carry_out(job)
    _claim_other_weights(job.output)

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(merging, "merge", fail)
    with pytest.raises(StoreError) as caught:
        _carry_out(job)
    assert "Free some disk space" in caught.value.hint
    assert [path.name for path in job.output.parent.iterdir()] == ["ana@v1"]


def test_too_little_room_is_told_before_the_work(publish_trained: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the numbers: what it needs, what is free."""
    job = publish_trained()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, 1000))
    with pytest.raises(StoreError, match=r"needs 0\.0 GB on the disk"):
        _carry_out(job)
    assert not any(job.output.parent.iterdir())


def test_another_base_model_is_refused(publish_trained: Publish) -> None:
    """Weights that were learned beside others would make a model that nobody trained."""
    job = publish_trained(base_revision="0" * 32)
    with pytest.raises(UsageError, match="changed since") as caught:
        _carry_out(job)
    assert "train again" in caught.value.hint
    assert not job.output.exists()


def test_a_broken_adapter_is_refused(publish_trained: Publish) -> None:
    """Weights that are not those of the card are merged into nothing."""
    job = publish_trained()
    (job.adapter / "adapter_model.safetensors").write_bytes(b"others")
    with pytest.raises(StoreError):
        _carry_out(job)
    assert not job.output.exists()


def test_the_trainer_takes_the_order(tmp_path: Path, publish_trained: Publish) -> None:
    """By its folder, as every job."""
    job = publish_trained()
    write_job(tmp_path / "job", job)
    said = io.StringIO()
    assert main(tmp_path / "job", Progress(said)) == 0
    last = json.loads(said.getvalue().splitlines()[-1])
    assert last["result"]["output"] == str(job.output)
    assert read_merged(job.output) is not None


def test_room_is_asked_for_before_the_base_model_is_loaded(publish_trained: Publish, tmp_path: Path) -> None:
    """For more than the base model takes; refused, nothing is made, and it says what there was no room for."""
    said = io.StringIO()
    job = publish_trained()
    with pytest.raises(TrainError, match="no room to merge ana@v1 now"):
        merge_adapter(job, Progress(said, hear=lambda: '{"go": false}'))
    asked = next(line for line in map(json.loads, said.getvalue().splitlines()) if "asks" in line)
    assert asked["needs"] > sum(path.stat().st_size for path in Path(job.model).glob("*.safetensors"))
    assert not (tmp_path / "merged" / "ana@v1").exists()
