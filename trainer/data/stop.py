"""A run that stops when its mail is chosen, or has its instructions: it tells of them, and leaves them in a folder.

It needs no model, and no engine for mail that is only chosen.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.job import TrainJob
from trainer.data.building import count_mails
from trainer.data.carried import About, need_free, write_folder
from trainer.data.gather import need_enough, play_back_mails, split_mails
from trainer.data.instruction import PLAYBACK_VERSION
from trainer.data.playback import Writer
from trainer.data.source import Chosen, MailSource
from trainer.data.summary import data_page, describe_data
from trainer.progress import Progress, Result


def stop(
    source: MailSource,
    job: TrainJob,
    *,
    writer: Writer | None,
    say: Progress,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Result:
    """Choose the mail, have its instructions written where asked to, leave both in `job.output`, and tell of them.

    Raises:
        UsageError: something is at `job.output` already.
        TooFewMails: there is not enough to learn from.
        EngineDown: the engine went away while it wrote instructions.
        StoreError: the disk is full.
    """
    is_left = job.output is not None and need_free(job.output, job.run)
    chosen = source.choose(job.settings.window)
    need_enough(chosen, job)
    parts = split_mails(chosen.mails, job)
    wants_playback = job.stop_after == "playback"
    playback = (
        play_back_mails(source, chosen.mails, job, writer=writer, report=say.stage("playback"))
        if wants_playback
        else None
    )
    counts = count_mails(chosen, parts, playback)
    lines = describe_data(counts)
    if job.output is not None:
        # What is stored: an extract for want of an engine is none, and the next machine may have one.
        stored = source.instructions(source.account, PLAYBACK_VERSION, job.engine_model)
        known = {message_id: stored[message_id] for message_id in _ids(chosen) if message_id in stored}
        if not is_left:
            about = _about(source, job, chosen, counts, clock())
            page = data_page(source.account, counts, chosen.mails, parts, known, facts=_facts(about))
            write_folder(job.output, about, chosen.mails, known, page)
        lines += _directions(job.output, missing=len(chosen.mails) - len(known))
    return {"version": None, "data": counts, "report": lines}


def _ids(chosen: Chosen) -> list[str]:
    return [mail.email.message_id for mail in chosen.mails]


def _about(source: MailSource, job: TrainJob, chosen: Chosen, counts: dict[str, Any], now: datetime) -> About:
    return About(
        account=source.account,
        owner_addr=source.owner.addr,
        owner_name=source.owner.name,
        run=job.run,
        made_at=now,
        stopped_after=job.stop_after or "",
        playback_version=PLAYBACK_VERSION,
        model=job.engine_model,
        mails=len(chosen.mails),
        left_out=dict(chosen.left_out),
        counts=counts,
    )


def _facts(about: About) -> list[tuple[str, str]]:
    return [
        ("account", about.account),
        ("made", f"{about.made_at:%Y-%m-%d %H:%M} UTC"),
        ("instructions by", about.model),
        ("asked for in version", about.playback_version),
    ]


def _directions(output: Path, *, missing: int) -> list[str]:
    lines = [f"{missing} have no instruction yet: where they are trained an engine writes it, else it is an extract"]
    return [
        *(lines if missing else []),
        f"The mail lies in {output}, for your eyes alone: read report.html, change mails.jsonl where you like, then",
        f"  cyrano train --from {output}",
    ]
