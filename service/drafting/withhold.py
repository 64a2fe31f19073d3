"""Links and mail addresses that a draft for the mailbox does without.

The rule this module keeps: a draft that nobody asked to see lies in Drafts as if its owner had written it, with nothing
beside it that marks what is not theirs. So a link or an address in it whose only trace is received mail, or none, is
left out, and a mark in its place says so. The owner finds it in the mail quoted below.

What only looks like a link by a blank that lacks ("ok.it"), and stands in no mail that is answered, stays: a mark there
would make nothing of an honest sentence.
"""

from collections.abc import Iterable

from service.drafting.facts import Fact, FactKind

_WITHHELD = frozenset({FactKind.LINK, FactKind.EMAIL})
_MARKS = {
    "de": ("[Link weggelassen]", "[Adresse weggelassen]"),
    "en": ("[link left out]", "[address left out]"),
    "es": ("[enlace omitido]", "[dirección omitida]"),
    "fr": ("[lien omis]", "[adresse omise]"),
    "it": ("[link omesso]", "[indirizzo omesso]"),
    "nl": ("[link weggelaten]", "[adres weggelaten]"),
    "pt": ("[link omitido]", "[endereço omitido]"),
}


def withhold(text: str, unsupported: Iterable[Fact], language: str) -> str:
    """Return a text with a mark in the place of each link and address that is not supported."""
    link, address = _MARKS.get(language, _MARKS["en"])
    for fact in sorted(unsupported, key=lambda fact: fact.start, reverse=True):
        if fact.kind in _WITHHELD and not fact.is_doubtful:
            text = text[: fact.start] + (link if fact.kind is FactKind.LINK else address) + text[fact.end :]
    return text
