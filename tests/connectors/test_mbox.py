"""mbox: what was written comes out, wherever the reading was broken off."""

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import AccountError, ConfigError, UsageError
from connectors.mbox import MboxAccount, read_messages, split
from tests.connectors.samples import account_record, as_mbox, raw_mail

LINES = st.one_of(
    st.binary(max_size=30).map(lambda line: re.sub(rb"[\r\n]", b"", line)),
    st.sampled_from([b"", b"From here on", b">From there", b"From: not a header", b"From a@b Mon", b">>From x"]),
)
MESSAGES = st.lists(LINES, max_size=12).map(lambda lines: b"Subject: x\n\n" + b"".join(line + b"\n" for line in lines))


def account(path: Path, **options: int) -> MboxAccount:
    """Open an mbox as an account."""
    return MboxAccount(account_record(path=str(path)), **options)


@given(messages=st.lists(MESSAGES, min_size=1, max_size=6), line_end=st.sampled_from([b"\n", b"\r\n"]))
def test_any_message_survives_writing_and_splitting(messages: list[bytes], line_end: bytes) -> None:
    """Quoted and unquoted "From " lines, empty lines and any bytes come out as they went in."""
    file = io.BytesIO(as_mbox(messages).replace(b"\n", line_end))
    found = [message for _, _, message in read_messages(file, start=0, max_bytes=100_000)]
    assert found == [message.replace(b"\n", line_end) for message in messages]


@given(messages=st.lists(MESSAGES, min_size=1, max_size=6), data=st.data())
def test_goes_on_at_any_message(
    messages: list[bytes], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Stopping after any message and going on later loses nothing, even where the file has grown meanwhile."""
    path = tmp_path_factory.mktemp("mbox") / "Sent.mbox"
    stop = data.draw(st.integers(min_value=1, max_value=len(messages)))
    path.write_bytes(as_mbox(messages[:stop]))
    read = list(account(path).sent_since(None))
    path.write_bytes(as_mbox(messages))
    assert [each.raw for each in account(path).sent_since(read[-1].cursor)] == messages[stop:]


@pytest.mark.parametrize("block_bytes", [1, 7, 64, 500])
def test_block_borders_do_not_show(block_bytes: int) -> None:
    """Wherever the blocks of the file end, the same messages come out."""
    messages = [raw_mail(number) for number in range(5)]
    found = read_messages(io.BytesIO(as_mbox(messages)), start=0, max_bytes=1000, block_bytes=block_bytes)
    assert [message for _, _, message in found] == messages


def test_prose_that_begins_with_from_is_no_message(tmp_path: Path) -> None:
    """Programs that quote nothing leave "From " at the start of sentences; no header follows there."""
    path = tmp_path / "Sent.mbox"
    prose = raw_mail(1, body="Hello,\n\nFrom now on we meet on Mondays.\nSee you there.\n")
    path.write_bytes(b"From x\n" + prose + b"\nFrom x\n" + raw_mail(2) + b"\n")
    assert list(split(path)) == [prose, raw_mail(2)]


def test_leaves_out_what_is_too_large(tmp_path: Path) -> None:
    """One huge message does not fill the memory and does not hide its neighbours; that it was left out is said."""
    path = tmp_path / "Sent.mbox"
    huge = raw_mail(2, body="x" * 3_000_000 + "\n")
    path.write_bytes(as_mbox([raw_mail(1), huge, raw_mail(3)]))
    found = list(account(path, max_message_bytes=100_000).sent_since(None))
    assert [each.raw for each in found] == [raw_mail(1), b"", raw_mail(3)]
    assert [each.left_out.partition(";")[0] for each in found] == ["", "It is 3.0 MB", ""]
    assert list(account(path, max_message_bytes=100_000).sent_since(found[2].cursor)) == []


@pytest.mark.parametrize(
    "replacement",
    [
        pytest.param([raw_mail(7), raw_mail(8), raw_mail(9)], id="another file"),
        pytest.param([raw_mail(0), raw_mail(2)], id="compacted"),
        pytest.param([raw_mail(0)], id="cut short"),
    ],
)
def test_a_replaced_file_is_read_from_the_beginning(tmp_path: Path, replacement: list[bytes]) -> None:
    """A cursor of the old file must not hide messages of the new one."""
    path = tmp_path / "Sent.mbox"
    path.write_bytes(as_mbox([raw_mail(0), raw_mail(1), raw_mail(2)]))
    cursor = list(account(path).sent_since(None))[1].cursor
    path.write_bytes(as_mbox(replacement))
    assert [each.raw for each in account(path).sent_since(cursor)] == replacement


def test_a_missing_closing_line_end_is_no_loss(tmp_path: Path) -> None:
    """The last message counts even where the export was cut off."""
    path = tmp_path / "Sent.mbox"
    path.write_bytes(as_mbox([raw_mail(1), raw_mail(2)]).rstrip(b"\n"))
    assert list(split(path)) == [raw_mail(1), raw_mail(2).rstrip(b"\n")]


@pytest.mark.parametrize("content", [b"", b"\n", b"Subject: no mbox\n\nHello", b"\x00\x01\x02PK"])
def test_says_what_is_no_mbox(tmp_path: Path, content: bytes) -> None:
    """An empty or foreign file is refused in words."""
    path = tmp_path / "Sent.mbox"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="no mbox file") as caught:
        list(split(path))
    assert caught.value.hint


def test_says_what_is_missing(tmp_path: Path) -> None:
    """A wrong path and a folder are refused in words."""
    with pytest.raises(UsageError, match="no file"):
        list(account(tmp_path / "nothing").sent_since(None))
    with pytest.raises(AccountError, match="cannot be read"):
        list(account(tmp_path).sent_since(None))


def test_reads_the_folder_that_apple_mail_exports(tmp_path: Path) -> None:
    """Apple's "Sent.mbox" is a folder with the file in it."""
    folder = tmp_path / "Sent.mbox"
    folder.mkdir()
    (folder / "mbox").write_bytes(as_mbox([raw_mail(1)]))
    assert [each.raw for each in account(folder).sent_since(None)] == [raw_mail(1)]


def test_what_thunderbird_deleted_is_gone(tmp_path: Path) -> None:
    """Thunderbird marks deleted mail and leaves it in the file until it is compacted."""
    path = tmp_path / "Sent"
    kept, deleted = (b"X-Mozilla-Status: %s\n" % status for status in (b"0001", b"0009"))
    path.write_bytes(as_mbox([kept + raw_mail(1), deleted + raw_mail(2), kept + raw_mail(3)]))
    assert [each.raw for each in account(path).sent_since(None)] == [kept + raw_mail(1), kept + raw_mail(3)]


def test_refuses_settings_it_does_not_know(tmp_path: Path) -> None:
    """A misspelt setting is no silent default."""
    with pytest.raises(ConfigError, match="pth"):
        MboxAccount(account_record(path=str(tmp_path), pth="x"))
