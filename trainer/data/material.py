"""What a run's examples are kept in, so that one that was stopped takes them up again."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from retrieval.prompt import PROMPT_VERSION
from trainer.data.examples import Author
from trainer.data.lines import line_of
from trainer.data.packing import Example
from trainer.data.pairs import Pair
from trainer.data.source import SentMail
from trainer.files import write_whole
from trainer.methods.rosa import MASKS
from trainer.training import checkpoint
from trainer.training.preference import FOLDER as PREFERENCES

FILE = "examples.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All that training and measuring need, apart from the model."""

    learned: tuple[Example, ...]
    measures: Mapping[str, tuple[Example, ...]]
    """Held-out examples of each author; those of the account itself first."""
    counts: dict[str, Any]
    """What the card tells of the data."""
    pairs: tuple[Pair, ...] = ()
    """What was drafted and what was sent in its place, of mails that are learned from."""
    held_out_pairs: tuple[Pair, ...] = ()
    """The same of mails that only measure."""


def fingerprint(authors: Iterable[tuple[Author, Iterable[SentMail]]]) -> str:
    """Change with all that examples are made of: what was taken out since must not be learned from."""
    digest = hashlib.sha256(PROMPT_VERSION.encode())
    for author, mails in authors:
        digest.update(json.dumps([author.account, author.owner.addr, author.owner.name]).encode())
        for mail in mails:
            digest.update(json.dumps(line_of(mail, author.instructions[mail.email.message_id])).encode())
    return digest.hexdigest()


def digest_of(material: Material) -> str:
    """Change with any example."""
    sides = (material.learned, *material.measures.values())
    content = [[(example.message_id, example.tokens, example.prompt_tokens) for example in side] for side in sides]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def read_material(folder: Path, key: str) -> Material | None:
    """Return what was kept under a key, if it was."""
    try:
        content = json.loads((folder / FILE).read_bytes())
    except (OSError, ValueError):
        return None
    if content.pop("key", None) != key:
        return None
    return Material(
        learned=_examples(content["learned"]),
        measures={name: _examples(each) for name, each in content["measures"].items()},
        counts=content["counts"],
        pairs=_pairs(content["pairs"]),
        held_out_pairs=_pairs(content["held_out_pairs"]),
    )


def write_material(folder: Path, key: str, material: Material) -> None:
    """Keep examples under a key.

    Raises:
        StoreError: the disk is full or not writable.
    """
    # What was made of other examples is worth nothing.
    for name in (checkpoint.FILE, MASKS):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / PREFERENCES, ignore_errors=True)
    content = json.dumps({"key": key, **asdict(material)})
    write_whole(folder / FILE, lambda file: file.write(content.encode()))


def _examples(rows: list[dict[str, Any]]) -> tuple[Example, ...]:
    return tuple(map(_example, rows))


def _example(row: dict[str, Any]) -> Example:
    return Example(**{**row, "tokens": tuple(row["tokens"])})


def _pairs(rows: list[dict[str, Any]]) -> tuple[Pair, ...]:
    return tuple(
        Pair(message_id=row["message_id"], chosen=_example(row["chosen"]), rejected=_example(row["rejected"]))
        for row in rows
    )
