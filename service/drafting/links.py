"""Links and mail addresses in a text, as mail programs would make them clickable. Pure.

A bare domain ("example.org/pay") is a link too: programs underline it. With a path it may end in anything; without one
what ends like a sentence without its blank ("Danke.Am Montag") or like a file ("notes.md") is none.
"""

import re
from collections.abc import Iterator, Sequence

_DOTS = ".\u3002\uff0e\uff61"
"""Browsers read the full stops of Chinese and Japanese as dots."""
_DOT = f"[{_DOTS}]"
_OCTETS = 4
_AT = "@\uff20\ufe6b"
_JOINERS = "\u200c\u200d"
_LETTER = rf"[\w{_JOINERS}-]"
_END = r"[^\s<>\"'\u201c\u201d]"

_ENDINGS = frozenset(
    """
    com net org info biz edu gov mil int app dev xyz online site website shop store top club live link links click page
    web cloud tech email pro name mobi icu vip win bid loan loans work works world today news blog space fun digital
    support services solutions company group agency finance money bank pay sbs cfd lol buzz monster rest party photos
    shopping example test invalid onion
    ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc cd
    cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge
    gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh
    ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx
    my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pm pn pr pt pw qa re ro ru rw sa sb sc sd se sg si
    sk sl sm sn sr ss st su sv sx sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi
    vn vu wf ws ye yt za zm zw \u0440\u0444 \u0443\u043a\u0440 \u0431\u0435\u043b \u0441\u0440\u0431
    """.split()  # noqa: SIM905  hundreds of quoted words are harder to read
)
"""What a domain may end with that has neither scheme nor path; not what ends files: md, mov, pages, pl, ps, py, rs, sh,
so, zip."""
_FILES = frozenset(
    """
    cfg conf cpp css csv doc docx exe gif htm html ini jpeg jpg js json jsx log odt pdf php png ppt pptx svg toml ts tsx
    txt xls xlsx xml yaml yml
    """.split()  # noqa: SIM905
)
"""What no domain ends with, path or not."""
_SENTENCES = frozenset(
    """
    ai al am as at au be by da de do er es et il im in is it je la le ma me my na ne ni no nu se si so su to va
    """.split()  # noqa: SIM905
)
"""Endings that are words by which sentences begin."""

_WITH_SCHEME = re.compile(rf"(?<![^\W_])(?:[a-z][a-z0-9+.-]{{1,20}}://|www{_DOT}){_END}+", re.IGNORECASE)
_ADDRESS = re.compile(rf"(?<![\w.+{_JOINERS}-])[\w.+{_JOINERS}-]++[{_AT}]{_LETTER}++(?:{_DOT}{_LETTER}++)++")
_BARE = re.compile(
    rf"(?<![\w{_AT}/{_JOINERS}-])(?<!{_LETTER}{_DOT})(?<!/{_DOT})(?P<host>{_LETTER}++(?:{_DOT}{_LETTER}++)++)"
    rf"(?P<port>:\d++)?+(?P<path>/{_END}*+|[?#]\w{_END}*+)?+(?![{_AT}])"
)


def find_links(text: str) -> Iterator[tuple[int, int]]:
    """Yield where links begin and end that say so themselves."""
    for match in _WITH_SCHEME.finditer(text):
        yield match.start(), match.start() + len(_without_stops(match[0]))


def find_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Yield where mail addresses begin and end."""
    for match in _ADDRESS.finditer(text):
        yield match.span()


def find_domains(text: str) -> Iterator[tuple[int, int]]:
    """Yield where links without a scheme begin and end; some are part of an address or of another link."""
    for match in _BARE.finditer(text):
        if (end := _domain_end(match)) > match.start():
            yield match.start(), match.start() + len(_without_stops(text[match.start() : end]))


def is_domain(link: str) -> bool:
    """Whether a link is nothing but the name of a domain, with neither scheme nor path."""
    return not re.search(rf"[/?#:]|^www{_DOT}", link, re.IGNORECASE)


def plain_link(link: str) -> str:
    """Return a link in the one form in which all its spellings are equal."""
    return re.sub(r"^https?://", "", link.lower()).removeprefix("www.").rstrip("/")


def _without_stops(link: str) -> str:
    return link.rstrip(".,;:!?)]")


def _domain_end(match: re.Match[str]) -> int:
    """Return where a link without a scheme ends; where it begins if there is none."""
    labels = re.split(_DOT, match["host"])
    is_located = _is_address(labels) and (match["port"] or match["path"])
    if is_located or (match["path"] and _may_end(labels, match["host"])):
        return match.end()
    count = _count_domain(labels)
    if count == len(labels):
        return match.end("port") if match["port"] else match.end("host")
    return match.start() + len(".".join(labels[:count]))


def _is_address(labels: Sequence[str]) -> bool:
    """Tell an address of IPv4."""
    return len(labels) == _OCTETS and all(label.isdecimal() and len(label) <= 3 for label in labels)  # noqa: PLR2004


def _may_end(labels: Sequence[str], host: str) -> bool:
    """Tell whether a host before a path may be one: any ending may, but for abbreviations, dates, fractions, files."""
    end = labels[-1].lower()
    if end in _ENDINGS or end.startswith("xn--"):
        return True
    # Chinese and Japanese sentences end in what browsers take for dots.
    is_dot = end.isascii() or host[-len(end) - 1] == "."
    return len(end) > 1 and end.isalpha() and end not in _FILES and is_dot and not labels[-2].isdecimal()


def _count_domain(labels: Sequence[str]) -> int:
    """Return how many labels make a domain without a path, 0 where none do: a word may stick to its end."""
    for count in range(len(labels), 1, -1):
        end, before = labels[count - 1], labels[count - 2]
        if end.lower() in _ENDINGS or end.lower().startswith("xn--"):
            is_sentence = end.istitle() and end.lower() in _SENTENCES and not before.isupper()
            return 0 if is_sentence or len(before) == 1 or before.isdecimal() else count
    return 0
