"""Reading many messages: in order, one batch at a time, whatever some of them are like."""

import imaplib
import tracemalloc
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.imap.reader import Message, Reader


@dataclass(kw_only=True)
class FakeServer:
    """A folder in memory, behind what is used of imapclient."""

    messages: dict[int, int]
    """UID and size."""
    refused: frozenset[int] = frozenset()
    hangs_up_on: frozenset[int] = frozenset()
    said: str = "[SERVERBUG] Internal error"
    fetched: list[list[int]] = field(default_factory=list)
    """The UIDs of each fetch of whole messages."""
    untagged_responses: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def _imap(self) -> "FakeServer":
        return self

    def has_capability(self, name: str) -> bool:
        """Have nothing special."""
        return not name

    def search(self, _criteria: list[str]) -> list[int]:
        """Find all."""
        return list(self.messages)

    def uid(self, _command: str, asked: str, items: str) -> tuple[str, list[Any]]:
        """Answer a FETCH."""
        uids = [int(uid) for uid in asked.split(",")]
        there = [uid for uid in uids if uid in self.messages]
        if "SIZE" in items:
            return "OK", [b"1 (UID %d RFC822.SIZE %d)" % (uid, self.messages[uid]) for uid in there]
        self.fetched.append(uids)
        if self.hangs_up_on.intersection(uids):
            raise imaplib.IMAP4.abort("EOF")
        if self.refused.intersection(uids):
            return "NO", [self.said.encode()]
        return "OK", [part for uid in there for part in self._body(uid)]

    def _body(self, uid: int) -> list[Any]:
        raw = b"x" * self.messages[uid]
        return [(b"1 (UID %d BODY[] {%d}" % (uid, len(raw)), raw), b")"]


def read(server: FakeServer, uids: list[int] | None = None, *, most: int = 1 << 20) -> list[Message]:
    """Read messages."""
    reader = Reader(server, lambda: server, max_message_bytes=most)  # type: ignore[arg-type]
    return list(reader.read(sorted(server.messages) if uids is None else uids))


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_every_message_comes_once_and_in_order(data: st.DataObject) -> None:
    """With its bytes, or the reason why it was left out; what is gone is passed over."""
    uids = sorted(data.draw(st.sets(st.integers(1, 2000), max_size=150)))
    sizes = {uid: data.draw(st.sampled_from([0, 10, 300, 5_000])) for uid in uids}
    bad = data.draw(st.sets(st.sampled_from(uids), max_size=3) if len(uids) > 9 else st.just(set()))
    refused = frozenset(uid for uid in bad if uid % 2)
    server = FakeServer(messages=sizes, refused=refused, hangs_up_on=frozenset(bad - refused))
    found = read(server, sorted({*uids, 2001, 2002}), most=1_000)
    assert [each.uid for each in found] == uids
    for each in found:
        is_good = each.uid not in bad and 0 < sizes[each.uid] <= 1_000
        assert len(each.raw) == (sizes[each.uid] if is_good else 0)
        assert bool(each.left_out) is not is_good


def test_memory_holds_one_batch() -> None:
    """However many messages there are, and however large: 200 MB here."""
    server = FakeServer(messages=dict.fromkeys(range(1, 201), 1_000_000))
    reader = Reader(server, lambda: server, max_message_bytes=2_000_000)  # type: ignore[arg-type]
    tracemalloc.start()
    total = sum(len(each.raw) for each in reader.read(sorted(server.messages)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == 200_000_000
    assert peak < 30_000_000
    assert max(map(len, server.fetched)) <= 8


@pytest.mark.parametrize("said", ["[UNAVAILABLE] Come back later", "[THROTTLED]", "[LIMIT] Too much"])
def test_a_server_that_is_busy_is_an_error(said: str) -> None:
    """What it refuses for now is not left out for good."""
    with pytest.raises(imaplib.IMAP4.error, match=said[1:5]):
        read(FakeServer(messages=dict.fromkeys(range(1, 9), 10), refused=frozenset({3}), said=said))


def test_a_folder_that_is_handed_over_in_no_part_is_an_error() -> None:
    """Only a message alone in its folder is left out without another to compare with."""
    with pytest.raises(imaplib.IMAP4.error):
        read(FakeServer(messages=dict.fromkeys(range(1, 9), 10), refused=frozenset(range(1, 9))))
    (alone,) = read(FakeServer(messages={7: 10}, refused=frozenset({7})))
    assert "SERVERBUG" in alone.left_out


def test_one_bad_message_among_many_costs_few_fetches() -> None:
    """It is found by halving."""
    server = FakeServer(messages=dict.fromkeys(range(1, 51), 10), refused=frozenset({33}))
    assert [each.uid for each in read(server) if each.left_out] == [33]
    assert len(server.fetched) <= 16
