"""Text that may hold anything, made fit to stand in a report as it is."""

import html
import re

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MARKUP = re.compile(r"([\\`*_\[\]<>|~&$#@])")
_LIST = re.compile(r"^([-+](?=[\s-]|$)|\d+[.)](?=\s|$))")
_LINKS = re.compile(r"(?i)(:)(?=//)|(?<=www)(\.)")


def clean(text: str) -> str:
    """Return text without what XML forbids, and without marks that turn the direction of all that follows."""
    return _TURNS.sub("", _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n")))


def in_html(text: str) -> str:
    """Return text for HTML, between tags or in an attribute."""
    return html.escape(clean(text), quote=True)


def in_markdown(text: str) -> str:
    """Return text for one line of Markdown, a table's cell included: no markup, no link, no mention."""
    line = " ".join(clean(text).split())
    escaped = _LINKS.sub(r"\\\1\2", _MARKUP.sub(r"\\\1", line))
    return _LIST.sub(lambda found: f"{found[1][:-1]}\\{found[1][-1]}", escaped)


def fenced(text: str) -> str:
    """Return text as a block of Markdown in which nothing is markup."""
    body = clean(text)
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{body}\n{fence}"
