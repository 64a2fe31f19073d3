"""The engine's log: where it goes, and what its last words mean to a person."""

import re
from pathlib import Path

from connectors.errors import EngineDown, EngineError, ModelMissing

MAX_BYTES = 5_000_000
TAIL_BYTES = 20_000
KILLED = {128 + 9, -9}
"""How it ends when the system killed it, or its leash with it."""

_ADDRESS = re.compile(r"address already in use", re.IGNORECASE)
_MODEL = re.compile(
    r"LocalEntryNotFoundError|HFValidationError|RepositoryNotFoundError|does not appear to have a file named"
    r"|Can't load the (model|configuration|tokenizer)|Invalid repository ID"
)
_CACHE = re.compile(r"max seq len.*KV cache|No available memory for the cache blocks", re.IGNORECASE | re.DOTALL)
_MEMORY = re.compile(
    r"out of memory|Cannot allocate memory|bad_alloc|MemoryError|can't allocate memory|less than requested memory"
    r"|less than desired GPU memory",
    re.IGNORECASE,
)
_ARGUMENT = re.compile(r"error: (unrecognized arguments.*|argument .*)")
_WARNED = re.compile(r"^.*fd limit errors like.*$", re.MULTILINE)
"""vLLM names an error at each start that did not happen."""
_LAST_ERROR = re.compile(r"\b(\w*(?:Error|Exception): .+)$", re.MULTILINE)


def rotate(path: Path) -> None:
    """Begin a fresh log when this one has grown large; the one before is kept beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > MAX_BYTES:
        path.replace(path.with_suffix(".log.1"))


def read_tail(path: Path, *, start: int) -> str:
    """Return the end of what was written to a log since it was `start` bytes long."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(start, size - TAIL_BYTES))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def explain(tail: str, *, code: int, model: str, where: str) -> EngineError:
    """Say in words why the engine ended: an `EngineDown` is worth another try, other errors are not."""
    if _ADDRESS.search(tail):
        said = f"The engine cannot listen on {where}: another program does."
        return EngineDown(said, hint="Stop that program, or set [engine] port.")
    if _MODEL.search(tail):
        return missing_model(model)
    if _CACHE.search(tail):
        said = "The engine has too little memory to read and write texts with this model."
        return EngineError(said, hint="Set a smaller [engine] max_model_len, or a larger kv_cache_gib.")
    if _MEMORY.search(tail) or code in KILLED:
        said = "The engine was killed, or ran out of memory."
        return EngineDown(said, hint="Choose a smaller model, or close other programs.")
    if refused := _ARGUMENT.search(tail):
        return EngineError(f"The engine refused its settings: {refused[1]}", hint="See [engine] in cyrano.toml.")
    errors: list[str] = _LAST_ERROR.findall(_WARNED.sub("", tail))
    said = errors[-1] if errors else f"exit code {code}"
    return EngineDown(f"The engine ended: {said}", hint="logs/engine.log says more.")


def missing_model(model: str) -> ModelMissing:
    """Say that a base model is not there, and how to get it."""
    hint = f"Download it (hf download {model}), or set [engine] model to the folder of one."
    return ModelMissing(f"The model {model!r} is not on this machine.", hint=hint)


def shortage(error: OSError) -> EngineDown:
    """Say that the machine lacks something now: room on its disk, memory, open files."""
    hint = "It is tried again by itself; free some disk space or memory."
    return EngineDown(f"The engine could not be kept: {error.strerror or error}.", hint=hint)
