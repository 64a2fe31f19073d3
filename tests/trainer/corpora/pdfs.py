"""PDFs made of text by hand: tests need no writer. `python -m tests.trainer.corpora.pdfs` makes that of the recipes."""

import zlib
from collections.abc import Sequence
from pathlib import Path

LEADING = 14


def make_pdf(pages: Sequence[str], *, trailer: str = "") -> bytes:
    """Return a PDF with a page for each text, line by line, in Helvetica; letters are those of Latin-1."""
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for index, page in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * index} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(stream(_drawing(page)))
    return _file(objects, trailer)


def stream(content: bytes) -> bytes:
    """Return a compressed stream."""
    packed = zlib.compress(content)
    return b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed)


def _drawing(page: str) -> bytes:
    lines = (line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in page.splitlines())
    shown = "".join(f"({line}) Tj T*\n" if line else "T*\n" for line in lines)
    return f"BT /F1 11 Tf {LEADING} TL 60 780 Td\n{shown}ET".encode("latin-1")


def _file(objects: Sequence[bytes], trailer: str) -> bytes:
    content, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{len(content)}\n%%EOF\n"
    )
    return content + end.encode()


GUIDE = (
    """The Allotment Handbook

Chapter 1: Water

A bed that is watered every evening grows roots that stay near the sur-
face. It is better to water twice a week, in the morning, and so much that
the soil is wet a hand deep. The roots follow the water down, and a dry
week in July does less harm.
Rain barrels stand under the roof of every shed. A full barrel lasts for
about ten days. Whoever takes the last can turns the tap of the next one
and writes the date on the lid, so that the others know where to go on.

1""",
    """The Allotment Handbook

Chapter 2: Compost

Three heaps lie behind the hedge. The first is the one that is filled, the
second rests, and the third is used. In spring all of them move on by one
place, which is a day's work for four people and ends with soup.
Kitchen scraps go in without oil, meat or labels. Cardboard is torn into
pieces first. A heap that smells has too little air: it is turned, and a
layer of straw goes on every hand's breadth of grass.

2""",
    """The Allotment Handbook

Chapter 3: Tools

The shed's key hangs at the gate. Tools are cleaned before they are put
back; the scythe is sharpened by the two people who learned how, and by
nobody else. What breaks is noted on the slate, with the name of whoever
broke it, since that person knows best what happened.
Shears and saws are oiled in November. A wheelbarrow with a flat tyre is
not parked at the back, where the next person finds it in the dark.

3""",
)
"""A handbook as it might lie in a folder of documents: broken words, running titles, page numbers."""

if __name__ == "__main__":
    target = Path("trainer/recipes/tiny/documents/handbook.pdf")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(make_pdf(GUIDE))
