"""What a draft does without: links, mail addresses and accounts for payments that are nobody's word.

The rule this module keeps: a draft that nobody asked to see lies in Drafts as if its owner had written it, with nothing
beside it that marks what is not theirs. So what leads somewhere (`Fact.is_left_out`) and has no other trace than
received mail, or none, is left out, and a mark in its place says so; its owner finds it in the mail quoted below. The
add-on does the same with a draft that its owner puts into a mail, unless they say to keep it.
"""

from collections.abc import Iterable

from service.drafting.facts import Fact, FactKind

_KINDS = (FactKind.LINK, FactKind.EMAIL, FactKind.ACCOUNT)
_MARKS = {
    "de": ("[Link weggelassen]", "[Adresse weggelassen]", "[Konto weggelassen]"),
    "en": ("[link left out]", "[address left out]", "[account left out]"),
    "es": ("[enlace omitido]", "[dirección omitida]", "[cuenta omitida]"),
    "fr": ("[lien omis]", "[adresse omise]", "[compte omis]"),
    "it": ("[link omesso]", "[indirizzo omesso]", "[conto omesso]"),
    "nl": ("[link weggelaten]", "[adres weggelaten]", "[rekening weggelaten]"),
    "pt": ("[link omitido]", "[endereço omitido]", "[conta omitida]"),
}


def withhold(text: str, unsupported: Iterable[Fact], language: str) -> str:
    """Return a text with a mark in the place of each fact that is to be left out."""
    marks = dict(zip(_KINDS, _MARKS.get(language, _MARKS["en"]), strict=True))
    pieces: list[str] = []
    at = 0
    for fact in sorted(unsupported, key=lambda fact: fact.start):
        if fact.is_left_out:
            pieces += [text[at : fact.start], marks[fact.kind]]
            at = fact.end
    return "".join([*pieces, text[at:]])
