"""How likely a word with dots in it is the name of a host, told by how it ends. Pure.

The list of endings is IANA's, https://data.iana.org/TLD/tlds-alpha-by-domain.txt, as it was on the day its first line
says; an ending that is younger makes a link as soon as a path follows.
"""

import re
from collections.abc import Iterator, Sequence
from enum import Enum
from importlib.resources import files


class Likeness(Enum):
    """How much a word looks like the name of a host."""

    SURE = "sure"
    DOUBTFUL = "doubtful"
    """By a blank that lacks, most likely: "ok.it"."""
    UNLIKELY = "unlikely"
    """It is more likely a sentence's joint ("Danke.Am"), a file ("notes.md") or a version, unless a mail says it."""
    NONE = "none"


DOTS = ".\u2024\u3002\uff0e\uff61"
"""Browsers read the full stops of Chinese and Japanese as dots."""
DOT = f"[{DOTS}]"
_PLAIN_DOTS = dict.fromkeys(map(ord, DOTS), ".")


def _listed() -> Iterator[str]:
    """Yield the endings of IANA's list, those of other scripts in both of their forms."""
    lines = files(__package__).joinpath("tlds-alpha-by-domain.txt").read_text(encoding="ascii").lower().splitlines()
    for line in lines[1:]:
        yield line
        if line.startswith("xn--"):
            yield line.removeprefix("xn--").encode().decode("punycode")


ENDINGS = frozenset(_listed()) | {"example", "invalid", "onion", "test", "\u30c6\u30b9\u30c8"}
NO_ENDINGS = frozenset(
    """
    cfg conf cpp css csv doc docx exe gif htm html ini jpeg jpg js json jsx log odt pdf php png ppt pptx svg toml ts tsx
    txt xls xlsx xml yaml yml
    """.split()  # noqa: SIM905  forty quoted words are harder to read
)
"""Files end so, and no domain."""
_FILES = frozenset({"cab", "md", "mov", "ps", "py", "rs", "sh", "so", "zip"})
"""Files end so, and domains."""
_LONG = frozenset({"py"})
"""Endings right under which there is nothing to be had: "main.py" is a file."""
_WORDS = frozenset(
    """
    ai al am as at au be best by call da de do er es et free got here how il im in is ist it je jetzt la le like love ma
    man me mit moi my na ne new next ni no now nu one open plus read se si so su to today uno va you
    """.split()  # noqa: SIM905
)
"""Words by which sentences begin, or go on."""
_UNITS = frozenset({"am", "cm", "pm", "st"})
_WRITTEN_LARGE = frozenset({"biz", "com", "info", "net", "org"})
"""Endings that are no words, so that a capital makes no new sentence of them."""
_SHORT = 5
"""How long a word at the end of a sentence is for its joint to be taken for one; names of hosts worth having are
longer."""
_JOINED = 3
"""How many words may be joined so."""
_OCTETS = 4
_DEPTH = 8
"""How many labels of a host are looked at."""
_HOST = re.compile(rf"(?<![\w\u200c\u200d-])[\w\u200c\u200d-]++(?:{DOT}[\w\u200c\u200d-]++)++")
_SAID_DOT = re.compile(
    r"\s{0,2}[\[({<]\s{0,2}(?:dot|punkt|point|punto|\.)\s{0,2}[\])}>]\s{0,2}|\s(?:dot|punkt)\s", re.IGNORECASE
)
_SPACED = re.compile(r"(?<=(?<!\S)\S)[ \t](?=\S(?!\S))")


def plain_host(host: str) -> str:
    """Return a host in the one form in which its spellings are equal."""
    return host.lower().translate(_PLAIN_DOTS)


def hosts_in(text: str) -> frozenset[str]:
    """Return whatever in a text may be a host: in links, addresses and by itself, with the domains it lies in."""
    return frozenset(host for found in _HOST.finditer(text) for host in _with_parents(plain_host(found[0])))


def undisguised(text: str) -> str:
    """Return a text with the hosts put together that it spells out: "evil (dot) com", "e v i l . i t"."""
    return _SAID_DOT.sub(".", _SPACED.sub("", text))


def is_ip(labels: Sequence[str]) -> bool:
    """Tell an address of IPv4."""
    return len(labels) == _OCTETS and all(re.fullmatch(r"\d{1,3}", each) and int(each) < 256 for each in labels)  # noqa: PLR2004


def domain_in(host: str) -> tuple[Likeness, int]:
    """Return how much a word without a path looks like a host, and how many of its labels do: a word may stick."""
    parts = re.split(f"({DOT})", host)
    labels, dots = parts[::2], parts[1::2]
    if is_ip(labels):
        return Likeness.UNLIKELY, _OCTETS  # a version is written so too
    found = Likeness.NONE, 0
    for count in range(len(labels), 1, -1):
        likeness = _likeness(labels, count, dots[count - 2])
        if likeness is Likeness.SURE:
            return likeness, count
        if found[0] is Likeness.NONE and likeness is not Likeness.NONE:
            found = likeness, count
    return found


def may_end(host: str) -> bool:
    """Tell whether a host before a path may be one: any ending may, but for abbreviations, dates, fractions, files."""
    *_, before, end = re.split(DOT, host.lower())
    if is_listed(end):
        return True
    is_word = len(end) > 1 and end.isalpha() and end not in NO_ENDINGS
    return is_word and not _ends_sentence(end, host[-len(end) - 1]) and not before.isdecimal()


def is_listed(end: str) -> bool:
    """Tell whether domains end so."""
    return (end in ENDINGS and end not in NO_ENDINGS) or end.startswith("xn--")


def _likeness(labels: Sequence[str], count: int, dot: str) -> Likeness:
    """Return how much the first labels look like a host."""
    before, written = labels[count - 2], labels[count - 1]
    end = written.lower()
    if (
        not is_listed(end)
        or (before.isdecimal() and end in _UNITS)
        or _is_abbreviated(labels[max(0, count - 3) : count])
    ):
        return Likeness.NONE
    is_new_sentence = written.istitle() and end not in _WRITTEN_LARGE and not before.isupper()
    if is_new_sentence or _ends_sentence(end, dot) or end in _FILES or before.isdecimal():
        return Likeness.UNLIKELY
    is_joint = end in _WORDS and count <= _JOINED and all(map(_is_short, labels[: count - 1]))
    is_tiny = len(before) == 1 and len(end) == 2 and count == 2  # noqa: PLR2004  "s.th."
    return Likeness.DOUBTFUL if is_joint or is_tiny else Likeness.SURE


def _is_abbreviated(labels: Sequence[str]) -> bool:
    """Tell "e.g.by" and "main.py" by their last labels."""
    *before, end = labels
    is_letters = len(before) > 1 and all(len(label) == 1 for label in before)
    return (is_letters and end.lower() in _WORDS) or (len(before) == 1 and end.lower() in _LONG)


def _ends_sentence(end: str, dot: str) -> bool:
    """Tell whether a stop ends a sentence of Chinese or Japanese, which browsers take for a dot."""
    return not end.isascii() and dot != "."


def _is_short(label: str) -> bool:
    return len(label) <= _SHORT and label.isalpha()


def _with_parents(host: str) -> Iterator[str]:
    labels = host.split(".")[-_DEPTH:]
    yield host
    for start in range(1, len(labels) - 1):
        yield ".".join(labels[start:])
