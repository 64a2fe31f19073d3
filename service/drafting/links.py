"""Links and mail addresses in a text, as mail programs would make them clickable. Pure.

A bare domain ("example.org/pay") is a link too: programs underline it. With a path it may end in anything; how likely
one without is meant for a link, `endings.py` tells.
"""

import re
from collections.abc import Iterator

from service.drafting.endings import DOT, Likeness, domain_in, is_ip, may_end, plain_host

_AT = "@\uff20\ufe6b"
_JOINERS = "\u200c\u200d"
_LETTER = rf"[\w{_JOINERS}-]"
_END = r"[^\s<>\"'\u201c\u201d]"
_COLON = "[:\uff1a]"
_SLASH = "[/\uff0f\u2215]"

_BEGINS = (
    rf"[a-z][a-z0-9+.-]{{1,20}}{_COLON}{_SLASH}{{2}}",
    rf"https?{_COLON}[/\\\uff0f\u2215]++",
    rf"www{DOT}",
    r"(?:tel|sms|callto|facetime):(?=[+\d])",  # with a blank after it, it is the label of a number
)
_WITH_SCHEME = re.compile(
    rf"(?<![^\W_])(?:{'|'.join(_BEGINS)}){_END}+|(?<![\w:/\\])//(?={_LETTER}++{DOT}{_LETTER}){_END}+", re.IGNORECASE
)
_ADDRESS = re.compile(
    rf"(?:(?<![\w.+{_JOINERS}-])[\w.+{_JOINERS}-]++|\"[^\"\n]{{1,64}}\")[{_AT}]"
    rf"(?:(?P<host>{_LETTER}++(?:{DOT}{_LETTER}++)*+)|\[[\d.:a-f]{{2,40}}\])",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"(?<![\w{_AT}/{_JOINERS}-])(?<!{_LETTER}{DOT})(?<!/{DOT})(?P<host>{_LETTER}++(?:{DOT}{_LETTER}++)++)"
    rf"(?P<port>:\d++)?+(?P<path>/{_END}*+|[?#]\w{_END}*+)?+(?![{_AT}])"
)


def find_links(text: str) -> Iterator[tuple[int, int]]:
    """Yield where links begin and end that say so themselves."""
    for match in _WITH_SCHEME.finditer(text):
        yield match.start(), match.start() + len(_without_stops(match[0]))


def find_addresses(text: str) -> Iterator[tuple[int, int, Likeness]]:
    """Yield where mail addresses begin and end; one without a dot is none unless a mail says it."""
    for match in _ADDRESS.finditer(text):
        is_whole = match["host"] is None or bool(re.search(DOT, match["host"]))
        yield *match.span(), Likeness.SURE if is_whole else Likeness.UNLIKELY


def find_domains(text: str) -> Iterator[tuple[int, int, Likeness]]:
    """Yield where links without a scheme begin and end; some are part of an address or of another link."""
    for match in _BARE.finditer(text):
        likeness, end = _domain(match)
        if likeness is not Likeness.NONE:
            yield match.start(), match.start() + len(_without_stops(text[match.start() : end])), likeness


def is_domain(link: str) -> bool:
    """Whether a link is nothing but the name of a domain, with neither scheme nor path."""
    return not re.search(rf"[/?#:\\\uff0f\u2215\uff1a]|^www{DOT}", link, re.IGNORECASE)


def plain_link(link: str) -> str:
    """Return a link in the one form in which all its spellings are equal."""
    if is_domain(link):
        return plain_host(link)
    return re.sub(r"^https?://", "", link.lower()).removeprefix("www.").rstrip("/")


def _without_stops(link: str) -> str:
    return link.rstrip(".,;:!?)]")


def _domain(match: re.Match[str]) -> tuple[Likeness, int]:
    """Return how likely a link without a scheme is one, and where it ends."""
    host = match["host"]
    is_located = is_ip(re.split(DOT, host)) and (match["port"] or match["path"])
    if is_located or (match["path"] and may_end(host)):
        return Likeness.SURE, match.end()
    likeness, count = domain_in(host)
    labels = re.split(DOT, host)
    if count == len(labels) and match["port"]:
        return likeness, match.end("port")
    return likeness, match.start() + len(".".join(labels[:count]))
