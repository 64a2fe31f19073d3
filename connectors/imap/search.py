"""Searching for Message-IDs over IMAP. They come from other people's mail, so nothing of them may be read as a command.

The server looks for a part of a header: so it is asked for the longest run of letters in the id that needs no quoting
and no charset, and whoever asked compares what is found with the whole id. An id made to look like part of every other
costs no more than a look at the newest of what is found, and one without end makes no command without end: servers hang
up over those.
"""

import re
from collections.abc import Iterable

MOST_CANDIDATES = 500
"""How many of the messages found are looked at, the newest."""

_MOST_CHARACTERS = 200
_PLAIN = re.compile(r"[A-Za-z0-9.@_+=$/!#&'~?^`|-]+")


def by_id(message_id: str, *fields: str) -> list[str]:
    """Write a search for messages with (part of) an id in one of these header fields; [] where none can be found."""
    needle = max(_PLAIN.findall(message_id), key=len, default="")[:_MOST_CHARACTERS]
    return any_of([["HEADER", field, needle] for field in fields]) if needle else []


def any_of(searches: Iterable[list[str]]) -> list[str]:
    """Join searches by OR, which stands before the two it joins (RFC 3501, 6.4.4)."""
    *rest, last = searches
    for each in rest:
        last = ["OR", *each, *last]
    return last
