"""From mail to examples: which mails, their instructions, and whether there is enough to learn from and to judge by.

The rules this module keeps:
1. The newest mails are used, and those of the newest threads only judge.
2. What an earlier start of a run made is taken as it is only if nothing that it was made of has changed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from connectors.archive import Archive
from connectors.errors import TooFewMails
from connectors.evaluate_job import EvaluateJob
from connectors.job import TrainJob, too_few_mails
from trainer.data.building import Gathered, Other, build, material_of
from trainer.data.carried import CarriedSource
from trainer.data.examples import Author, Writing
from trainer.data.material import Material, fingerprint, read_material, write_material
from trainer.data.playback import Playback, Writer, play_back
from trainer.data.source import MOST_MESSAGES, ArchiveSource, Chosen, MailSource, SentMail
from trainer.data.split import FEWEST, Split, split
from trainer.progress import Progress

Report = Callable[[int, int, str], None]

SPARE = 2
"""Mails that are held out beyond those that the gate wants to be judged by: one may be too long to be read."""


@contextmanager
def open_source(job: TrainJob) -> Iterator[MailSource]:
    """Open where a job's mail comes from.

    Raises:
        UsageError: there is no such account, or the folder that was carried here is another's or cannot be read.
        StoreError: the archive cannot be opened.
    """
    if job.carried is not None:
        carried = CarriedSource(job.carried)
        carried.need(job.account)
        yield carried
        return
    with Archive.open(job.archive_url) as archive:
        most = max(MOST_MESSAGES, job.settings.thread_messages)
        yield ArchiveSource(archive, job.account, thread_messages=most)


def gather(
    source: MailSource, job: TrainJob, writing: Writing, folder: Path, *, writer: Writer | None, say: Progress
) -> Material:
    """Return the material of a run; what an earlier start made of the same mails and instructions is taken as it is.

    Raises:
        TooFewMails: there is not enough to learn from.
        EngineDown: the engine went away while it wrote instructions.
        StoreError: the disk is full.
    """
    chosen = source.choose(job.settings.window)
    need_enough(chosen, job)
    gathered = play_back_all(source, chosen, job, writer=writer, say=say)
    key = _key(gathered)
    if known := read_material(folder, key):
        return known
    built = build(gathered, job, writing, folder, say=say)
    material = material_of(gathered, built)
    _check_usable(material, job, writing)
    write_material(folder, key, material)
    return material


def _key(gathered: Gathered) -> str:
    """Change with all that the material is made of."""
    others = ((other.author, other.held_out) for other in gathered.others)
    texts = [text for other in gathered.others for text in other.texts]
    return fingerprint([(gathered.author, gathered.chosen.mails), *others], texts)


def need_enough(chosen: Chosen, job: TrainJob) -> None:
    """See to it that there is something to learn from.

    Raises:
        TooFewMails: there is not.
    """
    usable = len(chosen.mails)
    if usable < job.settings.min_mails:
        total = usable + sum(chosen.left_out.values())
        raise too_few_mails(job.account, usable=usable, total=total, needed=job.settings.min_mails)
    if not any(mail.email.sent_at for mail in chosen.mails):
        raise TooFewMails(
            f"No mail of {job.account} has a date: which is the newest, and may judge, cannot be told.",
            hint="Look at the Date lines of the mailbox; sync mail that has them: cyrano sync.",
        )
    parts = split_mails(chosen.mails, job)
    if not parts.learned or not parts.validation:
        raise TooFewMails(
            f"All mail of {job.account} is in one or two threads: to learn, to choose and to judge, three are needed.",
            hint="Sync more mail: cyrano sync.",
        )


def split_mails(mails: Sequence[SentMail], job: TrainJob) -> Split:
    """Return the sides of some mails as the settings, and the gate, want them."""
    fewest = max(FEWEST, job.gate.min_mails) + SPARE
    return split(mails, job.settings.holdout, validation=job.settings.validation, fewest=fewest)


def play_back_all(
    source: MailSource, chosen: Chosen, job: TrainJob, *, writer: Writer | None, say: Progress
) -> Gathered:
    """Find or write the instruction of each mail, and look for mail of others to measure by."""
    playback = play_back_mails(source, chosen.mails, job, writer=writer, report=say.stage("playback"))
    return Gathered(
        chosen=chosen,
        parts=split_mails(chosen.mails, job),
        author=_author(source, playback),
        playback=playback,
        others=tuple(_others(source, job)),
    )


def play_back_mails(
    source: MailSource,
    mails: Sequence[SentMail],
    job: TrainJob | EvaluateJob,
    *,
    writer: Writer | None,
    report: Report,
) -> Playback:
    """Find or write the instruction of each mail."""
    answered = {mail.email.message_id: mail.thread[-1] for mail in mails if mail.thread}
    return play_back(
        [mail.email for mail in mails], source, source.account, writer=writer, model=job.engine_model,
        concurrency=job.settings.playback_concurrency, report=report,
        answered=lambda email: answered.get(email.message_id),
    )  # fmt: skip


def _check_usable(material: Material, job: TrainJob, writing: Writing) -> None:
    is_measured = material.validation and material.measures.get(job.account)
    if len(material.learned) >= job.settings.min_mails // 3 and is_measured:
        return
    raise TooFewMails(
        f"Only {len(material.learned)} mails of {job.account} fit into {writing.max_tokens} tokens with their prompts.",
        hint="Raise [train] max_tokens, lower [prompt] budget_tokens, or choose a model that reads more.",
    )


def _author(source: MailSource, playback: Playback) -> Author:
    return Author(account=source.account, owner=source.owner, instructions=playback.instructions)


def _others(source: MailSource, job: TrainJob) -> Iterator[Other]:
    """Yield the other accounts with enough held-out mail; no engine is troubled for them."""
    for other in source.others():
        mails = other.choose(job.settings.window).mails
        parts = split_mails(mails, job)
        if len(mails) >= job.settings.min_mails and len(parts.held_out) >= FEWEST:
            playback = play_back_mails(other, parts.held_out, job, writer=None, report=_nobody)
            texts = tuple(mail.email.text for mail in parts.learned)
            yield Other(author=_author(other, playback), held_out=parts.held_out, texts=texts)


def _nobody(_done: int, _total: int, _note: str) -> None:
    """Report to nobody."""
