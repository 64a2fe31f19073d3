"""A mail is a line and back, whatever stands in it."""

import json
from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from connectors.instruction import Instruction
from connectors.message import Address, Email, Kind, ThreadMessage
from trainer.data.lines import line_of, read_line
from trainer.data.source import Draft, SentMail

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
WORD = TEXT.filter(bool)
TIME = st.none() | st.datetimes(timezones=st.just(UTC))
ADDRESS = st.builds(Address, addr=TEXT.map(str.lower), name=TEXT)
EMAIL = st.builds(
    Email,
    message_id=WORD,
    sender=ADDRESS,
    to=st.lists(ADDRESS, max_size=3).map(tuple),
    sent_at=TIME,
    subject=TEXT,
    text=TEXT,
    language=st.sampled_from(["en", "de", "und"]),
    kind=st.sampled_from(Kind),
)
MAIL = st.builds(
    SentMail,
    email=EMAIL,
    conversation=WORD,
    thread=st.lists(st.builds(ThreadMessage, sender=ADDRESS, text=TEXT, sent_at=TIME), max_size=3).map(tuple),
    draft=st.none() | st.builds(Draft, text=WORD, instruction=TEXT),
)


@given(mail=MAIL, asked=st.none() | TEXT)
def test_a_mail_comes_back_from_its_line(mail: SentMail, asked: str | None) -> None:
    """With its thread, its instruction and its draft; the line stays one, whatever the text holds."""
    known = None if asked is None else Instruction(message_id=mail.email.message_id, text=asked, source="model")
    written = json.dumps(line_of(mail, known), ensure_ascii=False).encode()
    assert b"\n" not in written
    line = read_line(written, "here")
    assert line.mail() == mail
    assert line.known() == known


def test_a_line_may_leave_out_what_it_does_not_need() -> None:
    """Who writes one by hand gives id, sender and text; times may stand in any zone."""
    written = b'{"message_id": "a", "sender": {"addr": "Ana@X"}, "text": "Hi", "sent_at": "2026-01-05T09:00:00+02:00"}'
    mail = read_line(written, "here").mail()
    assert (mail.conversation, mail.email.sender.addr, mail.email.kind) == ("a", "ana@x", Kind.NEW)
    assert mail.email.sent_at is not None
    assert (mail.email.sent_at.tzinfo, mail.email.sent_at.hour) == (UTC, 7)
