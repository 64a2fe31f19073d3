"""Changes an instruction in the HTML of a draft, and nothing else of it. Pure.

Everything from the instruction to the quoted mail, the signature or the end is the instruction. What the mail program
made around it (its paragraph, its font) stays, and takes up what is written in its place.
"""

import re
from collections.abc import Iterator, Sequence

from selectolax.lexbor import LexborHTMLParser, LexborNode

from connectors.cleaning import html, quotes, signature
from connectors.composing.html import MAX_CHARACTERS, typed_line
from connectors.composing.instruction import CALL

_QUOTE_CLASSES = re.compile(
    r"\b(?:gmail_(?:quote|extra|attr|signature)|gmail_quote_container|moz-(?:cite-prefix|signature|forward-container)|"
    r"protonmail_(?:quote|signature_block)|tutanota_(?:quote|signature)|yahoo_quoted)\b"
)
_QUOTE_IDS = frozenset(
    {"AppleMailSignature", "OLK_SRC_BODY_SECTION", "Signature", "appendonsend", "divRplyFwdMsg",
     "mail-editor-reference-message-container", "ms-outlook-mobile-signature", "reply-intro", "stopSpelling", "zwchr"}
)  # fmt: skip
_DELIMITER = re.compile(r"\s*--\s*")
_STAYS = frozenset({"img", "hr", "input", "table", "object", "video", "audio"})
_SKIPPED = frozenset({"head", "script", "style", "template", "title", "-comment"})


def change_html(document: str, lines: Sequence[str], *, keeps: bool) -> str | None:
    """Return a document with lines in the place of its instruction, or None where that cannot be done with certainty.

    Args:
        document: The HTML of a draft.
        lines: What to write there.
        keeps: Whether the instruction stays, below the lines.
    """
    if len(document) > MAX_CHARACTERS:
        return None
    tree = LexborHTMLParser(document)
    words = list(_words(tree.body)) if tree.body is not None else []
    while words and _is_blank(words[-1]):  # breaks above the quoted mail are its program's
        words.pop()
    start = next((at for at, node in enumerate(words) if not _is_blank(node)), len(words))
    asked = "".join(_text(node) for node in words[start:])
    if not CALL.match(asked) or not _is_all(asked, document):
        return None
    _insert(words[start], lines, is_followed=keeps)
    for node in [] if keeps else words[start:]:
        _remove(node)
    return tree.html


def _words(body: LexborNode) -> Iterator[LexborNode]:
    """Yield texts and line breaks from the first that was typed to the first that was not."""
    is_begun = False
    node: LexborNode | None = body.child
    opened: list[LexborNode] = []
    while node is not None or opened:
        if node is None:
            node = opened.pop().next
            continue
        if _ends(node):
            if is_begun:
                return
        elif node.tag in {"-text", "br"}:
            is_begun = is_begun or not _is_blank(node)
            yield node
        elif node.tag not in _SKIPPED:
            opened.append(node)
            node = node.child
            continue
        node = node.next


def _ends(node: LexborNode) -> bool:
    """Whether what a node holds was not typed: the quoted mail, or a signature."""
    if node.tag == "-text":
        return _DELIMITER.fullmatch(_text(node)) is not None
    if not node.is_element_node:
        return False
    attributes = node.attributes
    return (
        node.tag == "blockquote"
        or attributes.get("id") in _QUOTE_IDS
        or "border-top" in (attributes.get("style") or "")
        or _QUOTE_CLASSES.search(attributes.get("class") or "") is not None
    )


def _is_all(asked: str, document: str) -> bool:
    """Whether these are the words that whoever reads the draft takes for typed, up to something quoted."""
    typed, _ = signature.split(quotes.split(html.read(document).text).text)
    return _letters(typed).startswith(_letters(asked))


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


def _is_blank(node: LexborNode) -> bool:
    return node.tag == "br" or not _text(node).strip()


def _text(node: LexborNode) -> str:
    return "\n" if node.tag == "br" else node.text_content or ""


def _insert(node: LexborNode, lines: Sequence[str], *, is_followed: bool) -> None:
    """Put lines before a node, in running text: that may stand in a paragraph as well as in a division."""
    written = "<br>".join(map(typed_line, [*lines, ""] if is_followed else lines))
    holder = LexborHTMLParser(f"<body><span>{written}</span></body>").css_first("span")
    child = holder.child if holder is not None else None
    while child is not None:
        node.insert_before(child)
        child = child.next


def _remove(node: LexborNode) -> None:
    """Take out a node, and each element that it leaves empty."""
    parent = node.parent
    node.remove()
    while parent is not None and parent.tag != "body" and _is_empty(parent):
        above = parent.parent
        parent.remove()
        parent = above


def _is_empty(element: LexborNode) -> bool:
    return not element.text().strip() and not any(each.tag in {*_STAYS, "br"} for each in element.traverse())
