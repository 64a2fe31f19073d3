"""HTML mail to text, as a person reads it.

What mail programs marked as quoted comes out as lines after "> "; where they only drew a line above it, it begins with
"-----Original Message-----": `quotes` needs to know nothing of HTML. What they marked as signature is kept apart. What
nobody sees is not read: a mail can hold orders for programs that its reader knows nothing of.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from connectors.cleaning.attributions import is_attribution
from connectors.cleaning.hidden import Look
from connectors.cleaning.html_text import TextWriter
from connectors.cleaning.quote_marks import FIRST_LABEL
from connectors.cleaning.sheets import Sheets, read_sheets

_OUTLOOK_RULE = "-----Original Message-----"

_MAX_CHARACTERS = 400_000
"""More is cut: that is the oldest quotes, and the parser takes quadratic time over hostile nesting."""

_SKIPPED = frozenset(
    """
    script style template -comment noscript object select title iframe noembed noframes applet video audio canvas
    progress meter datalist rp desc metadata defs symbol annotation annotation-xml
    """.split()  # noqa: SIM905  two dozen quoted words are harder to read
)
"""What they hold is shown nowhere, or only by programs that do not know them."""
_PARAGRAPHS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "table", "pre", "hr", "dl"})
_BLOCKS = frozenset(
    {"div", "tr", "section", "article", "header", "footer", "center", "address", "dt", "dd", "blockquote"}
)
_MARKABLE = frozenset({"div", "blockquote", "span", "p", "hr", "pre", "table"})
"""The elements on which mail programs leave their marks."""

_TIGHT = re.compile(r"margin:\s*0\w*\s*(?:;|$)|margin-bottom:\s*(?:0|\.0)|margin:\s*0\w* 0\w* (?:0|\.0)")
_QUOTE_CLASSES = re.compile(r"\b(?:gmail_quote|protonmail_quote|tutanota_quote|yahoo_quoted)\b")
_SIGNATURE_CLASSES = re.compile(
    r"\b(?:gmail_signature|moz-signature|protonmail_signature_block|tutanota_signature|front-signature)\b"
)
_DROPPED_CLASSES = re.compile(r"\b(?:moz-cite-prefix|gmail_signature_prefix)\b")
_SIGNATURE_IDS = frozenset({"Signature", "AppleMailSignature", "ms-outlook-mobile-signature"})
_QUOTE_IDS = frozenset({"blockquote_zmail", "isReplyContent"})
_EMOJI_CHARACTERS = 16
"""Families with a skin colour each, and the flags of lands within lands, are nearly as long."""
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3|\u2139")
"""Emoji made of a digit, and the one that counts as a letter."""
_WORDS = re.compile(r"[^\W_]")
_LABEL_CHARACTERS = 400
_MAX_SIBLINGS = 8
"""What announces a quotation stands this near, white space and line breaks between."""
_OUTLOOK_IDS = frozenset(
    {"divRplyFwdMsg", "OLK_SRC_BODY_SECTION", "mail-editor-reference-message-container", "zwchr", "stopSpelling"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body as text; quoted lines begin with "> "."""

    text: str
    signature: str = ""
    is_wrapped: bool = False
    """Whether a mail program may have broken its lines at a fixed width."""


def read(html: str) -> Body:
    """Render an HTML body as text."""
    html = html[:_MAX_CHARACTERS]
    page = LexborHTMLParser(html)
    if page.body is None:
        return Body(text="")
    sheets = read_sheets((sheet.text(), sheet.attributes.get("media") or "") for sheet in page.css("style"))
    return _Reader(len(html), sheets, _page_look(page, sheets)).read(page.body)


def _page_look(page: LexborHTMLParser, sheets: Sheets) -> Look:
    """Return how text looks that stands in the body itself."""
    look = Look()
    for node in (page.root, page.body):
        if node is not None:
            attributes = {"color": node.attributes.get("text"), **node.attributes}  # the old attribute of bodies
            look = _look(look, sheets, node.tag or "", attributes)
    return look


def _look(look: Look, sheets: Sheets, tag: str, attributes: dict[str, str | None]) -> Look:
    """Return how the text of an element looks within another."""
    return sheets.over(look.of(tag, attributes), tag, attributes).within(attributes, tag, look)


