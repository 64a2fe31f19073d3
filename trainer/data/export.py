"""Examples as JSON lines, as the model reads them: what a person looks at before, or after, something is learned."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from connectors.instruction import Instruction
from connectors.job import TrainJob
from trainer.data.building import build, count_mails
from trainer.data.carried import json_lines, write_private
from trainer.data.examples import Author, Examples, Writing
from trainer.data.gather import play_back_all
from trainer.data.source import MailSource
from trainer.data.summary import describe_data
from trainer.progress import Progress, Result

LEARNED, VALIDATION, HELD_OUT = "learned", "validation", "held out"
WAITING = "newer than what is learned of its thread"


def export_examples(
    source: MailSource, job: TrainJob, writing: Writing, folder: Path, output: Path, *, say: Progress
) -> Result:
    """Write every example of an account to a file, and every mail that gives none with its reason.

    No engine is asked: mail without an instruction has an extract, and says so.

    Raises:
        StoreError: the disk is full or not writable.
    """
    chosen = source.choose(job.settings.window)
    gathered = play_back_all(source, chosen, job, writer=None, say=say)
    built = build(gathered, job, writing, folder, say=say)
    parts = ((LEARNED, built.learned), (VALIDATION, built.validation), (HELD_OUT, built.measures[source.account]))
    lines = [line for part, examples in parts for line in _lines(part, examples, gathered.author)]
    waiting = {mail.email.message_id: WAITING for mail in gathered.parts.waiting}
    lines += _left_out(source.account, {**chosen.reasons, **waiting})
    write_private(output, json_lines(lines))
    counts = count_mails(chosen, gathered.parts, gathered.playback)
    return {"version": None, "data": counts, "report": describe_data(counts)}


def _lines(part: str, examples: Examples, author: Author) -> Iterator[dict[str, Any]]:
    for made in examples.made:
        example = made.example
        yield {
            "account": author.account,
            "message_id": example.message_id,
            "part": part,
            "messages": list(made.messages),
            "reply": made.reply,
            "tokens": len(example.tokens),
            "reply_tokens": example.reply_tokens,
            "sources": list(made.source_ids),
            "instruction": _source(author.instructions, example.message_id) if made.is_instructed else None,
            "reason": "",
        }
    for message_id, reason in examples.reasons.items():
        yield {"account": author.account, "message_id": message_id, "part": None, "reason": reason}


def _left_out(account: str, reasons: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"account": account, "message_id": message_id, "part": None, "reason": reason}
        for message_id, reason in reasons.items()
    ]


def _source(instructions: Mapping[str, Instruction], message_id: str) -> str:
    return instructions[message_id].source
