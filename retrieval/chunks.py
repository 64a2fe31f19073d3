"""Long text into overlapping pieces that an embedding model can read whole.

The rules this module keeps: every piece is at most `size` characters, each starts after the one before, nothing of the
text is lost, and a text of n characters makes at most 1 + 4n / size pieces.
"""

SIZE = 800
"""Characters: about 200 tokens of English and 250 of German; the bundled model reads 256."""
OVERLAP = 80

_BOUNDS = ("\n\n", "\n", ". ", "! ", "? ", " ")
"""Where to cut, best first."""


def chunk(text: str, *, size: int = SIZE, overlap: int = OVERLAP) -> list[str]:
    """Cut a text at paragraph, sentence or word bounds; empty text makes no pieces.

    Raises:
        ValueError: the overlap is over a quarter of the size.
    """
    if not 0 <= overlap <= size // 4:
        raise ValueError(f"an overlap of {overlap} does not fit pieces of {size} characters")
    text = text.strip()
    pieces = []
    start = 0
    while start < len(text):
        end = _end(text, start, size)
        pieces.append(text[start:end])
        # Every piece but the last is over half of `size` long and the overlap under a quarter of it: this moves on.
        start = end if end == len(text) else _next_start(text, end, overlap)
    return pieces


def _end(text: str, start: int, size: int) -> int:
    """Where the piece from `start` ends: at the best bound in its second half, else at full size."""
    if len(text) - start <= size:
        return len(text)
    for bound in _BOUNDS:
        found = text.rfind(bound, start + size // 2, start + size)
        if found >= 0:
            return found + len(bound)
    return start + size


def _next_start(text: str, end: int, overlap: int) -> int:
    """Step back by up to `overlap` characters, to the start of a word where there is one."""
    space = text.find(" ", end - overlap, end - 1)
    return end - overlap if space < 0 else space + 1
