"""Tokens of open mails: for their account and mail, as long as Google's own live."""

from service.addon.openings import KEPT_S, MOST, Openings
from tests.clock import Clock


def test_token_is_that_of_the_account_and_mail() -> None:
    """Another account or another mail knows nothing."""
    openings = Openings(clock=Clock(0.0))
    openings.remember("ana", "m1", "token")
    assert openings.token("ana", "m1") == "token"
    assert (openings.token("bob", "m1"), openings.token("ana", "m2")) == ("", "")


def test_newest_token_counts_and_none_outlives_googles() -> None:
    """Opened again, the new one serves; after a while none does."""
    clock = Clock(0.0)
    openings = Openings(clock=clock)
    openings.remember("ana", "m1", "old")
    openings.remember("ana", "m1", "new")
    clock.now = KEPT_S
    assert openings.token("ana", "m1") == "new"
    clock.now = KEPT_S + 1
    assert openings.token("ana", "m1") == ""


def test_memory_does_not_grow() -> None:
    """The oldest give way; those that ended are dropped."""
    clock = Clock(0.0)
    openings = Openings(clock=clock)
    for number in range(MOST + 5):
        openings.remember("ana", f"m{number}", "token")
    assert len(openings._tokens) == MOST
    assert openings.token("ana", "m0") == ""
    clock.now = KEPT_S + 1
    openings.remember("ana", "m", "token")
    assert len(openings._tokens) == 1
