"""Cyrano's own notes to its owner: the words by which they are known wherever they go. Pure."""

OPENING = "Cyrano wrote this note to you. It is no answer to anybody, and need not be sent."


def is_notice(text: str) -> bool:
    """Tell whether a text is a notice, however its lines were broken since."""
    return " ".join(text[: 4 * len(OPENING)].split()).startswith(OPENING)
