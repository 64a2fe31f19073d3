"""A corpus is split into what is learned, what chooses and what tests."""

import json
from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from connectors.corpus import Corpus
from connectors.errors import TrainError
from connectors.train_settings import TrainSettings
from trainer.corpora.base import CorpusMaterial, read_corpus
from trainer.data.packing import Example

SETTINGS = TrainSettings(holdout=0.2)


@pytest.fixture(scope="module")
def tokenizer(tiny: Path) -> PreTrainedTokenizerBase:
    """The tiny model's tokenizer."""
    loaded: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(tiny)
    return loaded


def rows(folder: Path, count: int) -> Corpus:
    """Write instructions, every second of them asked twice."""
    path = folder / "rows.json"
    path.write_text(
        json.dumps(
            [{"instruction": f"Count to {n // 2}", "output": f"answer {n}"} for n in range(count)],
        )
    )
    return Corpus(kind="alpaca", path=path)


def texts(folder: Path, *sizes: int) -> Corpus:
    """Write documents of so many paragraphs each."""
    for number, size in enumerate(sizes):
        text = "\n\n".join(f"Document {number} has a paragraph {index} of some words." for index in range(size))
        (folder / f"{number}.txt").write_text(text)
    return Corpus(kind="documents", path=folder)


def sides(material: CorpusMaterial) -> list[tuple[Example, ...]]:
    """Return all three."""
    return [material.learned, material.held_out, material.test]


def test_rows_that_ask_the_same_stand_on_one_side(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """Every example is on one side, every question too, and the sides are as large as wanted."""
    material = read_corpus(rows(tmp_path, 50), tokenizer, SETTINGS, max_tokens=200)
    assert [len(side) for side in sides(material)] == [30, 10, 10]
    asked = [{example.tokens[: example.prompt_tokens] for example in side} for side in sides(material)]
    assert not asked[0] & asked[1]
    assert not asked[0] & asked[2]
    assert not asked[1] & asked[2]
    assert material.counts == {
        "kind": "alpaca", "parts": 25, "learned": 30, "held_out": 10, "test": 10, "dropped": {}, "problems": [],
    }  # fmt: skip


def test_a_document_stands_on_one_side(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """No two sides hold chunks of one document, however unequal the documents are."""
    material = read_corpus(texts(tmp_path, 40, 2, 3, 9, 1), tokenizer, SETTINGS, max_tokens=60)
    names = [{example.message_id.partition("#")[0] for example in side} for side in sides(material)]
    assert all(names)
    assert sum(map(len, names)) == len(set.union(*names)) == 5
    assert len(material.learned) > 20


def test_three_documents_are_the_fewest(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """Three make the three sides; two are refused with a word on what to do."""
    material = read_corpus(texts(tmp_path, 5, 1, 1), tokenizer, SETTINGS, max_tokens=60)
    assert all(sides(material))
    assert len(material.learned) > len(material.test)
    (tmp_path / "2.txt").unlink()
    with pytest.raises(TrainError, match="2 parts") as caught:
        read_corpus(Corpus(kind="documents", path=tmp_path), tokenizer, SETTINGS, max_tokens=60)
    assert caught.value.hint


def test_the_seed_decides_who_measures(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """The same seed gives the same sides, another one others."""
    corpus = rows(tmp_path, 50)
    first, again, other = (
        read_corpus(corpus, tokenizer, TrainSettings(holdout=0.2, seed=seed), max_tokens=200) for seed in (0, 0, 1)
    )
    assert first == again
    assert set(first.test) != set(other.test)


def test_samples_limit_all_sides_together(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """Of a large corpus so many examples are taken, in the sides' shares."""
    material = read_corpus(rows(tmp_path, 200), tokenizer, SETTINGS, max_tokens=60, samples=20)
    assert [len(side) for side in sides(material)] == [12, 4, 4]


def test_samples_of_documents_are_at_most_so_many(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """Documents stay whole on their sides, so the sample may be a little smaller, and is never larger."""
    material = read_corpus(texts(tmp_path, *[9] * 30), tokenizer, SETTINGS, max_tokens=60, samples=20)
    learned, held_out, test = (len(side) for side in sides(material))
    assert 5 < learned <= 12
    assert (held_out, test) == (4, 4)


def test_what_is_too_long_is_counted(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """Rows that do not fit are left out, and the counts say how many."""
    corpus = rows(tmp_path, 50)
    content = json.loads(corpus.path.read_text())
    corpus.path.write_text(json.dumps([*content, {"instruction": "x", "output": "y" * 500}, "broken"]))
    counts = read_corpus(corpus, tokenizer, SETTINGS, max_tokens=200).counts
    assert counts["dropped"] == {"broken": 1, "too long": 1}
    assert counts["problems"] == ["row 52: it is no JSON object"]
