"""What a reader of a mail does not see, taken out of its text, so that a program reads what its owner reads. Pure.

Invisible characters part a word that a filter looks for ("paypa\u200bl"), turn its order around, or carry a whole
message of their own: the tag characters of plane 14 spell ASCII that no screen shows.

Joiners and variation selectors stay where writing needs them: in Persian and Indic words, in emoji and flags, and one
after a Chinese or Japanese character that has several shapes.
"""

import re
import unicodedata

NEVER_SEEN = re.compile(
    "["
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"  # controls; next line (85) is a line's end
    "\u00ad"  # soft hyphen
    "\u034f\u061c"  # grapheme joiner, Arabic letter mark
    "\u115f\u1160\u3164\uffa0"  # Hangul fillers: letters without a shape
    "\u17b4\u17b5"  # Khmer vowels without a shape
    "\u180e"  # Mongolian vowel separator
    "\u200b\u200e\u200f\u202a-\u202e"  # zero-width space, marks and overrides of direction
    "\u2060-\u206f"  # word joiner, invisible operators, isolates
    "\ufe00-\ufe0d\ufeff\ufff0-\ufffb"  # selectors of shapes that text has no use for, byte order mark, annotations
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # shorthand and music formatting
    "\U000e0000-\U000e0fff"  # tags, and selectors that can carry bytes
    "]"
)
"""What no writing needs, but for `_SHAPED`."""
_SHAPED = re.compile(
    "\U0001f3f4(?:{})\U000e007f|[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff][\U000e0100-\U000e01ef]".format(
        "|".join("".join(chr(0xE0000 + ord(letter)) for letter in land) for land in ("gbeng", "gbsct", "gbwls"))
    )
)
"""The flags that are spelt in tag characters, and ideographs with the selector of their shape."""
_UNSEEN = re.compile(f"({_SHAPED.pattern})|{NEVER_SEEN.pattern}")
_JOINER = re.compile("[\u180b-\u180d\u180f\u200c\u200d\ufe0e\ufe0f]+")
_LINE_END = re.compile("\r\n?|[\u0085\u2028\u2029]")
_BLANK = re.compile("\u2800")  # a Braille cell without dots

_ANY = re.compile(f"{NEVER_SEEN.pattern.removesuffix(']')}{_JOINER.pattern[1:-2]}\r\u0085\u2028\u2029\u2800]")
"""Most texts have none of it."""

_JOINING = re.compile("[\u0590-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\ua840-\ua87f\ufb50-\ufdff\ufe70-\ufefc]")
"""Scripts whose words hold joiners: Arabic, Syriac, those of India and South-East Asia, Mongolian."""

_VIRAMA = 9
"""The combining class of signs that kill a vowel; with a joiner they shape the letter before, at a word's end too."""


def drop_invisible(text: str) -> str:
    """Return a text without the characters that nobody sees."""
    if not _ANY.search(text):
        return text
    text = _BLANK.sub(" ", _LINE_END.sub("\n", _UNSEEN.sub(lambda found: found[1] or "", text)))
    return _JOINER.sub(lambda found: _kept(found, text), text)


def _kept(found: re.Match[str], text: str) -> str:
    """Return the one of some joiners that does something between its neighbours; mostly none."""
    before, after = text[max(found.start() - 1, 0) : found.start()], text[found.end() : found.end() + 1]
    if "\u200d" in found[0] and before and unicodedata.combining(before) == _VIRAMA:
        return "\u200d"
    if _JOINING.match(before) and (found[0][0] in "\u180b\u180c\u180d\u180f" or _JOINING.match(after)):
        return found[0][0]
    if _is_symbol(before):
        selector = next((mark for mark in found[0] if mark in "\ufe0e\ufe0f"), "")
        return selector + ("\u200d" if "\u200d" in found[0] and _is_symbol(after) else "")
    if before in "#*0123456789" and found[0][0] == "\ufe0f" and after == "\u20e3":
        return "\ufe0f"
    return ""


def _is_symbol(character: str) -> bool:
    """Tell whether a character may be part of an emoji."""
    return bool(character) and unicodedata.category(character) in {"So", "Sk"}