class _Reader:
    """Walks one body and writes what it finds; the signature goes to a writer of its own."""

    def __init__(self, characters: int, sheets: Sheets, look: Look) -> None:
        self._sheets = sheets
        self._text = TextWriter(characters)
        self._signature = TextWriter(characters)
        self._out = self._text
        self._preformatted = 0
        self._looks = [look]

    def read(self, body: LexborNode) -> Body:
        """Return the text of a body."""
        node: LexborNode | None = body.child
        opened: list[tuple[LexborNode, str]] = []
        while node is not None or opened:
            if node is None:
                node, mark = opened.pop()
                self._looks.pop()
                self._leave(node, mark)
                node = node.next
                continue
            tag = node.tag or ""
            if tag == "-text":
                if self._looks[-1].is_seen:
                    self._write(node.text_content or "")
            elif tag not in _SKIPPED:
                mark = _mark(node, tag)
                attributes = node.attributes
                look = _look(self._looks[-1], self._sheets, tag, attributes)
                if mark != "dropped" and not look.is_gone:
                    self._looks.append(look)
                    self._enter(node, mark)
                    opened.append((node, mark))
                    node = node.child
                    continue
            node = node.next
        signature = self._signature.finish().removeprefix("-- ").removeprefix("--")
        return Body(text=self._text.finish(), signature=signature.strip("\n"))

    def _write(self, text: str) -> None:
        if self._preformatted:
            self._out.write_as_is(text)
        else:
            self._out.write(text)

    def _enter(self, node: LexborNode, mark: str) -> None:
        """Write what stands before an element's content."""
        out = self._out
        match node.tag:
            case "br":
                out.end_line()
            case "img" if self._looks[-1].is_seen:
                out.write(_emoji(node))
            case "li":
                out.start_item()
            case "ul":
                out.start_list(None)
            case "ol":
                out.start_list(1)
            case "p":
                self._break(node)
            case tag if tag in _PARAGRAPHS:
                out.start_paragraph()
                self._preformatted += tag == "pre"
            case tag if tag in _BLOCKS:
                out.start_block()
        self._enter_mark(mark)

    def _enter_mark(self, mark: str) -> None:
        if mark == "quote":
            self._out.change_depth(1)
        elif mark == "outlook":
            self._out.start_paragraph()
            self._out.write(_OUTLOOK_RULE)
            self._out.end_line()
        elif mark == "signature" and not self._out.depth:
            self._out.start_block()
            self._out = self._signature

    def _leave(self, node: LexborNode, mark: str) -> None:
        """Write what stands after an element's content."""
        if mark == "quote":
            self._out.change_depth(-1)
        elif mark == "signature" and self._out is self._signature:
            self._out.start_block()
            self._out = self._text
        match node.tag:
            case "p":
                self._break(node)
            case "ul" | "ol":
                self._out.end_list()
            case "td" | "th":
                self._out.write(" ")
            case tag if tag in _PARAGRAPHS:
                self._preformatted -= tag == "pre"
                self._out.start_paragraph()
            case tag if tag in _BLOCKS or tag == "li":
                self._out.start_block()

    def _break(self, paragraph: LexborNode) -> None:
        """Begin or end a paragraph; Outlook's have no margin: blank lines there are paragraphs of their own."""
        attributes = paragraph.attributes
        if "MsoNormal" in (attributes.get("class") or "") or _TIGHT.search(attributes.get("style") or ""):
            self._out.start_block()
        else:
            self._out.start_paragraph()


def _mark(node: LexborNode, tag: str) -> str:
    """Tell what a mail program says of an element: "quote", "outlook" (quoted from here on), "signature", "dropped"."""
    attributes = node.attributes if tag in _MARKABLE else {}
    if not attributes and tag != "blockquote":
        return ""
    names, style, element_id = (attributes.get(key) or "" for key in ("class", "style", "id"))
    if _DROPPED_CLASSES.search(names) or ("gmail_attr" in names and _announces(node)):
        return "dropped"
    if element_id in _OUTLOOK_IDS or ("border-top" in style and _is_labelled(node)):
        return "outlook"
    if (
        element_id in _SIGNATURE_IDS
        or attributes.get("name") == "messageSignatureSection"  # Spark
        or _SIGNATURE_CLASSES.search(names)
    ):
        return "signature"
    if _is_quote(tag, names, style, attributes):
        return "quote"
    # A bare one is how Gmail indents what was typed, unless it is announced.
    return "quote" if tag == "blockquote" and is_attribution(_text_before(node)) else ""


def _is_quote(tag: str, names: str, style: str, attributes: dict[str, str | None]) -> bool:
    if tag == "blockquote":
        return (
            attributes.get("type") == "cite"
            or "border-left" in style.lower()
            or attributes.get("id") in _QUOTE_IDS
            or _QUOTE_CLASSES.search(names) is not None
        )
    # Gmail's own div.gmail_quote is left out: inline replies stand in it.
    return tag == "div" and ("yahoo_quoted" in names or (attributes.get("name") == "quote" and "border-left" in style))


def _is_labelled(node: LexborNode) -> bool:
    """Whether the first line of an element is one that Outlook puts above the mail answered."""
    return FIRST_LABEL.match(node.text()[:_LABEL_CHARACTERS].replace("\n", " ")) is not None


def _text_before(node: LexborNode) -> str:
    """Return the text of the nearest sibling above an element that has any."""
    sibling = node.prev
    for _ in range(_MAX_SIBLINGS):
        if sibling is None:
            break
        text = (sibling.text_content if sibling.tag == "-text" else sibling.text()) or ""
        if text.strip():
            return text if len(text) < _LABEL_CHARACTERS else ""
        sibling = sibling.prev
    return ""


def _announces(node: LexborNode) -> bool:
    """Whether an attribution stands right above a quotation; above a forwarded message it does not."""
    return any(sibling.tag == "blockquote" for sibling in _next_elements(node, 2))


def _next_elements(node: LexborNode, count: int) -> Iterator[LexborNode]:
    sibling = node.next
    while sibling is not None and count:
        if sibling.is_element_node:
            yield sibling
            count -= 1
        sibling = sibling.next


def _emoji(image: LexborNode) -> str:
    """Return the character an image stands for; any other image has no words."""
    alt = (image.attributes.get("alt") or "").strip()
    is_one = len(alt) <= _EMOJI_CHARACTERS and not alt.isascii()
    return alt if is_one and not _WORDS.search(_KEYCAP.sub("", alt)) else ""
