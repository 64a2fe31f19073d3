"""A folder of text, Markdown and PDF, learned as plain language: every token, in chunks.

The rules this module keeps:
1. A chunk holds at most `max_tokens`, and ends where a paragraph does; inside a paragraph that is longer, where a line
   or sentence does; elsewhere only within a sentence that is longer still.
2. Chunks of a document, put together, are the document, token for token.
"""

import bisect
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from transformers import PreTrainedTokenizerBase

from connectors.errors import UsageError
from trainer.corpora.pdf import UnreadablePdf, read_pdf
from trainer.corpora.reading import Reading
from trainer.data.packing import Example

MOST_BYTES = 50 * 2**20
"""Larger text files are no documents."""
SHORTEST = 20
"""Characters; shorter documents teach nothing."""
TEXT = frozenset({".txt", ".md"})
PARAGRAPH = re.compile(r"\n\s*\n")
LINE = re.compile(r"\n|(?<=[.!?])\s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A text and its path within the folder."""

    name: str
    text: str

    def examples(self, tokenizer: PreTrainedTokenizerBase, max_tokens: int) -> Iterator[Example | None]:
        """Yield its chunks; none is ever too long."""
        coded = tokenizer(self.text, add_special_tokens=False, return_offsets_mapping=True)
        tokens, spans = coded["input_ids"], coded["offset_mapping"]
        start = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
        end = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
        for first, last in cut(self.text, spans, max_tokens - len(start) - len(end)):
            # The first token has nothing to follow from: it is given. What marks the start is no text.
            learned = first if start else first + 1
            closing = end if last == len(tokens) else []
            if learned == last:
                continue
            yield Example(
                message_id=f"{self.name}#{first}",
                tokens=(*start, *tokens[first:last], *closing),
                prompt_tokens=1,
                reply_bytes=len(self.text[spans[learned][0] : spans[last - 1][1]].encode()),
            )


def read(folder: Path) -> Reading:
    """Read all documents below a folder, by name; hidden ones and links are passed over.

    Raises:
        UsageError: it is no folder, or nothing in it could be read.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder of documents.", hint="Give a folder of .txt, .md and .pdf files.")
    reading, known = Reading(), set[str]()
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        try:
            text = _read(path)
        except (UnreadablePdf, ValueError, OSError) as error:
            reading.leave_out(name, "unreadable", str(error))
            continue
        if text in known:
            reading.leave_out(name, "duplicate")
        elif len(text) < SHORTEST:
            reading.leave_out(name, "no text")
        else:
            known.add(text)
            reading.parts.append(Document(name=name, text=text))
    if not reading.parts:
        raise UsageError(
            f"No document below {folder} can be read: {'; '.join(reading.problems[:5]) or 'there is none'}.",
            hint="Documents are files that end in .txt, .md or .pdf.",
        )
    return reading


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not is_hidden and not path.is_symlink() and path.is_file() and path.suffix.lower() in {*TEXT, ".pdf"}:
            yield path


def _read(path: Path) -> str:
    if path.suffix.lower() == ".pdf":
        return tidy(read_pdf(path))
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES // 2**20} MiB")
    content = path.read_bytes()
    if b"\0" in content:
        raise ValueError("it is no text in UTF-8")
    try:
        return tidy(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return tidy(content.decode("cp1252", errors="replace"))


def tidy(text: str) -> str:
    """Return a text with composed letters, line feeds, one empty line between paragraphs and no blanks at line ends."""
    lines = [line.rstrip() for line in unicodedata.normalize("NFC", text).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def cut(text: str, spans: Sequence[tuple[int, int]], most: int) -> Iterator[tuple[int, int]]:
    """Yield the chunks of a text as ranges of its tokens, whose places in it are given as (start, end).

    Raises:
        UsageError: a chunk has no room for a token.
    """
    if most < 1:
        raise UsageError("max_tokens leaves no room for text.", hint="Raise [train] max_tokens.")
    starts = [start for start, _ in spans]
    paragraphs, lines = (
        sorted({bisect.bisect_left(starts, border.end()) for border in pattern.finditer(text)})
        for pattern in (PARAGRAPH, LINE)
    )
    first = 0
    while first < len(spans):
        last = len(spans)
        if first + most < last:
            last = _last(paragraphs, first, first + most) or _last(lines, first, first + most) or first + most
        yield first, last
        first = last


def _last(borders: Sequence[int], after: int, until: int) -> int | None:
    """Return the last border in (after, until]."""
    index = bisect.bisect_right(borders, until) - 1
    return borders[index] if index >= 0 and borders[index] > after else None
