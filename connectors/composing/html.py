"""The HTML of a draft: what was typed, and the mail it quotes with all taken out that acts, hides or loads.

Rules:
1. Of the quoted mail only what carries words and their looks is kept, by a list of what is allowed (nh3).
2. Nothing in it makes a mail program fetch anything: no images, no style sheets, no addresses in styles.
3. What was hidden in it is not shown, and not quoted.
"""

import re
from html import escape
from itertools import accumulate

import nh3
from selectolax.lexbor import LexborHTMLParser

MAX_CHARACTERS = 300_000
"""Longer HTML is not quoted as HTML."""
MAX_DEPTH = 400
"""Nor is what nests deeper: that is hostile, and parsers take quadratic time over it."""

_TAGS = (
    "a abbr address article b bdi bdo big blockquote br center cite code col colgroup dd del dfn div dl dt em font "
    "footer h1 h2 h3 h4 h5 h6 header hr i ins kbd li mark ol p pre q rp rt ruby s samp section small span strike "
    "strong sub sup table tbody td tfoot th thead time tr tt u ul var wbr"
)
_DROPPED = frozenset(
    {"head", "iframe", "math", "noembed", "noframes", "noscript", "object", "script", "select", "style", "svg",
     "template", "textarea", "title", "xmp"}
)  # fmt: skip
_ATTRIBUTES = {
    "*": {"align", "dir", "lang", "style", "valign"},
    "a": {"href"},
    "col": {"span", "width"},
    "font": {"color", "face", "size"},
    "li": {"value"},
    "ol": {"start"},
    "table": {"border", "cellpadding", "cellspacing", "width"},
    "td": {"colspan", "rowspan", "width"},
    "th": {"colspan", "rowspan", "width"},
}
_STYLES = (
    "background-color border border-bottom border-collapse border-color border-left border-right border-spacing "
    "border-style border-top border-width color direction font font-family font-size font-style font-variant "
    "font-weight letter-spacing line-height list-style-type margin margin-bottom margin-left margin-right margin-top "
    "padding padding-bottom padding-left padding-right padding-top text-align text-decoration text-indent "
    "text-transform unicode-bidi vertical-align white-space word-break word-spacing"
)
_COLOUR = re.compile(r"\b(?:rgb|hsl)a?\([\d\s.,%/deg]*\)", re.IGNORECASE)
_SUSPECT = re.compile(r"[\\()@:]|/\*")
"""What an address, a function or an escape needs."""
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|font-size\s*:\s*0", re.IGNORECASE)
_NESTING = re.compile(
    r"<(/?)(?:article|blockquote|center|div|dl|fieldset|font|form|ol|pre|section|span|table|ul)\b", re.IGNORECASE
)
_HIDEABLE = "[style], [hidden], img"

_QUOTE_STYLE = "margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex"
"""How most programs show quoted words, for those that do not know type=cite."""


def page(body: str) -> str:
    """Return a whole HTML document."""
    meta = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
    return f"<!DOCTYPE html>\n<html><head>\n{meta}\n</head>\n<body>\n{body}</body></html>\n"


def paragraphs(text: str) -> str:
    """Return typed text as paragraphs, each in the direction its own letters ask for."""
    blocks = ("<br>\n".join(map(typed_line, block.split("\n"))) for block in text.split("\n\n"))
    return "".join(f'<p dir="auto">{block}</p>\n' for block in blocks)


def typed_line(line: str) -> str:
    """Return one typed line, its blanks kept."""
    line = escape(line, quote=False).replace("\t", "    ").replace("\xa0", " ").replace("  ", "&nbsp; ")
    return f"&nbsp;{line[1:]}" if line.startswith(" ") else line


def signature(text: str) -> str:
    """Return a signature, marked as mail programs mark theirs."""
    lines = "<br>\n".join(map(typed_line, text.split("\n")))
    return f'<div class="moz-signature" dir="auto">-- <br>\n{lines}</div>\n<br>\n'


def quote(html: str, attribution: str, message_id: str) -> str:
    """Return the quoted mail below its attribution."""
    cite = f' cite="mid:{escape(message_id)}"' if message_id else ""
    return (
        f'<div class="moz-cite-prefix" dir="auto">{escape(attribution, quote=False)}<br></div>\n'
        f'<blockquote type="cite"{cite} style="{_QUOTE_STYLE}">\n{html}\n</blockquote>\n'
    )


def sanitise(html: str) -> str:
    """Return what may be quoted of an HTML body; "" where that is nothing, or it is too long."""
    if len(html) > MAX_CHARACTERS or _depth(html) > MAX_DEPTH:
        return ""
    body = LexborHTMLParser(html).body
    if body is None:
        return ""
    for node in body.css(_HIDEABLE):
        if node.tag == "img":
            alt = node.attributes.get("alt") or ""
            node.replace_with("" if alt.isascii() else alt)  # an emoji; other pictures have no words
        elif "hidden" in node.attributes or _HIDDEN.search(node.attributes.get("style") or ""):
            node.decompose()
    return nh3.clean(
        body.inner_html or "",
        tags=set(_TAGS.split()),
        clean_content_tags=set(_DROPPED),
        attributes=_ATTRIBUTES,
        attribute_filter=_harmless,
        tag_attribute_values={"blockquote": {"type": {"cite"}}},
        filter_style_properties=set(_STYLES.split()),
        url_schemes={"http", "https", "mailto", "tel"},
        url_relative="deny",
        link_rel=None,
    ).strip()


def _depth(html: str) -> int:
    """Return how deep elements nest, at least: where they are not closed, whatever is open counts."""
    return max(accumulate((-1 if tag[1] else 1 for tag in _NESTING.finditer(html)), initial=0))


def _harmless(_tag: str, name: str, value: str) -> str | None:
    """Drop declarations that could name an address, however it is written."""
    if name != "style":
        return value
    declarations = (each for each in value.split(";") if ":" in each)
    return ";".join(each for each in declarations if not _SUSPECT.search(_value(each))) or None


def _value(declaration: str) -> str:
    return _COLOUR.sub("", declaration.partition(":")[2])
