"""One broken message stops no sync."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.account import RawMessage
from connectors.archive import Archive
from connectors.cleaning import mime
from connectors.errors import UnreadableMessage
from connectors.message import Email
from connectors.sync import SyncReport, SyncSettings, sync
from tests.connectors.samples import raw_mail
from tests.connectors.sync.syncing import ListAccount, new_account, run


def garbled(noise: bytes) -> bytes:
    """Put noise where a program may trip over it."""
    return b"From: ana@example.org\nSubject: " + noise + b"\nMessage-ID: <" + noise + b"@x>\n\n" + noise


def test_one_broken_message_stops_nothing(archive: Archive) -> None:
    """It is put aside with its reason and its bytes, and the cursor moves past it."""

    def parse(raw: bytes) -> Email:
        if b"number 1 " in raw:
            raise UnreadableMessage("It is nested too deeply.")
        return mime.parse(raw)

    account = ListAccount(messages=[raw_mail(number) for number in range(3)])
    report = sync(account, archive, SyncSettings(), lambda _done, _total: None, parse=parse)
    assert report == SyncReport(new=2, kept=2, quarantined=1)
    assert archive.quarantined("ana") == [("list;1", "It is nested too deeply.")]
    assert archive.cursor("ana") == "3"


def test_a_mailbox_of_broken_messages_only_comes_to_its_end(archive: Archive) -> None:
    """The cursor moves even where there is nothing to archive."""
    assert run(ListAccount(messages=[b"", b"\n"]), archive) == SyncReport(quarantined=2)
    assert archive.cursor("ana") == "2"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(messages=st.lists(st.binary(max_size=200) | st.binary(max_size=60).map(garbled), max_size=5))
def test_any_bytes_are_archived_or_put_aside(messages: list[bytes], archive: Archive) -> None:
    """Garbled messages are counted somewhere, and the sound one behind them is archived."""
    record = new_account(archive)
    report = run(ListAccount(messages=[*messages, raw_mail(1)], record=record), archive)
    assert report.new + report.seen_before + report.quarantined == len(messages) + 1
    assert archive.get(record.name, "m1@example.org")


@dataclass(kw_only=True)
class PickyAccount(ListAccount):
    """A mailbox that does not hand over its second message, and knows that its third is archived."""

    def sent_since(self, cursor: str | None) -> Iterator[RawMessage]:
        """Yield the messages with what became of them."""
        for number, message in enumerate(super().sent_since(cursor)):
            server_id = f"s{number}"
            if number == 1:
                yield replace(message, raw=b"", left_out="It is 99 MB.", server_id=server_id)
            else:
                yield replace(message, raw=b"" if number == 2 else message.raw, server_id=server_id)


def test_what_the_mailbox_leaves_out_is_put_aside(archive: Archive) -> None:
    """With the reason and without bytes; one that is known only moves the cursor."""
    account = PickyAccount(messages=[raw_mail(number) for number in range(4)])
    report = run(account, archive)
    assert report == SyncReport(new=2, kept=2, seen_before=1, quarantined=1)
    assert archive.quarantined("ana") == [("list;1", "It is 99 MB.")]
    assert archive.cursor("ana") == "4"
    assert archive.known_server_ids("ana", ["s0", "s1", "s2", "s3", ""]) == {"s0", "s3"}
