"""Write the demo mailbox: two people's sent mail, the instructions that lead to it, and mail that waits for an answer.

Run from the repository's root: `python -m deploy.demo.make_mailbox`. The same seed gives the same bytes.
"""

import argparse
import json
import random
from datetime import UTC, datetime
from email.charset import BASE64, QP
from email.message import Message
from pathlib import Path

from deploy.demo.oddities import Odd, oddities
from deploy.demo.people import ANA, BEN
from deploy.demo.raw_mail import alternatives, head, text_part, to_bytes, to_mbox, with_attachment
from deploy.demo.voices import ANA_VOICE, BEN_VOICE
from deploy.demo.year import Owner, Received, Sent, incoming, write_year

HERE = Path(__file__).parent
SEED = 2026
OWNERS = (
    Owner(person=ANA, voice=ANA_VOICE, counts=(206, 20, 14)),
    Owner(person=BEN, voice=BEN_VOICE, counts=(206, 20, 14)),
)
SIGNATURES = {
    "ana": "\n\nAna Silva\nSilva Interiors, 4 Mill Street\nTel. 555 0142\nsilva.example.org",
    "ben": "\n\n-- \nBen Keller\nKeller & Partners, Accountants\nMarket Square 12\nTel. 555 0177, keller.example.org",
}
"""Ana's program puts a block below her mails without the mark that says so; Ben's does it by the book."""
INCOMING = (19, 3, 2)
RECEIVED_SHARE = 0.1
"""How much of what Ana answered lies in her Takeout file as well."""


def main() -> None:
    """Write everything below a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE)
    out = parser.parse_args().out
    for path, content in files().items():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        print(f"{len(content):8} bytes  {target}")


def files() -> dict[str, bytes]:
    """Make all files, by path."""
    made: dict[str, bytes] = {}
    for owner in OWNERS:
        name = owner.person.first.lower()
        rng = random.Random(f"{SEED} {name}")
        year = write_year(owner, rng)
        odd = oddities(owner, datetime(2026, 1, 14, 15, 20, tzinfo=UTC), rng)
        made[f"mailbox/{name}.mbox"] = _mbox(owner, year, odd, rng)
        made[f"playback/{name}.jsonl"] = _playback(year, odd)
    rng = random.Random(f"{SEED} incoming")
    for number, mail in enumerate(incoming(ANA, INCOMING, datetime(2026, 10, 19, 8, 0, tzinfo=UTC), rng), 1):
        made[f"mailbox/incoming/{number:02}.eml"] = _received(mail, OWNERS[0])
    return made


def _mbox(owner: Owner, year: list[Sent], odd: list[Odd], rng: random.Random) -> bytes:
    """Ana's file is what Google Takeout hands out, Ben's what Thunderbird keeps."""
    is_takeout = owner.person is ANA
    mails = [(mail.sent_at, _sent(mail, owner, is_takeout=is_takeout, rng=rng), "Sent,Opened") for mail in year]
    mails += [(each.sent_at, each.raw, "Sent") for each in odd]
    if is_takeout:
        answered = [mail.answers for mail in year if mail.answers and rng.random() < RECEIVED_SHARE]
        mails += [(received.sent_at, _received(received, owner), "Inbox,Opened") for received in answered]
    rows = []
    for at, raw, labels in sorted(mails, key=lambda mail: mail[0]):
        if is_takeout:
            thread = rng.getrandbits(60)
            head_ = f"X-GM-THRID: {thread}\nX-Gmail-Labels: {labels}\n".encode()
            rows.append((f"{thread}@xxx {at:%a %b %d %H:%M:%S} +0000 {at:%Y}", head_ + raw))
        else:
            rows.append((f"- {at:%a %b %d %H:%M:%S %Y}", raw))
    return to_mbox(rows)


def _sent(mail: Sent, owner: Owner, *, is_takeout: bool, rng: random.Random) -> bytes:
    text = mail.letter.text + SIGNATURES[owner.person.first.lower()]
    if mail.quoted:
        text += f"\n\n{mail.quoted}"
    body = _body(f"{text}\n", mail, is_takeout=is_takeout, rng=rng)
    return to_bytes(
        head(
            body,
            sender=owner.person.address,
            to=[person.address for person in mail.letter.to],
            subject=mail.subject,
            message_id=mail.message_id,
            sent_at=mail.sent_at,
            references=mail.references,
        )
    )


def _body(text: str, mail: Sent, *, is_takeout: bool, rng: random.Random) -> Message:
    boundary, dice = mail.message_id.split("@")[0], rng.random()
    if is_takeout and dice < 0.15:
        return alternatives(text, boundary)
    if dice < 0.2:
        return text_part(text, encoding=BASE64)
    if dice < 0.25:
        return with_attachment(text_part(text), "notes.txt", "Not part of the mail.\n", boundary)
    if not is_takeout and dice < 0.5:
        return text_part(text, charset="latin-1", encoding=QP)
    return text_part(text, encoding=QP if dice < 0.75 else None)


def _received(mail: Received, owner: Owner) -> bytes:
    body = text_part(f"{mail.text.strip()}\n", encoding=None)
    return to_bytes(
        head(
            body,
            sender=mail.sender.address,
            to=(owner.person.address,),
            subject=mail.subject,
            message_id=mail.message_id,
            sent_at=mail.sent_at,
            references=mail.references,
        )
    )


def _playback(year: list[Sent], odd: list[Odd]) -> bytes:
    rows = {mail.message_id: mail.letter.instruction for mail in year}
    rows |= {each.message_id: each.instruction for each in odd if each.instruction}
    lines = (
        json.dumps({"message_id": message_id, "instruction": instruction}, ensure_ascii=False)
        for message_id, instruction in rows.items()
    )
    return ("\n".join(lines) + "\n").encode()


if __name__ == "__main__":
    main()
