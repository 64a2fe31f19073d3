"""Accounts that money goes to."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.drafting.payees import find_payees, plain_payee


def found(text: str) -> list[str]:
    """All of a text."""
    return [text[start:end] for start, end in find_payees(text)]


@pytest.mark.parametrize(
    "payee",
    [
        "DE89 3704 0044 0532 0130 00",
        "DE89370400440532013000",
        "gb82 west 1234 5698 7654 32",
        "NL91\u00a0ABNA\u00a00417\u00a01643\u00a000",
        "FR14 2004 1010 0505 0001 3M02 606",
        "NO93 8601 1117 947",
        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
        "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
        "0xde0B295669a9FD93d5F28D9Ec85E40f4cb697BAe",
    ],
)
def test_accounts_are_found_whole(payee: str) -> None:
    """In groups or not, and without the word that follows."""
    assert found(f"Pay to {payee} BIC COBADEFF, thanks") == [payee]
    assert found(f"({payee}), {payee}.") == [payee, payee]


@pytest.mark.parametrize(
    "text",
    [
        "DE00 6666",
        "DE88 3704 0044 0532 0130 00",
        "AB12 3456 7890 1234 5678",
        "order 4711471147114711",
        "XDE89370400440532013000",
    ],
)
def test_other_numbers_are_none(text: str) -> None:
    """What no bank would take is none."""
    assert found(text) == []


def test_spellings_of_one_account_are_equal() -> None:
    """Blanks and case make no difference in an IBAN; in bitcoin's addresses case does."""
    assert plain_payee("de89 3704-0044.0532 0130 00") == plain_payee("DE89370400440532013000")
    assert plain_payee("1BoatSLRHtKNngkdXEeobR76b53LETtpyT") != plain_payee("1boatslrhtknngkdxeeobr76b53lettpyt")


@given(st.text(alphabet="DE89 -3704bc1qX", max_size=100))
def test_spans_lie_in_the_text(text: str) -> None:
    """Whatever is written, each span is a piece of it."""
    assert all(piece and piece in text for piece in found(text))


@pytest.mark.parametrize("piece", ["DE89 ", "DE89370400440532013000 ", "AB12", "DE89", "1", "0x", "bc1q"])
def test_long_texts_are_read_in_time(piece: str) -> None:
    """A mail cannot keep the check busy."""
    start = time.monotonic()
    found(piece * (100_000 // len(piece)))
    assert time.monotonic() - start < 5
