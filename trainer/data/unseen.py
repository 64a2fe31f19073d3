"""The mail that an adapter which is there already can be judged by: newer than all that it learned from.

The rule this module keeps: as when it was trained, no thread that it learned from judges it.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

from connectors.adapter import AdapterCard
from connectors.adapter.marks import digest, learned_digests
from connectors.archive import Archive
from connectors.evaluate_job import EvaluateJob
from retrieval.tokens import counter_for
from trainer.data.building import as_read
from trainer.data.canaries import MAILS_EACH, plant, usual_language
from trainer.data.examples import Author, Writing
from trainer.data.finding import open_finder
from trainer.data.gather import play_back_mails
from trainer.data.judging import Voices, make_judges, newest_of, told
from trainer.data.material import Material
from trainer.data.source import MOST_MESSAGES, ArchiveSource, SentMail
from trainer.data.split import MOST
from trainer.progress import Progress
from trainer.training.model import load_tokenizer, longest_input


def gather_unseen(job: EvaluateJob, card: AdapterCard, adapter: Path, folder: Path, say: Progress) -> Material:
    """Return what evaluates an adapter; nothing of it is to learn from.

    No engine is asked for instructions: mail that has none is measured with an extract.

    Args:
        job: The order.
        card: The adapter's.
        adapter: The adapter's folder.
        folder: Where an index may lie meanwhile.
        say: Hears how far it is.

    Raises:
        UsageError: there is no such account.
    """
    writing = Writing(
        tokenizer=load_tokenizer(job.model),
        count=counter_for(job.model),
        prompt_budget=job.prompt_budget,
        max_tokens=min(job.settings.max_tokens, longest_input(job.model)),
    )
    count = job.settings.thread_messages
    with Archive.open(job.archive_url) as archive:
        source = ArchiveSource(archive, job.account, thread_messages=max(MOST_MESSAGES, count))
        known, unseen = _sides(source.choose(job.settings.window).mails, card, learned_digests(adapter))
        playback = play_back_mails(source, unseen, job, writer=None, report=say.stage("playback"))
        author = Author(account=source.account, owner=source.owner, instructions=playback.instructions)
        others = tuple(
            mail.email.text for other in source.others() for mail in other.choose(job.settings.window).mails
        )  # fmt: skip
    with open_finder(author.account, known, folder, retrieval=job.retrieval, embedder=job.embedder) as finder:
        judges = make_judges(
            unseen, known, author, as_read(writing, job), finder, thread_messages=count,
            most=max(MOST, job.gate.min_mails),
        )  # fmt: skip
    planted = int(card.data.get("canaries", 0))
    return Material(
        learned=(),
        validation=(),
        measures={job.account: tuple(judge.plain for judge in judges)},
        counts={"learned": len(known), "held_out": len(judges)},
        canaries=plant(
            planted, str(card.config.get("run", "")), author, writing, mails=planted * MAILS_EACH,
            language=str(card.data.get("canary_language", usual_language(mail.email for mail in known))),
        ),
        judges=judges,
        voices=Voices(own={mail.email.message_id: mail.email.text for mail in known}, others=others),
        newest=told(newest_of(known)),
    )  # fmt: skip


def _sides(
    mails: Sequence[SentMail], card: AdapterCard, learned: Collection[str]
) -> tuple[list[SentMail], list[SentMail]]:
    """Return the mails that an adapter learned from, or was chosen by, and the others.

    Where it does not say all of these, it knows whatever was there before it. What goes on in a thread that it knows is
    on neither side.
    """
    says_all = bool(learned) and "validation" in card.data
    known: list[SentMail] = []
    unseen: list[SentMail] = []
    for mail in mails:
        sent_at = mail.email.sent_at
        is_before = sent_at is None or sent_at.isoformat() <= card.created_at
        is_known = digest(mail.email.message_id) in learned or (is_before and not says_all)
        (known if is_known else unseen).append(mail)
    threads = {mail.conversation for mail in known}
    return known, [mail for mail in unseen if mail.conversation not in threads]
