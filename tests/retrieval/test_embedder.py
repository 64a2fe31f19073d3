"""The embedding model, for real."""

import subprocess
import sys
import threading

import numpy as np
import pytest
import torch

from connectors.errors import ConfigError, ModelMissing
from retrieval.embedder import Embedder, EmbedderSettings


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    """The bundled model, loaded once."""
    return Embedder(EmbedderSettings(batch_size=4))


def test_vectors_are_of_the_promised_shape(embedder: Embedder) -> None:
    """One float32 vector of unit length a text, of the dimension told before loading."""
    vectors = embedder.encode(["Lunch on Friday?", "", "Grüße " * 2000])
    assert (vectors.shape, vectors.dtype) == ((3, embedder.dimension), np.float32)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert embedder.encode([]).shape == (0, embedder.dimension)


def test_near_in_meaning_is_near_in_space(embedder: Embedder) -> None:
    """Two ways to say the same are nearer than two subjects."""
    lunch, meal, invoice = embedder.encode(
        ["Shall we have lunch on Friday?", "Let's eat together on Friday.", "The invoice is overdue."]
    )
    assert lunch @ meal > 0.5
    assert lunch @ invoice < 0.3


def test_batches_do_not_change_vectors(embedder: Embedder) -> None:
    """A text has the same vector alone and among others, so that a query meets what was indexed."""
    texts = [f"Text number {n} " + "with more words " * n for n in range(9)]
    together = embedder.encode(texts)
    alone = np.vstack([embedder.encode([text]) for text in texts])
    assert np.all(np.sum(together * alone, axis=1) > 0.999)


def test_threads_share_one_model(embedder: Embedder) -> None:
    """Several threads asking at once load one model and get right answers."""
    fresh = Embedder(EmbedderSettings())
    answers: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: answers.append(fresh.encode(["Hello"])[0])) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 3
    assert all(answer @ embedder.encode(["Hello"])[0] > 0.999 for answer in answers)


def test_leaves_torch_its_threads(embedder: Embedder) -> None:
    """The embedder's thread count holds while it works, not for a training in the same process."""
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        embedder.encode(["Hello"])
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


def test_missing_model_is_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is not here gives ModelMissing with the command that fetches it, and no connection is tried."""

    def refuse(*_args: object) -> None:
        raise AssertionError("the network was tried")

    monkeypatch.setattr("socket.getaddrinfo", refuse)
    with pytest.raises(ModelMissing) as caught:
        Embedder(EmbedderSettings(model="someone/not-here")).warm()
    assert "hf download someone/not-here" in caught.value.hint


def test_device_that_is_not_there_is_said() -> None:
    """A wrong device is a wrong setting, in words, not torch's traceback."""
    with pytest.raises(ConfigError, match="abacus") as caught:
        Embedder(EmbedderSettings(device="abacus")).warm()
    assert "[embedder] device" in caught.value.hint


def test_import_does_not_load_torch() -> None:
    """A process that embeds nothing does not pay for torch: import, construction and dimension are light."""
    program = (
        "import sys; from retrieval.embedder import *; from retrieval.rank import *; from retrieval.index import *\n"
        "assert Embedder(EmbedderSettings()).dimension == 384\n"
        "print([name for name in ('torch', 'transformers', 'numpy', 'qdrant_client') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
