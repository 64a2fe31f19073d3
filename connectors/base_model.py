"""What a base model is made of, in a few letters: an adapter is of use only with the very model it was trained on.

The digest takes in the configuration and the tokenizer whole; of each file of weights its size, its header and samples
of its data, so that it takes a moment for a model of any size. It does not take in where the model lies, when it was
copied, or which program wrote it down: the same model on another machine has the same digest.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from connectors.errors import StoreError

SAMPLES = 64
SAMPLE_BYTES = 4096

_WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".gguf")
_WRITTEN = ("_name_or_path", "transformers_version")
"""Keys of `config.json` that tell of the program that wrote it, not of the model."""
_TOKENIZER = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
    "vocab.txt", "merges.txt", "tokenizer.model", "spiece.model", "tekken.json", "chat_template.jinja",
    "chat_template.json",
)  # fmt: skip
_ID_LENGTH = 32


def revision(model: str) -> str:
    """Return the digest of a base model; "" where it is not on this machine, and nobody can say what it is.

    Asked again, it looks at the files' sizes and times alone.

    Args:
        model: Its folder, or the name of one that has been downloaded.

    Raises:
        StoreError: it is here and cannot be read.
    """
    place = find(model)
    if place is None:
        return ""
    try:
        return _digest(place, _states(place))
    except (OSError, ValueError) as error:
        hint = "Download it again, or set [engine] model to another."
        raise StoreError(f"The model {model} cannot be read: {error}", hint=hint) from error


def find(model: str) -> Path | None:
    """Return the folder of a model: as named, or where it was downloaded to; None where it is not on this machine."""
    place = Path(model).expanduser()
    if model and (place / "config.json").is_file():
        return place.absolute()
    return _downloaded(model)


def _downloaded(model: str) -> Path | None:
    """Return the folder that a hub's name stands for, without asking the hub."""
    owner, _, name = model.partition("/")
    if not owner or not name or "/" in name:
        return None
    store = _cache() / f"models--{owner}--{name}"
    try:
        commit = (store / "refs" / "main").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    place = store / "snapshots" / commit
    return place if (place / "config.json").is_file() else None


def _cache() -> Path:
    """Return where downloaded models lie; the environment is read as Hugging Face's own library reads it."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()


def _states(place: Path) -> tuple[tuple[str, int, int], ...]:
    """Return name, size and time of the files that count."""
    states = ((path.name, path.stat()) for path in _files(place))
    return tuple((name, state.st_size, state.st_mtime_ns) for name, state in states)


def _files(place: Path) -> Iterator[Path]:
    there = sorted(place.iterdir())
    # Other programs' forms of the same weights lie beside them in some downloads, and programs' own files too.
    weights = [path for path in there if path.suffix == _WEIGHTS[0]] or [p for p in there if p.suffix in _WEIGHTS]
    yield from weights
    yield from (path for path in there if path.name == "config.json" or path.name in _TOKENIZER)


@lru_cache(maxsize=16)
def _digest(place: Path, states: tuple[tuple[str, int, int], ...]) -> str:
    whole = hashlib.sha256()
    for name, size, _ in states:
        whole.update(f"{name} {size if name.endswith(_WEIGHTS) else ''}\n".encode())
        for piece in _pieces(place / name, size):
            whole.update(hashlib.sha256(piece).digest())
    return whole.hexdigest()[:_ID_LENGTH]


def _pieces(path: Path, size: int) -> Iterator[bytes]:
    """Yield what is taken in of a file."""
    if path.name == "config.json":
        config = json.loads(path.read_text(encoding="utf-8"))
        yield json.dumps({key: config[key] for key in sorted(config) if key not in _WRITTEN}, sort_keys=True).encode()
    elif path.suffix in _WEIGHTS:
        yield from _samples(path, size)
    else:
        yield path.read_bytes()


def _samples(path: Path, size: int) -> Iterator[bytes]:
    """Yield the head of a file of weights, of safetensors the table of what is in it, and samples of the rest."""
    with path.open("rb") as file:
        start = min(size, 8 + int.from_bytes(file.read(8), "little")) if path.suffix == ".safetensors" else 0
        file.seek(0)
        yield file.read(start)
        step = max(SAMPLE_BYTES, (size - start) // SAMPLES)
        for offset in range(start, size, step):
            file.seek(offset)
            yield file.read(SAMPLE_BYTES)
        file.seek(max(start, size - SAMPLE_BYTES))
        yield file.read(SAMPLE_BYTES)
