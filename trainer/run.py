"""A run from the archive to a published adapter, stage by stage; started again, it goes on where it stopped.

What each stage leaves behind: instructions in the archive, examples.json, checkpoint.pt, the adapter with its card,
result.json. When the adapter is published, everything made from mail leaves the run's folder.
"""

import fcntl
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import nn

from connectors.adapter import AdapterCard, list_cards, publish, write_learned
from connectors.archive import Archive
from connectors.errors import StoreBusy, TrainError
from connectors.job import TrainJob
from connectors.llm import ModelServer
from retrieval.index import IndexSettings
from retrieval.prompt import PROMPT_VERSION
from retrieval.tokens import counter_for
from trainer.data import gather
from trainer.data.examples import Writing
from trainer.data.gather import Material
from trainer.evaluate import judge, score, serving_adapters
from trainer.files import disk_errors, write_whole
from trainer.methods import METHODS
from trainer.progress import Progress, Result
from trainer.report import describe_adapter, describe_plan
from trainer.training import checkpoint
from trainer.training.hardware import Arithmetic, choose_arithmetic, look, should_checkpoint
from trainer.training.loop import prepare, steps_per_epoch, train
from trainer.training.model import load_model, load_tokenizer, longest_input
from trainer.training.objective import Replies

RESULT = "result.json"


def run(
    folder: Path,
    job: TrainJob,
    say: Progress,
    *,
    api_key: str,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Result:
    """Carry out a job and return its result: {"report": lines, "version": of an adapter fit to serve or None, …}.

    Raises:
        CyranoError: what it was, and what to do; the run can be started again.
    """
    with _hold(folder), _memory_errors():
        if done := _published(job):
            return _finish(folder, describe_adapter(done))
        writing = _writing(job)
        with Archive.open(job.archive_url) as archive, _writer(job, api_key) as (named, writer):
            material = gather.gather(archive, named, writing, folder, writer=writer, say=say)
        if job.stop_after:
            return _finish(folder, describe_plan(job, material, writing))
        card = _make(folder, job, material, say, clock)
        say.stage("publish")(1, 1, card.name)
        return _finish(folder, describe_adapter(card))


def _make(folder: Path, job: TrainJob, material: Material, say: Progress, clock: Callable[[], datetime]) -> AdapterCard:
    """Train, evaluate and publish."""
    arithmetic = choose_arithmetic(job.settings.precision, look())
    model = _prepare_model(job, arithmetic)
    started = time.monotonic()
    total = steps_per_epoch(len(material.learned), job.settings) * job.settings.epochs
    training = prepare(
        model, Replies(is_packed=job.settings.packing), job.settings, arithmetic=arithmetic, total=total
    )  # fmt: skip
    trained = train(
        training, material.learned, material.measures[job.account], folder=folder, report=say.stage("train")
    )
    curve = {"losses": trained.losses, "train_losses": trained.train_losses, "seconds": time.monotonic() - started}
    others = serving_adapters(job.adapters, [name for name in material.measures if name != job.account], job.model)
    scores = score(
        model, material.measures, others, arithmetic, batch_size=training.batch_size, report=say.stage("evaluate")
    )
    verdict = judge(scores, job.account)
    card = AdapterCard(
        account=job.account,
        base_model=job.model,
        prompt_version=PROMPT_VERSION,
        method=job.settings.method,
        created_at=clock().isoformat(timespec="seconds"),
        is_approved=verdict.is_approved,
        verdict=verdict.reason,
        data=material.counts,
        config={
            "run": job.run,
            "settings": job.settings.model_dump(mode="json"),
            "precision": str(arithmetic.dtype).removeprefix("torch."),
            "prompt_budget": job.prompt_budget,
            "curve": curve,
        },
        scores=dict(scores),
    )
    return publish(job.adapters, _build(job, model, material), card)


def _build(job: TrainJob, model: nn.Module, material: Material) -> Path:
    """Save what was learned beside its final place: a folder is renamed within one file system only."""
    built = job.adapters / job.account / f".{job.run}"
    with disk_errors("The adapter could not be written"):
        shutil.rmtree(built, ignore_errors=True)
        try:
            built.mkdir(parents=True)
            METHODS[job.settings.method].save(model, built)
            write_learned(built, (example.message_id for example in material.learned))
        except BaseException:
            shutil.rmtree(built, ignore_errors=True)
            raise
    return built


def _prepare_model(job: TrainJob, arithmetic: Arithmetic) -> Any:  # noqa: ANN401  a peft model, whatever the method
    # What an adapter starts from is random too.
    torch.manual_seed(job.settings.seed)
    model = load_model(job.model, arithmetic.dtype, arithmetic.device)
    if should_checkpoint(job.settings.checkpointing, _count(model)):
        model.gradient_checkpointing_enable({"use_reentrant": False})  # type: ignore[operator]
    return METHODS[job.settings.method].wrap(model, job.settings)


def _count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def _writing(job: TrainJob) -> Writing:
    return Writing(
        tokenizer=load_tokenizer(job.model),
        count=counter_for(job.model),
        prompt_budget=job.prompt_budget,
        max_tokens=min(job.settings.max_tokens, longest_input(job.model)),
    )


@contextmanager
def _writer(job: TrainJob, api_key: str) -> Iterator[tuple[TrainJob, ModelServer | None]]:
    """Give the engine that writes instructions, if there is one, and the job with the name it is asked by."""
    if job.engine_url is None:
        yield job.model_copy(update={"engine_model": job.engine_model or job.model}), None
        return
    server = ModelServer(job.engine_url, api_key=api_key)
    try:
        yield job.model_copy(update={"engine_model": job.engine_model or server.models()[0]}), server
    finally:
        server.close()


def _published(job: TrainJob) -> AdapterCard | None:
    """Return the card of what this run has published already, before it was stopped."""
    return next((card for card in list_cards(job.adapters, job.account) if card.config.get("run") == job.run), None)


def _finish(folder: Path, result: Result) -> Result:
    """Write the result down and remove what was made from mail."""
    write_whole(folder / RESULT, lambda file: file.write(json.dumps(result, indent=2).encode()))
    for name in (gather.FILE, checkpoint.FILE):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / IndexSettings().path, ignore_errors=True)
    return result


@contextmanager
def _hold(folder: Path) -> Iterator[None]:
    """Let one process at a time work on a run; the system lets go when the process ends, however it ends."""
    with (folder / "lock").open("w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreBusy(f"The run in {folder} is already under way.", hint="Wait until it ends.") from error
        yield


@contextmanager
def _memory_errors() -> Iterator[None]:
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # torch has a class for a full GPU (a RuntimeError), and only words for a full machine.
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "can't allocate memory" not in str(error):
            raise
        raise TrainError(
            "There was not enough memory to train.",
            hint="Lower [train] batch_size (and raise accumulation by as much), or set checkpointing to on.",
        ) from error
