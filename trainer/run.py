"""A run from its mail, or other text, to what was learned, stage by stage; started again, it goes on where it stopped.

What each stage leaves behind: instructions in the archive, examples.json, checkpoint.pt, the adapter with its card,
statistics, report and evaluation, result.json. At the end all else leaves the run's folder: it was made from mail.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import torch

from connectors.adapter import AdapterCard, write_learned
from connectors.base_model import revision
from connectors.job import FILE as JOB
from connectors.job import TrainJob
from connectors.llm import ModelServer
from retrieval.prompt import PROMPT_VERSION
from retrieval.tokens import counter_for
from trainer.corpora.base import read_corpus
from trainer.data import gather
from trainer.data.examples import Writing
from trainer.data.export import export_examples
from trainer.data.material import Material, digest_of, read_material, write_material
from trainer.data.patience import Writer
from trainer.data.served import AsServed
from trainer.data.stop import stop
from trainer.evaluation.after_training import evaluate_learned
from trainer.evaluation.evaluate import write_evaluation
from trainer.evaluation.verdict import Verdict
from trainer.files import write_whole
from trainer.holding import LOCK, hold
from trainer.learn import Learned, is_spread, learn
from trainer.lowering import Lowered, lower, with_exact
from trainer.methods import METHODS, saved_by
from trainer.progress import Progress, Result
from trainer.publishing import need_place, published, put_in_place
from trainer.report import TEST, describe_adapter, describe_examples, statistics_of, write_report
from trainer.tiny import resolve
from trainer.training.hardware import look
from trainer.training.launch import check_possible
from trainer.training.model import load_tokenizer, longest_input
from trainer.training.shortage import memory_errors

RESULT = "result.json"


def run(
    folder: Path,
    job: TrainJob,
    say: Progress,
    *,
    api_key: str,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Result:
    """Carry out a job and return its result.

    Raises:
        CyranoError: what it was, and what to do; the run can be started again.
    """
    with hold(folder), memory_errors():
        if job.stop_after is None:
            job = job.model_copy(update={"output": job.place})
            if done := published(job):
                return _finish(folder, describe_adapter(done, job))
            need_place(job)
            if is_spread(job.settings):
                check_possible(job.settings, look(), gpus=torch.cuda.device_count())
        job = job.model_copy(update={"model": resolve(job.model, folder)})
        if job.corpus is not None:
            return _finish(folder, _make(folder, job, _read(folder, job), say, clock))
        with gather.open_source(job) as source, _writer(job, api_key) as (named, writer):
            if job.stop_after in ("clean", "playback"):
                return _finish(folder, stop(source, named, writer=writer, say=say, clock=clock))
            writing = _writing(job)
            if job.stop_after and job.output:
                return _finish(folder, export_examples(source, named, writing, folder, job.output, say=say))
            material = gather.gather(source, named, writing, folder, writer=writer, say=say)
        if job.stop_after:
            return _finish(folder, describe_examples(job, material, writing))
        return _finish(folder, _make(folder, job, material, say, clock))


def _make(folder: Path, job: TrainJob, material: Material, say: Progress, clock: Callable[[], datetime]) -> Result:
    """Learn, evaluate and publish, whatever the gate says: a rejected adapter is kept with the reason."""
    learned, lowered = lower(job, material.measures, learn(folder, job, material, say), say)
    verdict = with_exact(evaluate_learned(job, material, learned, say, clock=clock), lowered)
    numbers = statistics_of(job, material, learned, verdict.scores, created_at=clock())

    def fill(built: Path) -> None:
        saved_by(job.settings).save(learned.model, built)
        write_learned(built, material.known)
        write_report(built, job, numbers, learned, verdict.scores, lowered)
        if verdict.evaluation is not None:
            write_evaluation(built, verdict.evaluation)

    card = put_in_place(job, fill, _card(job, material, learned, verdict, lowered, clock()))
    say.stage("publish")(1, 1, card.name)
    return describe_adapter(card, job)


def _card(  # noqa: PLR0917  what a run came to
    job: TrainJob, material: Material, learned: Learned, verdict: Verdict, lowered: Lowered | None, now: datetime
) -> AdapterCard:
    progress = learned.progress
    curve = {"losses": progress.losses, "train_losses": progress.train_losses, "seconds": learned.seconds}
    return AdapterCard(
        account=job.account,
        base_model=job.model,
        base_revision=revision(job.model),
        prompt_version=PROMPT_VERSION,
        method=job.settings.method,
        serving=METHODS[job.settings.method].serving(job.settings),
        created_at=now.isoformat(timespec="seconds"),
        parent=verdict.evaluation.incumbent if verdict.evaluation else None,
        is_approved=verdict.is_approved,
        verdict=verdict.reason,
        data=material.counts,
        config={
            "run": job.run,
            "recipe": job.recipe,
            "settings": job.settings.model_dump(mode="json"),
            "precision": str(learned.arithmetic.dtype).removeprefix("torch."),
            "prompt_budget": job.prompt_budget,
            "curve": curve,
            **({"as_lora": lowered.as_json()} if lowered else {}),
        },
        scores=dict(verdict.scores),
    )


def _read(folder: Path, job: TrainJob) -> Material:
    """Return the material of a job that learns from other text than mail, and note of what a checkpoint here is."""
    assert job.corpus is not None
    tokenizer = load_tokenizer(job.model, needs_chat=False)
    most = min(job.settings.max_tokens, longest_input(job.model))
    found = read_corpus(job.corpus, tokenizer, job.settings, max_tokens=most)
    material = Material(
        learned=found.learned,
        validation=found.held_out,
        measures={job.account: found.held_out, TEST: found.test},
        counts=found.counts,
    )
    key = digest_of(material)
    if read_material(folder, key) is None:
        write_material(folder, key, material)
    return material


def _writing(job: TrainJob) -> Writing:
    return Writing(
        tokenizer=load_tokenizer(job.model),
        count=counter_for(job.model),
        prompt_budget=job.prompt_budget,
        max_tokens=min(job.settings.max_tokens, longest_input(job.model)),
    )


@contextmanager
def _writer(job: TrainJob, api_key: str) -> Iterator[tuple[TrainJob, Writer | None]]:
    """Give the engine that writes instructions, if there is one, and the job with the name it is asked by."""
    if job.engine_url is None:
        yield job.model_copy(update={"engine_model": job.engine_model or job.model}), None
        return
    server = ModelServer(job.engine_url, api_key=api_key)
    try:
        yield job.model_copy(update={"engine_model": job.engine_model or server.models()[0]}), AsServed(server)
    finally:
        server.close()


def _finish(folder: Path, result: Result) -> Result:
    """Write the result down and remove all else but the order and the lock."""
    write_whole(folder / RESULT, lambda file: file.write(json.dumps(result, indent=2).encode()))
    for path in folder.iterdir():
        if path.name in {RESULT, LOCK, JOB}:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return result
