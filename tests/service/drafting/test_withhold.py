"""What a draft for the mailbox does without."""

from dataclasses import replace

import pytest

from service.drafting.facts import Fact, FactKind
from service.drafting.withhold import withhold

IBAN = "DE89370400440532013000"
TEXT = f"Pay 99 at https://evil.example or ask eve@evil.example, Zoe: {IBAN}."


def fact(kind: FactKind, text: str) -> Fact:
    """A fact of the text."""
    start = TEXT.index(text)
    return Fact(kind=kind, text=text, start=start, end=start + len(text))


FACTS = (
    fact(FactKind.NUMBER, "99"),
    fact(FactKind.LINK, "https://evil.example"),
    fact(FactKind.EMAIL, "eve@evil.example"),
    fact(FactKind.NAME, "Zoe"),
    fact(FactKind.ACCOUNT, IBAN),
)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Pay 99 at [link left out] or ask [address left out], Zoe: [account left out]."),
        ("de", "Pay 99 at [Link weggelassen] or ask [Adresse weggelassen], Zoe: [Konto weggelassen]."),
        ("und", "Pay 99 at [link left out] or ask [address left out], Zoe: [account left out]."),
    ],
)
def test_links_and_addresses_are_left_out_in_words(language: str, words: str) -> None:
    """In the draft's language; whatever else is not supported stays."""
    assert withhold(TEXT, FACTS, language) == words


def test_what_is_supported_stays() -> None:
    """Nothing is left out that is not named."""
    assert withhold(TEXT, (), "en") == TEXT


def test_what_is_doubtful_stays() -> None:
    """It is most likely the end of a sentence and the beginning of the next."""
    doubtful = replace(fact(FactKind.LINK, "https://evil.example"), is_doubtful=True)
    assert withhold(TEXT, (doubtful,), "en") == TEXT
