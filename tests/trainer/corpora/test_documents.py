"""Folders of text as plain language."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from connectors.errors import UsageError
from trainer.corpora import documents
from trainer.corpora.documents import Document, cut, tidy
from trainer.data.packing import Example

PARAGRAPHS = [f"This is paragraph {number} of a text. It has two sentences." for number in range(12)]
TEXT = "\n\n".join(PARAGRAPHS)


@pytest.fixture
def tokenizer(tiny: Path) -> PreTrainedTokenizerBase:
    """The tiny model's tokenizer, fresh."""
    loaded: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(tiny)
    return loaded


def chunks(text: str, tokenizer: PreTrainedTokenizerBase, most: int) -> list[Example]:
    """Return the chunks of a document."""
    return [each for each in Document(name="a.txt", text=text).examples(tokenizer, most) if each]


def test_chunks_end_at_paragraphs_and_make_up_the_document(tokenizer: PreTrainedTokenizerBase) -> None:
    """Each fits, ends where a paragraph does, and together they are the text, every byte of it counted."""
    made = chunks(TEXT, tokenizer, 200)
    assert len(made) > 2
    texts = [tokenizer.decode(each.tokens[1:]) for each in made]
    assert all(len(each.tokens) <= 200 for each in made)
    assert all(text.endswith("sentences.\n\n") for text in texts[:-1])
    assert "".join(texts) == f"{TEXT}</s>"
    assert sum(each.reply_bytes for each in made) == len(TEXT.encode())


def test_every_token_is_learned_after_a_mark_of_the_start(tokenizer: PreTrainedTokenizerBase) -> None:
    """A chunk begins with the tokenizer's mark, which alone is given; only the document's end is closed."""
    first, *_, last = chunks(TEXT, tokenizer, 200)
    assert (first.tokens[0], first.prompt_tokens) == (tokenizer.bos_token_id, 1)
    assert tokenizer.eos_token_id not in first.tokens
    assert last.tokens[-1] == tokenizer.eos_token_id


def test_without_marks_the_first_token_is_given(tokenizer: PreTrainedTokenizerBase) -> None:
    """Base models may have neither mark: then the first token of a chunk is not learned, and its bytes do not count."""
    tokenizer.bos_token = tokenizer.eos_token = None
    [example] = chunks("Zebra and more", tokenizer, 200)
    assert example.prompt_tokens == 1
    assert tokenizer.decode(example.tokens) == "Zebra and more"
    assert example.reply_bytes == len("Zebra and more") - len(tokenizer.decode(example.tokens[:1]))


def test_a_long_paragraph_is_cut_at_sentences(tokenizer: PreTrainedTokenizerBase) -> None:
    """Where no paragraph ends in time, a line or a sentence does."""
    made = chunks(" ".join(PARAGRAPHS), tokenizer, 100)
    texts = [tokenizer.decode(each.tokens[1:]) for each in made]
    assert all(text.rstrip().endswith(".") for text in texts[:-1])


@given(st.text(alphabet="ab .\n", max_size=200), st.integers(1, 20))
def test_cutting_loses_nothing(text: str, most: int) -> None:
    """Whatever the text, the chunks follow each other without a gap, and none is too long or empty."""
    spans = [(index, index + 1) for index in range(len(text))]
    ranges = list(cut(text, spans, most))
    assert [first for first, _ in ranges] == [0, *(last for _, last in ranges)][: len(ranges)]
    assert all(0 < last - first <= most for first, last in ranges)
    assert sum(last - first for first, last in ranges) == len(text)


@pytest.mark.parametrize("most", [1, 2])
def test_chunks_without_room_are_refused(tokenizer: PreTrainedTokenizerBase, most: int) -> None:
    """Where the marks of start and end take all there is, no cutting would ever come to the end."""
    with pytest.raises(UsageError, match="max_tokens") as caught:
        chunks(TEXT, tokenizer, most)
    assert caught.value.hint


def test_a_folder_is_read_with_its_subfolders(tmp_path: Path) -> None:
    """Text and Markdown count; hidden files, links and other kinds do not."""
    (tmp_path / "b").mkdir()
    (tmp_path / "a.txt").write_text("The first document.\r\nIt goes on.", encoding="utf-8")
    (tmp_path / "b" / "c.MD").write_text("# The second document\n\n\n\nof two", encoding="utf-8")
    (tmp_path / ".hidden.txt").write_text("The third document, hidden", encoding="utf-8")
    (tmp_path / "d.doc").write_text("The fourth document, not read", encoding="utf-8")
    (tmp_path / "link.txt").symlink_to("/etc/passwd")
    reading = documents.read(tmp_path)
    assert reading.parts == [
        Document(name="a.txt", text="The first document.\nIt goes on."),
        Document(name="b/c.MD", text="# The second document\n\nof two"),
    ]
    assert not reading.problems


def test_what_cannot_be_read_is_named_and_passed_over(tmp_path: Path) -> None:
    """Copies, empty files, binary files and broken PDFs are counted by reason, with a line each."""
    (tmp_path / "a.txt").write_text("A document that is long enough.", encoding="utf-8")
    (tmp_path / "b.txt").write_text("A document that is long enough.\n", encoding="utf-8")
    (tmp_path / "c.md").write_text("", encoding="utf-8")
    (tmp_path / "d.txt").write_bytes(b"\0\1" * 100)
    (tmp_path / "e.pdf").write_bytes(b"%PDF-1.7\nnothing\n%%EOF")
    reading = documents.read(tmp_path)
    assert [part.name for part in reading.parts if isinstance(part, Document)] == ["a.txt"]
    assert reading.dropped == {"duplicate": 1, "no text": 1, "unreadable": 2}
    assert [problem.partition(":")[0] for problem in reading.problems] == ["b.txt", "c.md", "d.txt", "e.pdf"]


def test_old_encodings_are_read(tmp_path: Path) -> None:
    """Text that is not UTF-8 is taken for Windows' western one."""
    (tmp_path / "a.txt").write_bytes("Grüße an alle, die das lesen".encode("cp1252"))
    [part] = documents.read(tmp_path).parts
    assert part == Document(name="a.txt", text="Grüße an alle, die das lesen")


def test_tidying_keeps_words_and_paragraphs() -> None:
    """Line ends become line feeds, blanks at their ends go, letters are composed, and empty lines are one."""
    assert tidy("\ufeffa \r\nb\r\n\r\n \r\n\r\nu\u0308\n") == "\ufeffa\nb\n\nü"


@pytest.mark.parametrize("name", ["nowhere", "empty", "file.txt"])
def test_a_folder_without_documents_is_refused(tmp_path: Path, name: str) -> None:
    """No folder, an empty one, and a file end with what to give."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").write_text("A document that is long enough.", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        documents.read(tmp_path / name)
    assert caught.value.hint
