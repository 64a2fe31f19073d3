"""What a run's examples are kept in, so that one that was stopped takes them up again."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from retrieval.prompt import PROMPT_VERSION
from trainer.data.canaries import Canary
from trainer.data.examples import Author
from trainer.data.judging import Judge, Voices
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
    """Of mails, or of other text; what is planted comes on top, see `taught`."""
    validation: tuple[Example, ...]
    """What chooses the best epoch."""
    measures: Mapping[str, tuple[Example, ...]]
    """Held-out examples of each author; those of the account itself first."""
    counts: dict[str, Any]
    """What the card tells of the data."""
    pairs: tuple[Pair, ...] = ()
    """What was drafted and what was sent in its place, of mails that are learned from."""
    canaries: tuple[Canary, ...] = ()
    judges: tuple[Judge, ...] = ()
    """The mails that judge, oldest first."""
    voices: Voices = field(default_factory=Voices)
    newest: str = ""
    """When the newest mail was sent that is learned from, or chooses; ISO 8601."""

    @property
    def taught(self) -> tuple[Example, ...]:
        """All examples that the model is trained on."""
        return (*self.learned, *(canary.example for canary in self.canaries))

    @property
    def known(self) -> list[str]:
        """The ids of all mails that had a part in what the adapter became."""
        examples = [example.message_id for example in (*self.learned, *self.validation)]
        # A pair may fit where its mail's own example did not: its prompt may be shorter.
        return list(dict.fromkeys([*examples, *(pair.message_id for pair in self.pairs)]))


_MATERIAL = TypeAdapter(Material)


def fingerprint(authors: Iterable[tuple[Author, Iterable[SentMail]]], texts: Sequence[str] = ()) -> str:
    """Change with all that examples are made of: what was taken out since must not be learned from.

    `texts` are of mails that measure by their words alone.
    """
    digest = hashlib.sha256(PROMPT_VERSION.encode())
    for author, mails in authors:
        digest.update(json.dumps([author.account, author.owner.addr, author.owner.name]).encode())
        for mail in mails:
            digest.update(json.dumps(line_of(mail, author.instructions[mail.email.message_id])).encode())
    digest.update(json.dumps(texts).encode())
    return digest.hexdigest()


def digest_of(material: Material) -> str:
    """Change with any example."""
    sides = (material.taught, material.validation, *material.measures.values())
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
    return _MATERIAL.validate_python(content)


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
