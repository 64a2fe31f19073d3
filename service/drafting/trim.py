"""What the model writes, tidied on its way out.

Rules:
1. The pieces given out, put together, are the text: nothing is taken back once it was shown.
2. The text ends where the model starts to echo the prompt's tags.
3. It begins and ends with something to read, and holds no control characters but line feeds and tabs, nor others that
   nobody sees.
"""

import re

from connectors.cleaning.invisible import NEVER_SEEN

_TAGS = ("<mail", "</mail", "<message", "</message")
_TAG = re.compile(r"</?(?:mail|message)\b", re.IGNORECASE)
_LONGEST = max(map(len, _TAGS))
_BLANK = " \t\n"


class Trimmer:
    """Takes pieces as the model writes them, gives pieces fit to show."""

    def __init__(self) -> None:
        self._held = ""
        self._text: list[str] = []
        self.is_over = False
        """The model has begun to echo the prompt; what follows is no mail."""

    @property
    def text(self) -> str:
        """All that was given out."""
        return "".join(self._text)

    def feed(self, piece: str) -> str:
        """Take a piece, and return what can be shown by now, which may be nothing."""
        if self.is_over:
            return ""
        held = self._held + NEVER_SEEN.sub("", piece.replace("\r", ""))
        # A tag counts once the letter after it is there ("<mailbox>" is none), or when the text ends.
        if (tag := _TAG.search(held)) and tag.end() < len(held):
            self.is_over = True
            return self._give(held[: tag.start()].rstrip(_BLANK))
        return self._give(held, keep_back=_unsure(held))

    def finish(self) -> str:
        """Return what was still held back, without blanks at the end."""
        held = self._held.rstrip(_BLANK)
        if tag := _TAG.search(held):
            held = held[: tag.start()].rstrip(_BLANK)
        return "" if self.is_over else self._give(held)

    def _give(self, text: str, *, keep_back: int = 0) -> str:
        shown = text[: len(text) - keep_back]
        self._held = text[len(shown) :]
        if not self._text:
            shown = shown.lstrip(_BLANK)
        if shown:
            self._text.append(shown)
        return shown


def _unsure(text: str) -> int:
    """Return how many characters at the end may turn out to be blanks at the end of the mail, or a tag."""
    opening = text.rfind("<", -_LONGEST - 1)
    end = len(text)
    if opening >= 0 and any(tag.startswith(text[opening:].lower()) for tag in _TAGS):
        end = opening
    return len(text) - len(text[:end].rstrip(_BLANK))
