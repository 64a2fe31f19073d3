"""The text of a PDF, read in a process of its own: a file from anywhere must not take the run's memory or time.

`python -m trainer.corpora.pdf FILE` writes the text of its pages to stdout as a JSON list.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path

from trainer.corpora.paper import reflow

MOST_BYTES = 200 * 2**20
MOST_PAGES = 2000
MOST_SECONDS = 120
MOST_MEMORY = 2 * 2**30
MOST_TEXT = 50 * 2**20
ENCRYPTED = "it is encrypted"


class UnreadablePdf(Exception):
    """A PDF gave no text; the message says why."""


def read_pdf(path: Path, *, seconds: int = MOST_SECONDS) -> str:
    """Return a PDF's text in paragraphs.

    Raises:
        UnreadablePdf: it is encrypted, broken, too large, too slow to read, or holds no text.
    """
    if path.stat().st_size > MOST_BYTES:
        raise UnreadablePdf(f"it is larger than {MOST_BYTES // 2**20} MiB")
    command = [sys.executable, "-m", "trainer.corpora.pdf", str(path.resolve()), str(seconds)]
    try:
        child = subprocess.run(command, capture_output=True, timeout=2 * seconds, check=False)  # noqa: S603  our own
    except subprocess.TimeoutExpired as error:
        raise UnreadablePdf(f"reading it took longer than {seconds} s") from error
    if child.returncode:
        raise UnreadablePdf(_reason(child.returncode, child.stderr, seconds))
    text = reflow(json.loads(child.stdout))
    if not text:
        raise UnreadablePdf("it holds no text; a scan has to be read by OCR first")
    return text


def _reason(code: int, stderr: bytes, seconds: int) -> str:
    if code < 0:
        return f"reading it took longer than {seconds} s, or more memory than {MOST_MEMORY // 2**30} GiB"
    last = stderr.decode(errors="replace").strip().rpartition("\n")[2]
    return last or "it is broken"


def _pages(path: Path) -> list[str]:
    """Return the text of each page; pypdf has limits of its own for what a page unpacks to."""
    import pypdf  # noqa: PLC0415  only the child reads

    with pypdf.PdfReader(path) as reader:
        if reader.is_encrypted and not reader.decrypt(""):
            sys.exit(ENCRYPTED)
        if len(reader.pages) > MOST_PAGES:
            sys.exit(f"it has more than {MOST_PAGES} pages")
        pages, room = [], MOST_TEXT
        for page in reader.pages:
            pages.append(page.extract_text())
            room -= len(pages[-1])
            if room < 0:
                sys.exit(f"its text is longer than {MOST_TEXT // 2**20} MiB")
        return pages


def _main(path: Path, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    try:
        pages = _pages(path)
    except MemoryError:
        sys.exit(f"reading it took more memory than {MOST_MEMORY // 2**30} GiB")
    except Exception as error:  # noqa: BLE001  a PDF finds every defect of its reader
        sys.exit(f"it is broken ({type(error).__name__})")
    sys.stdout.write(json.dumps(pages))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]))
