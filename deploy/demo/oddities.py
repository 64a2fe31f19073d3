"""The mails that make trouble, as every mailbox has some. Those worth learning from say so by their instruction."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.charset import BASE64
from email.message import Message

from connectors.message import Address
from deploy.demo.raw_mail import as_html, head, text_part, to_bytes
from deploy.demo.year import Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """A strange mail; `instruction` is empty where nothing is to be learned from it."""

    message_id: str
    sent_at: datetime
    raw: bytes
    instruction: str = ""


TOM = Address(addr="tom@example.com", name="Tom Baker")
LUCY = Address(addr="lucy@example.com", name="Lucy Green")


def oddities(owner: Owner, start: datetime, rng: random.Random) -> list[Odd]:
    """Write one mail of each kind of trouble, a day apart."""
    makers = (_html_only, _raw_header, _base64, _broken_date, _inline, _forward, _vacation, _calendar, _too_short)
    odd = [
        make(owner, f"{rng.getrandbits(48):012x}@{owner.person.host}", start + timedelta(days=23 * number))
        for number, make in enumerate(makers)
    ]
    return [*odd, odd[2]]  # the same mail twice, as a copied folder leaves it


def _said(owner: Owner, to: Address, *sentences: str) -> str:
    """A mail in the owner's manner, without any dice."""
    manner = owner.voice.manners["en"]
    first, last = to.name.split()
    title = manner.titles[to is LUCY]
    greeting = manner.greetings[0].format(first=first, last=last, title=title)
    sign_off = manner.sign_offs[0]
    return "\n\n".join([greeting, *sentences, sign_off]) + "\n"


def _mail(owner: Owner, body: Message, to: Address, *, subject: str, message_id: str, at: datetime) -> Message:
    return head(body, sender=owner.person.address, to=(to,), subject=subject, message_id=message_id, sent_at=at)


def _html_only(owner: Owner, message_id: str, at: datetime) -> Odd:
    text = _said(owner, TOM, "The price list is on the table in the workshop.", "Could you look at it before Thursday?")
    body = text_part(as_html(text), subtype="html")
    raw = to_bytes(_mail(owner, body, TOM, subject="Price list", message_id=message_id, at=at))
    note = "tell Tom where the price list is, on the table in the workshop, he should look before Thursday"
    return Odd(message_id=message_id, sent_at=at, raw=raw, instruction=note)


def _raw_header(owner: Owner, message_id: str, at: datetime) -> Odd:
    text = _said(owner, LUCY, "The table at the Café Jérôme is for six people.", "It is booked for 12:30 on Saturday.")
    body = text_part(text, charset="latin-1", encoding=None)
    raw = to_bytes(_mail(owner, body, LUCY, subject="Table at Caf=", message_id=message_id, at=at))
    raw = raw.replace(b"Subject: Table at Caf=", "Subject: Table at Café Jérôme".encode("latin-1"))
    note = "tell Lucy the table at Café Jérôme is booked, six people, Saturday 12:30"
    return Odd(message_id=message_id, sent_at=at, raw=raw, instruction=note)


def _base64(owner: Owner, message_id: str, at: datetime) -> Odd:
    text = _said(
        owner, TOM, "The 40 name badges \u2013 the blue ones \u2013 cost 95 euros.", "Is that all right for you?"
    )
    body = text_part(text, charset="windows-1252", encoding=BASE64)
    raw = to_bytes(_mail(owner, body, TOM, subject="Name badges", message_id=message_id, at=at))
    note = "tell Tom 40 blue name badges cost 95 euros, ask if that is ok"
    return Odd(message_id=message_id, sent_at=at, raw=raw, instruction=note)


def _broken_date(owner: Owner, message_id: str, at: datetime) -> Odd:
    text = _said(owner, LUCY, "The choir concert starts at 7 pm in the town hall.", "There are two seats for you.")
    mail = _mail(owner, text_part(text), LUCY, subject="The choir concert", message_id=message_id, at=at)
    mail.replace_header("Date", "Sometime in March, 25:61")
    note = "tell Lucy the choir concert is at 7 pm in the town hall and she has two seats"
    return Odd(message_id=message_id, sent_at=at, raw=to_bytes(mail), instruction=note)


def _inline(owner: Owner, message_id: str, at: datetime) -> Odd:
    greeting, sign_off = _said(owner, TOM).strip().split("\n\n", 1)
    text = (
        f"{greeting}\n\nOn {at:%d/%m/%Y %H:%M}, Tom Baker wrote:\n> How many lamps do we need?\n"
        f"Twelve desk lamps, please.\n\n> And when do you need them?\nBy the end of the month.\n\n{sign_off}\n"
    )
    raw = to_bytes(_mail(owner, text_part(text), TOM, subject="Re: Lamps", message_id=message_id, at=at))
    note = "answer Tom: twelve desk lamps, by the end of the month"
    return Odd(message_id=message_id, sent_at=at, raw=raw, instruction=note)


def _forward(owner: Owner, message_id: str, at: datetime) -> Odd:
    text = (
        "---------- Forwarded message ---------\nFrom: Tom Baker <tom@example.com>\n"
        f"Date: {at:%a, %d %b %Y at %H:%M}\nSubject: Opening hours\nTo: {owner.person.full} "
        f"<{owner.person.address.addr}>\n\nWe are open from nine to five, and on Saturdays until noon.\n\nTom\n"
    )
    raw = to_bytes(_mail(owner, text_part(text), LUCY, subject="Fwd: Opening hours", message_id=message_id, at=at))
    return Odd(message_id=message_id, sent_at=at, raw=raw)


def _vacation(owner: Owner, message_id: str, at: datetime) -> Odd:
    text = "I am out of the office until next week and will read your mail when I am back. This is automatic.\n"
    mail = _mail(owner, text_part(text), TOM, subject="Out of office: Lamps", message_id=message_id, at=at)
    mail["Auto-Submitted"] = "auto-replied"
    mail["Precedence"] = "bulk"
    return Odd(message_id=message_id, sent_at=at, raw=to_bytes(mail))


def _calendar(owner: Owner, message_id: str, at: datetime) -> Odd:
    event = (
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//demo//EN\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:demo-1\n"
        f"DTSTART:{at:%Y%m%dT%H%M%SZ}\nSUMMARY:Planning meeting\n"
        f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{owner.person.address.addr}\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    body = text_part(event, subtype="calendar")
    body.set_param("method", "REPLY")
    raw = to_bytes(_mail(owner, body, TOM, subject="Accepted: Planning meeting", message_id=message_id, at=at))
    return Odd(message_id=message_id, sent_at=at, raw=raw)


def _too_short(owner: Owner, message_id: str, at: datetime) -> Odd:
    raw = to_bytes(_mail(owner, text_part("ok\n"), LUCY, subject="Re: Lunch?", message_id=message_id, at=at))
    return Odd(message_id=message_id, sent_at=at, raw=raw)
