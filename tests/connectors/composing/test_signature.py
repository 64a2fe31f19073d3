"""The signature below a draft: set, learned, or none."""

import pytest

from connectors.composing.reply import ComposeSettings
from connectors.composing.signature import choose_signature, learn_signature

LONG, SHORT = "Ana Lopez\nTel. 030 1234567", "Ana"


@pytest.mark.parametrize(
    ("signatures", "learned"),
    [
        ([LONG] * 5, LONG),
        ([LONG] * 3 + [""] * 6, LONG),
        ([LONG] * 3 + [""] * 9, ""),
        ([LONG] * 2, ""),
        ([SHORT] * 3 + [LONG] * 3, SHORT),
        (["Sent from my iPhone"] * 9, ""),
        ([f"{LONG}\nSent from my iPhone"] * 3, LONG),
        ([], ""),
    ],
    ids=["always", "often", "rarely", "too few", "newer", "telephone", "both", "no mail"],
)
def test_it_is_learned_from_the_newest_mails(signatures: list[str], learned: str) -> None:
    """The one most mails carry; what a telephone adds is not the owner's."""
    assert learn_signature(signatures) == learned


def test_it_can_be_set_or_left_out() -> None:
    """Then no mail is looked at."""

    def fail() -> list[str]:
        raise AssertionError

    assert choose_signature(ComposeSettings(signature=f"{SHORT}\n"), fail) == SHORT
    assert choose_signature(ComposeSettings(signature="off"), fail) == ""
    assert choose_signature(ComposeSettings(), lambda: [LONG] * 3) == LONG
