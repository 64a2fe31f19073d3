"""Only what its owner typed is learned from, once, and every refusal has its reason."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.cleaning.keep import count_words, judge, text_hash
from connectors.message import Address, Email, Kind

OWN = frozenset({"alex@example.org", "alex@home.example"})
MAIL = Email(message_id="1", sender=Address(addr="alex@example.org"), text="Friday is fine, I will bring the plans.")


@pytest.mark.parametrize("addr", ["alex@example.org", "Alex@Example.ORG", "alex@home.example"])
def test_own_mail_is_kept(addr: str) -> None:
    """Every own address counts, in any case."""
    assert judge(replace(MAIL, sender=Address(addr=addr)), own=OWN) == ""


@pytest.mark.parametrize(
    "addr", ["max.alex@example.org", "alex@example.org.evil.net", "alex@example.or", "tom@example.net", ""]
)
def test_other_senders(addr: str) -> None:
    """An address that only resembles an own one is another's."""
    assert judge(replace(MAIL, sender=Address(addr=addr)), own=OWN) == "another sender"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": Kind.FORWARD}, "a forward"),
        ({"kind": Kind.AUTO}, "written by a program"),
        ({"kind": Kind.BULK}, "sent to a list"),
        ({"text": ""}, "nothing typed"),
        ({"text": " ... \n"}, "nothing typed"),
        ({"text": "Yes, see you then."}, "fewer than 5 words"),
        ({"kind": Kind.REPLY}, ""),
    ],
)
def test_reasons(change: dict[str, object], reason: str) -> None:
    """Each refusal says why."""
    assert judge(replace(MAIL, **change), own=OWN) == reason  # type: ignore[arg-type]


def test_number_of_words_is_a_setting() -> None:
    """The least number of words is the caller's to choose."""
    assert judge(MAIL, own=OWN, min_words=8) == ""
    assert judge(MAIL, own=OWN, min_words=9) == "fewer than 9 words"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Friday is fine, I'll bring the plans.", 7),
        ("金曜日の午後なら大丈夫です。", 7),
        ("明天下午三点在办公室见面可以吗?", 8),
        ("OK、では14時にZoomで会いましょう。", 9),
        ("พรุ่งนี้บ่ายสามโมงได้ไหม", 12),
        ("내일 오후 세 시에 만나요", 5),
        ("是", 1),
        ("…", 0),
    ],
)
def test_words_are_counted_in_every_script(text: str, count: int) -> None:
    """Scripts without spaces are not one long word."""
    assert count_words(text) == count


def test_duplicates() -> None:
    """The same text is learned once, however it is set."""
    again = replace(MAIL, message_id="2", text="friday is fine,\n\nI will  bring the PLANS.")
    assert judge(again, own=OWN, seen={text_hash(MAIL.text)}) == "a duplicate"


@given(st.text())
def test_text_hash(text: str) -> None:
    """A hash is 32 hexadecimal digits, whatever the text."""
    assert len(text_hash(text)) == 32
    assert int(text_hash(text), 16) >= 0
