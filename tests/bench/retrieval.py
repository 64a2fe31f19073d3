"""Retrieval side by side: the embedded index against the local mode of Qdrant's client, as a Markdown table.

Run it from the root: `python -m tests.bench.retrieval [mails …]`. Both answer `Retriever.find` with exact search over
the same mails. These have random vectors, so that filling is quick; the queries are embedded for real.
"""

import random
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

import numpy as np
from qdrant_client import QdrantClient

from connectors.message import Address
from retrieval.edge import open_edge
from retrieval.embedder import BUNDLED_DIMENSION, Embedder, EmbedderSettings
from retrieval.index import Index, IndexedMail, Passage, StoredMail
from retrieval.prompt import Request
from retrieval.rank import RetrievalSettings, Retriever
from retrieval.server import ServerIndex
from retrieval.sparse import document_weights

SIZES = (1_000, 20_000)
QUERIES = 30
BATCH = 500
ME = Address(addr="me@example.org")
NOW = datetime(2026, 6, 1, tzinfo=UTC)
WORDS = [f"{start}{middle}{end}" for start in "bdfgklmn" for middle in "aeiou" for end in "lnrst"]


class Replay:
    """Gives out vectors made before, so that only the search is timed."""

    def __init__(self, vectors: np.ndarray) -> None:
        self._vectors = cycle(vectors)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return the next vectors."""
        return np.stack([next(self._vectors) for _ in texts])


def main(sizes: Sequence[int]) -> None:
    """Measure every size, and print the table."""
    embedder = Embedder(EmbedderSettings())
    embedder.warm()
    dice = random.Random(0)  # noqa: S311  mails that look alike are no secret
    texts = [" ".join(dice.choices(WORDS, k=20)) for _ in range(QUERIES)]
    embed = timed(lambda text: embedder.encode([text]), texts)
    vectors = embedder.encode(texts)
    print("| mails | embed p50 / p95 ms | search, embedded p50 / p95 ms | local mode p50 / p95 ms | ratio of p95 |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for size in sizes:
        edge, local = (search(index, texts, vectors, size) for index in indexes())
        print(f"| {size:,} | {shown(embed)} | {shown(edge)} | {shown(local)} | {edge[1] / local[1]:.3f} |", flush=True)


def indexes() -> Iterator[Index]:
    """Yield the index measured, then the baseline, both empty."""
    with tempfile.TemporaryDirectory() as folder:
        yield open_edge(Path(folder), dimension=BUNDLED_DIMENSION, model="bench")
        warnings.simplefilter("ignore")  # the local mode says that it is slow: this is what is measured
        server = ServerIndex(QdrantClient(path=f"{folder}/local"), collection="bench", name="local mode")
        server.prepare(dimension=BUNDLED_DIMENSION, model="bench", fresh=False)
        yield server


def search(index: Index, texts: Sequence[str], vectors: np.ndarray, size: int) -> tuple[float, float]:
    """Fill an index and return how long a search takes."""
    for start in range(0, size, BATCH):
        index.add("me", [mail(number) for number in range(start, min(start + BATCH, size))])
    retriever = Retriever(index, Replay(vectors), RetrievalSettings(threshold=-1), clock=lambda: NOW)
    took = timed(lambda text: retriever.find(Request(account="me", owner=ME, instruction=text)), texts)
    retriever.close()
    return took


def mail(number: int) -> IndexedMail:
    """Make a mail of a usual length with a random vector."""
    dice = random.Random(number)  # noqa: S311  as above
    text = " ".join(dice.choices(WORDS, k=dice.randint(20, 120)))
    vector = np.random.default_rng(number).standard_normal(BUNDLED_DIMENSION).astype(np.float32)
    stored = StoredMail(
        message_id=f"{number}@example.org",
        subject=text[:30],
        recipients=(Address(addr=f"friend{number % 50}@example.org"),),
        sent_at=NOW - timedelta(hours=number),
        text=text,
        text_hash=str(number),
    )
    passage = Passage(vector=vector / np.linalg.norm(vector), words=document_weights(text))
    return IndexedMail(mail=stored, passages=(passage,))


def timed(work: Callable[[str], object], texts: Sequence[str]) -> tuple[float, float]:
    """Return the median and the 95th percentile, in ms, of doing the work on each text."""
    work(texts[0])
    took = []
    for text in texts:
        started = time.perf_counter()
        work(text)
        took.append((time.perf_counter() - started) * 1e3)
    return float(np.percentile(took, 50)), float(np.percentile(took, 95))


def shown(times: tuple[float, float]) -> str:
    """Write a pair of times."""
    return f"{times[0]:.1f} / {times[1]:.1f}"


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or SIZES)
