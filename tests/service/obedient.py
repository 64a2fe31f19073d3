"""A model that does whatever a mail tells it: the worst there is."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.llm import Sampling
from tests.service.stand_ins import StandInModelServer

_FRAME = re.compile(r'<message from="(?P<who>.*?)">\n(?P<text>.*?)\n</message>', re.DOTALL)
_TAGS = 0xE0000


@dataclass
class Obedient(StandInModelServer):
    """Writes what stands in the thread, headers first, as if it had been told to; reads what nobody else sees, too."""

    def stream(self, model: str, messages: Sequence[Mapping[str, object]], sampling: Sampling) -> Iterator[str]:
        """Take over every word of every message, in pieces of a few letters."""
        asked = "\n".join(str(message["content"]) for message in messages)
        subject = re.search(r"^Subject: .*$", asked, re.MULTILINE)
        said = [subject[0] if subject else "", *(f"{each['who']}: {each['text']}" for each in _FRAME.finditer(asked))]
        text = _revealed("\n\n".join(said))
        self.pieces = [text[start : start + 5] for start in range(0, len(text), 5)]
        yield from super().stream(model, messages, sampling)


def _revealed(text: str) -> str:
    """Return a text with the tag characters in it as the letters they stand for."""
    return "".join(chr(ord(letter) - _TAGS) if _TAGS < ord(letter) < _TAGS + 128 else letter for letter in text)


def hidden(text: str) -> str:
    """Write a text in tag characters, which no screen shows."""
    return "".join(chr(_TAGS + ord(letter)) for letter in text)
