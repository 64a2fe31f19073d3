"""What stands below a draft: as set, or as its owner signs their mail. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable

from connectors.cleaning.app_lines import APP_LINE
from connectors.composing.reply import ComposeSettings

SIGNATURE_MAILS = 50
"""Of how many of the newest mails the signatures are looked at."""
_MIN_MAILS = 3
_MIN_SHARE = 0.3
"""How many of these mails must carry the same one: who signs now and then does not sign."""


def choose_signature(settings: ComposeSettings, newest: Callable[[], Iterable[str]]) -> str:
    """Return the signature for a draft; "" for none.

    Args:
        settings: What drafts look like.
        newest: Returns the signatures of the owner's newest mails, "" where a mail has none, the newest first.
    """
    match settings.signature:
        case "off":
            return ""
        case "learned":
            return learn_signature(newest())
        case given:
            return given.strip("\n")


def learn_signature(signatures: Iterable[str]) -> str:
    """Return the signature under most of a person's mails, of two the newer one; "" where they rarely sign.

    What a telephone or a mail program puts there for itself is none.
    """
    found = [_without_app_lines(signature) for signature in signatures]
    counts = Counter(signature for signature in found if signature)
    for signature, count in counts.most_common(1):
        if count >= max(_MIN_MAILS, len(found) * _MIN_SHARE):
            return signature
    return ""


def _without_app_lines(signature: str) -> str:
    return "\n".join(line for line in signature.split("\n") if not APP_LINE.fullmatch(line.strip())).strip("\n")
