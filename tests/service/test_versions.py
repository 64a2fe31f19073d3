"""Which of several versions of one draft counts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.feedback import FeedbackKind
from service.versions import Version, counting

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def version(name: str, replaces: str = "", *, sent: bool = False, last: str = "", inserted: int = 0) -> Version:
    """A version; the names are in the order in which they were made. `inserted` is a minute."""
    return Version(
        draft_id=name,
        replaces=replaces,
        created_at=NOON + timedelta(minutes=ord(name)),
        is_sent=sent,
        last=FeedbackKind(last) if last else None,
        inserted_at=NOON + timedelta(hours=2, minutes=inserted) if inserted else None,
    )


@pytest.mark.parametrize(
    ("versions", "counts"),
    [
        ([version("a"), version("b")], "ab"),
        ([version("a", last="refined"), version("b", "a", last="refined"), version("c", "b")], "c"),
        ([version("a", inserted=1, last="inserted"), version("b", "a")], "a"),
        ([version("a", inserted=1), version("b", "a", inserted=2)], "b"),
        ([version("a", inserted=2), version("b", "a", inserted=1)], "a"),
        ([version("a", sent=True), version("b", "a", inserted=1)], "a"),
        ([version("a", last="refined"), version("b", "a", last="discarded")], "b"),
        ([version("a", last="refined")], ""),
        ([version("a", last="refined"), version("b", "a"), version("c", "a")], "c"),
        ([version("b", "gone"), version("c", "b")], "c"),
        ([version("b", "gone"), version("c", "gone")], "c"),
    ],
    ids=[
        "two drafts",
        "changed twice",
        "gone back",
        "the last inserted",
        "gone back and inserted",
        "sent",
        "thrown away",
        "changed, and nothing came of it",
        "changed in two ways",
        "the first is forgotten",
        "the first of two is forgotten",
    ],
)
def test_one_of_a_family_counts(versions: list[Version], counts: str) -> None:
    """However often a draft was changed, one mail was asked for."""
    assert "".join(sorted(counting(versions))) == counts
    assert counting(versions[::-1]) == counting(versions)


def test_one_that_was_given_up_holds_a_family_together() -> None:
    """Nobody saw it; what was made from it is a version of what it was made from all the same."""
    versions = [version("a", last="refined"), version("d", "c")]
    assert counting(versions) == {"d"}
    versions = [version("a"), version("d", "c")]
    befores = {"b": "a", "c": "b", "d": "c"}
    assert counting(versions, befores) == {"d"}
    assert counting(versions[::-1], befores) == {"d"}


@given(
    st.lists(st.sampled_from(["", *"abcdef"]), max_size=6), st.lists(st.sampled_from(["", *FeedbackKind]), max_size=6)
)
def test_what_counts_is_among_those_there(befores: list[str], said: list[str]) -> None:
    """Whatever hangs together how, no more count than drafts were begun."""
    rows = [version(name, before, last=last) for name, before, last in zip("abcdef", befores, said, strict=False)]
    found = counting(rows)
    assert found <= {row.draft_id for row in rows}
