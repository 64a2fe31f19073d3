"""Drafts that begin with an instruction, and a mailbox in which their owner works on them."""

from dataclasses import dataclass

from connectors.cleaning.mime import parse
from tests.service.watching.fake_mailbox import DRAFTS, FakeMailbox
from tests.service.watching.watched import World

WORDS = "@Cyrano decline, but kindly"
SETTLE_S = 20.0
OPTIONS = {"instructions": True, "settle_s": SETTLE_S, "trigger": "folder"}


@dataclass
class Mailbox(FakeMailbox):
    """One into which new mail is put, too."""

    needs_answers: bool = False

    def save(self, before: bytes, after: bytes) -> None:
        """Have the owner save one of their drafts with other words."""
        number, raw = next((number, raw) for number, raw in self.folders[DRAFTS].items() if before in raw)
        self.put(DRAFTS, raw.replace(before, after))
        del self.folders[DRAFTS][number]


def asking(words: str = WORDS, *, message_id: str = "own@ana", answers: int | None = None, quote: str = "") -> bytes:
    """A draft with an instruction, as a mail program saves it."""
    thread = f"In-Reply-To: <m{answers}@x>\r\nReferences: <m{answers}@x>\r\n" if answers else ""
    own = f"Message-ID: <{message_id}>\r\n" if message_id else ""
    return (
        f"From: ana@example.org\r\nTo: Ben <ben@example.net>\r\nCc: eve@example.com\r\nSubject: Monday\r\n{own}"
        f"{thread}Date: Sat, 21 Nov 2026 08:59:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        f"{words}\r\n\r\n-- \r\nAna\r\n{quote}"
    ).encode()


def settle(world: World) -> None:
    """Look, wait until what lies there counts as settled, and look again."""
    world.look()
    world.look(3, after_s=SETTLE_S + 1)


def full_mail(world: World) -> bytes:
    """The one draft there is; it says what the model wrote."""
    (raw,) = world.server.draft_bytes
    assert parse(raw).text == world.text
    return raw
