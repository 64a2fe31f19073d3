"""What to do when memory runs out."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from connectors.errors import TrainError

LOWER = "Lower [train] batch_size (and raise accumulation by as much), or set checkpointing to on."


@contextmanager
def memory_errors(purpose: str = "train", *, hint: str = LOWER) -> Iterator[None]:
    """Say what to lower.

    Args:
        purpose: What there was not enough memory for.
        hint: What helps.

    Raises:
        TrainError: in place of whatever says that a GPU or the machine is full.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_shortage(error):
            raise
        raise TrainError(f"There was not enough memory to {purpose}.", hint=hint) from error


def is_shortage(error: Exception) -> bool:
    """Tell whether an error says that a GPU or the machine is full."""
    # torch has a class for a full GPU (a RuntimeError), and only words for a full machine or a GPU's libraries.
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(words in str(error) for words in _FULL)


_FULL = ("can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED", "could not create a memory")
