"""PDFs are read in a process of their own, and what cannot be read says why."""

import io
from pathlib import Path

import pypdf
import pytest

from tests.trainer.corpora.pdfs import GUIDE, make_pdf
from trainer.corpora import pdf
from trainer.corpora.pdf import UnreadablePdf, read_pdf

pytestmark = pytest.mark.process


def encrypted(password: str) -> bytes:
    """Return a PDF that opens with a password only."""
    writer = pypdf.PdfWriter(io.BytesIO(make_pdf(GUIDE)))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="RC4-128")
    held = io.BytesIO()
    writer.write(held)
    return held.getvalue()


def test_a_pdf_becomes_paragraphs(tmp_path: Path) -> None:
    """Broken words are whole, running titles and page numbers gone, and the paragraphs are there."""
    path = tmp_path / "a.pdf"
    path.write_bytes(make_pdf(GUIDE))
    text = read_pdf(path)
    assert "roots that stay near the surface. It is better" in text
    assert "Handbook" not in text
    assert [part[:9] for part in text.split("\n\n") if part.startswith("Chapter")] == [
        "Chapter 1",
        "Chapter 2",
        "Chapter 3",
    ]
    assert text.endswith("finds it in the dark.")


def test_a_pdf_that_opens_without_a_password_is_read(tmp_path: Path) -> None:
    """Many PDFs are encrypted with an empty password, against changes only."""
    path = tmp_path / "a.pdf"
    path.write_bytes(encrypted(""))
    assert "Rain barrels" in read_pdf(path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (encrypted("secret"), "encrypted"),
        (make_pdf(["", ""]), "no text"),
        (make_pdf(GUIDE)[:600], "broken"),
        (b"", "broken"),
        (b"Not a PDF at all", "broken"),
        (make_pdf(GUIDE).replace(b"/Kids [4 0 R 6 0 R 8 0 R]", b"/Kids [2 0 R 2 0 R 2 0 R]"), "broken"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, content: bytes, why: str) -> None:
    """Encrypted, a scan, cut off, empty, something else, and a page tree that contains itself."""
    path = tmp_path / "a.pdf"
    path.write_bytes(content)
    with pytest.raises(UnreadablePdf, match=why):
        read_pdf(path)


def test_a_pdf_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    """A page of millions of letters ends with the time that is allowed, and takes no more than that."""
    path = tmp_path / "a.pdf"
    path.write_bytes(make_pdf(["\n".join(["word " * 20] * 20_000)] * 10))
    with pytest.raises(UnreadablePdf, match="longer than 1 s"):
        read_pdf(path, seconds=1)


def test_a_pdf_that_unpacks_to_too_much_is_given_up(tmp_path: Path) -> None:
    """A small file whose page unpacks to 80 MiB is told as broken."""
    path = tmp_path / "a.pdf"
    path.write_bytes(make_pdf([" " * (80 * 2**20)]))
    assert path.stat().st_size < 2**20
    with pytest.raises(UnreadablePdf, match="LimitReached"):
        read_pdf(path)


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size alone decides."""
    path = tmp_path / "a.pdf"
    path.write_bytes(make_pdf(GUIDE))
    monkeypatch.setattr(pdf, "MOST_BYTES", 100)
    with pytest.raises(UnreadablePdf, match="larger than"):
        read_pdf(path)
