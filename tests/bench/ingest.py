"""Reading an mbox side by side: the standard library's default policy against ours, as a Markdown table.

Run it from the root: `python -m tests.bench.ingest [file.mbox]`. Without a file it makes one. The baseline only opens
each message and reads its headers and body; ours also separates quotes and signatures, and tells kind and language.
"""

import email
import mailbox
import random
import sys
import tempfile
import time
from collections.abc import Callable
from email import policy
from email.message import EmailMessage
from pathlib import Path

from connectors import mbox
from connectors.cleaning import language
from connectors.cleaning.mime import parse
from connectors.errors import UnreadableMessage

MESSAGES = 3_000
ROUNDS = 3
HEADERS = ("From", "To", "Cc", "Date", "Subject", "Message-ID", "In-Reply-To", "References")
SENTENCES = (
    "I had a look at the figures you sent yesterday, and most of them seem right to me.",
    "Could we move the meeting to Thursday afternoon? I am on the train until two.",
    "The second column still counts the returns twice, so the total is too high by about four percent.",
    "Vielen Dank für die schnelle Antwort, das hilft uns sehr weiter.",
    "Ich würde die Unterlagen gern noch einmal in Ruhe lesen, bevor wir unterschreiben.",
    "Merci beaucoup pour votre message, je vous réponds dès que possible.",
    "Please send me the signed copy by the end of the week, a scan is good enough.",
    "We agreed on the first option, and I would rather not change that again.",
)
SHAPES = ("plain", "plain", "quoted", "quoted", "quoted", "alternative", "alternative", "html", "attachment", "outlook")


def main(path: Path | None = None) -> int:
    """Measure both on one file, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        path = path or write_mbox(Path(folder) / "sent.mbox")
        language.detect("Load the model before the clock starts.")
        rounds = [(rate(read_baseline, path), rate(read_ours, path)) for _ in range(ROUNDS)]
    baseline, ours = map(max, zip(*rounds, strict=True))
    print("| way | messages per second of processor time | ratio |")
    print("| --- | ---: | ---: |")
    print(f"| `mailbox` + `email.policy.default`: headers and body | {baseline:,.0f} | 1.0 |")
    print(f"| `connectors`: mbox, parse, quotes, signature, kind, language | {ours:,.0f} | {ours / baseline:.1f} |")
    return 0


def rate(read: Callable[[Path], int], path: Path) -> float:
    """Return messages per second of this process, so that what else the machine does counts less."""
    start = time.process_time()
    count = read(path)
    return count / (time.process_time() - start)


def read_baseline(path: Path) -> int:
    """Read headers and body of all messages with the standard library's recommended interface."""
    count = 0
    box = mailbox.mbox(path, factory=lambda file: email.message_from_binary_file(file, policy=policy.default))
    for message in box:
        for name in HEADERS:
            str(message[name])
        body = message.get_body(("plain", "html"))
        if body is not None:
            body.get_content()
        count += 1
    return count


def read_ours(path: Path) -> int:
    """Read all messages as the sync does."""
    count = 0
    for raw in mbox.split(path):
        try:
            parse(raw)
        except UnreadableMessage:
            continue
        count += 1
    return count


def write_mbox(path: Path) -> Path:
    """Write mail of all common shapes, the same one each time."""
    dice = random.Random(7)  # noqa: S311  no secret
    with path.open("wb") as file:
        for number in range(MESSAGES):
            message = make_message(number, dice)
            file.write(b"From ana@example.org Mon Jun  3 10:12:00 2024\n" + message.as_bytes() + b"\n")
    return path


def make_message(number: int, dice: random.Random) -> EmailMessage:
    """Make one message, of a shape drawn by the dice."""
    message = EmailMessage()
    message["From"] = "Ana López <ana@example.org>"
    message["To"] = ", ".join(
        f"Person {at} <p{at}@example.net>" for at in dice.choices(range(90), k=dice.randint(1, 4))
    )
    message["Date"] = f"Mon, {dice.randint(1, 28)} Jun 2024 10:12:{dice.randrange(60):02} +0200"
    message["Subject"] = dice.choice(("Re: Figures for June", "AW: Unterlagen für Köln", "Thursday"))
    message["Message-ID"] = f"<m{number}@example.org>"
    message["In-Reply-To"] = f"<q{number}@example.net>"
    message["References"] = f"<q{number - 1}@example.net> <q{number}@example.net>"
    message["Received"] = "from mail.example.net (mail.example.net [192.0.2.1]) by mx.example.org with ESMTPS"
    message["X-Mailer"] = "Bench 1.0"
    shape = dice.choice(SHAPES)
    text = f"Hi,\n\n{words(dice)}\n\n{words(dice)}\n\nBest,\nAna\n"
    quote = "".join(f"> {words(dice, 1)}\n" for _ in range(dice.randint(3, 25)))
    if shape == "quoted":
        text += f"\nOn Mon, Jun 3, 2024 at 10:12 AM Tom Berg <tom@example.net> wrote:\n\n{quote}"
    if shape == "outlook":
        head = "From: Tom Berg\nSent: Monday, June 3, 2024 10:12 AM\nTo: Ana\nSubject: Figures\n\n"
        text += f"\n-----Original Message-----\n{head}{quote.replace('> ', '')}"
    html = "".join(f"<div>{line or '<br>'}</div>" for line in text.split("\n"))
    if shape == "html":
        message.set_content(html, subtype="html")
        return message
    message.set_content(text)
    if shape == "alternative":
        message.add_alternative(html, subtype="html")
    if shape == "attachment":
        message.add_attachment(dice.randbytes(20_000), maintype="application", subtype="pdf", filename="plan.pdf")
    return message


def words(dice: random.Random, most: int = 4) -> str:
    """Return a few sentences."""
    return " ".join(dice.choices(SENTENCES, k=dice.randint(1, most)))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
