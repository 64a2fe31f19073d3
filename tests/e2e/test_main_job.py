"""The main job with no fake: Dovecot → sync → index → train → vLLM with the adapter → drafts, also when killed."""

import email
import email.utils
import json
import os
import random
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from itertools import islice
from pathlib import Path

import pytest
from imapclient import SEEN, IMAPClient

from connectors.adapter import AdapterCard, current_version, list_cards
from connectors.mbox import split
from service.client import stream_draft
from service.engine.record import read_record
from tests.dovecot import PASSWORDS, Dovecot
from tests.e2e.cyrano import DEMO, SHORT_SETTINGS, Cyrano, wait_for
from tests.parts import require

pytestmark = [pytest.mark.server, pytest.mark.timeout(1500)]

COLLEAGUES = 50
ROUNDS = 20
ENGINE_ROUNDS = (4, 10, 16)
SEED = 20261121
LONGEST_LIFE_S = 12.0
"""Longer than a start and a draft take: a kill can meet any step of both."""
SETTLE_S = 6.0
"""Time for a second draft to appear, were there one."""

# One epoch is enough to tell whose mail was learned.
SETTINGS = SHORT_SETTINGS.replace("epochs = 3", "epochs = 1")
WATCH_CLOSELY = "\n[watch]\npoll_s = 2\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Ana's mailbox on a real server, Cyrano with a trained adapter, and the engine running apart."""

    cyrano: Cyrano
    dovecot: Dovecot
    trained: str
    """What `cyrano train` printed."""

    @property
    def card(self) -> AdapterCard:
        """The card of Ana's newest adapter."""
        return list_cards(self.cyrano.home / "adapters", "ana")[-1]

    def deliver(self, raw: bytes) -> str:
        """Put a mail that comes in now into the inbox and flag it; return its Message-ID."""
        raw = re.sub(rb"(?m)^Date: .*$", b"Date: " + email.utils.formatdate().encode(), raw, count=1)
        with self.dovecot.login("alice") as client:
            client.append("INBOX", raw)
            client.select_folder("INBOX")
            message_id = str(email.message_from_bytes(raw)["Message-ID"])
            client.add_flags(client.search(["HEADER", "Message-ID", message_id]), [b"\\Flagged"])
        return message_id

    def drafts_for(self, message_id: str) -> list[Message]:
        """Return the drafts that answer a mail, read back over IMAP."""
        with self.dovecot.login("alice") as client:
            return [draft for draft in _all(client, "Entwürfe") if draft["In-Reply-To"] == message_id]


def _all(client: IMAPClient, folder: str) -> list[Message]:
    client.select_folder(folder, readonly=True)
    found = client.fetch(client.search("ALL"), ["BODY.PEEK[]"])
    return [email.message_from_bytes(parts[b"BODY[]"]) for parts in found.values()]


@pytest.fixture(scope="module")
def world(dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Everything up to a trained adapter, once for all tests of this file."""
    require("The demo model", is_there=(DEMO / "model" / "config.json").exists(), install="git checkout deploy/demo")
    with dovecot.login("alice") as client:
        for raw in _sent():
            client.append("Gesendet", raw, flags=[SEEN])
    home = tmp_path_factory.mktemp("e2e") / "home"
    cyrano = Cyrano.in_folder(home, settings=SETTINGS + WATCH_CLOSELY)
    server = ("--host", "127.0.0.1", "--port", str(dovecot.tls_port), "--ca-file", dovecot.ca_file, "--user", "alice")
    person = ("--address", "ana@example.org", "--owner", "Ana Silva", "--name", "ana")
    cyrano("account", "add", "imap", *server, *person, "--password-stdin", given=PASSWORDS["alice"] + "\n")
    ben = ("--address", "ben@example.org", "--owner", "Ben Keller")
    cyrano("account", "add", "mbox", "--path", DEMO / "mailbox" / "ben.mbox", *ben)
    cyrano("sync")
    for name in ("ana", "ben"):
        cyrano("instructions", DEMO / "playback" / f"{name}.jsonl", "--account", name)
    with cyrano.running("engine"):
        wait_for("The engine", lambda: read_record(home), within_s=180)
        yield World(cyrano=cyrano, dovecot=dovecot, trained=cyrano("train", "--account", "ana"))


def test_the_mailbox_is_cleaned(world: World) -> None:
    """300 sent mails with quoting come in; what is learned from is what Ana typed."""
    mails = [json.loads(line) for line in world.cyrano("export", "--account", "ana", "--all").splitlines()]
    kept = [mail for mail in mails if mail["kept"]]
    assert len(mails) >= 300
    assert len(kept) >= 240
    assert sum(mail["reason"] == "another sender" for mail in mails) >= COLLEAGUES
    assert sum(bool(mail["quoted"]) for mail in kept) >= 100
    assert not [mail for mail in kept if "\n>" in mail["text"] or "wrote:" in mail["text"]]
    assert all(mail["reason"] for mail in mails if not mail["kept"])


def test_the_adapter_learns_its_author_and_not_the_other(world: World) -> None:
    """Held-out loss falls for Ana and not for Ben; the table is printed and kept in the card."""
    scores = world.card.scores
    assert scores["ana"]["this"] < scores["ana"]["base"] * 0.9
    assert scores["ben"]["this"] >= scores["ben"]["base"]
    assert "ana" in world.trained
    assert "ben" in world.trained
    assert world.card.is_approved


def test_a_draft_streams_in_the_owners_voice(world: World) -> None:
    """POST /draft streams what the adapter writes, and says so."""
    with world.cyrano.running("up"):
        wait_for("The adapter", lambda: current_version(world.cyrano.home / "adapters", "ana"), within_s=60)
        body = {
            "instruction": "Tell Tom the invoice is paid and ask him for the receipt by Friday.",
            "to": ["Tom Baker <tom@example.com>"],
            "subject": "Invoice",
        }
        token_file = world.cyrano.home / "run" / "tokens" / "ana"
        token = wait_for("The token", lambda: token_file.read_text() if token_file.exists() else None, within_s=60)
        events = list(stream_draft("127.0.0.1", world.cyrano.http_port, token, body))
    names = [name for name, _ in events]
    assert names[0] == "meta"
    assert names[-1] == "done"
    assert names.count("token") > 5
    done = events[-1][1]
    assert done["adapter"] == "ana@v1"
    assert done["text"] == "".join(data["text"] for name, data in events if name == "token")
    assert "Tom" in done["text"]
    assert "Ana" in done["text"]


def test_a_flagged_mail_gets_one_threaded_draft(world: World) -> None:
    """The draft answers the mail: thread, subject, recipient, quote, flags; and nothing was sent."""
    raw = _incoming()[0]
    asked = email.message_from_bytes(raw)
    with world.cyrano.running("up"):
        message_id = world.deliver(raw)
        wait_for("The draft", lambda: world.drafts_for(message_id), within_s=90)
        time.sleep(SETTLE_S)
        drafts = world.drafts_for(message_id)
    assert len(drafts) == 1
    draft = drafts[0]
    assert message_id in str(draft["References"])
    assert str(draft["Subject"]).startswith("Re: ")
    assert email.utils.parseaddr(draft["To"])[1] == email.utils.parseaddr(asked["From"])[1]
    assert email.utils.parseaddr(draft["From"])[1] == "ana@example.org"
    assert draft["Content-Transfer-Encoding"] == "quoted-printable"
    text = draft.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert "\n> " in text
    with world.dovecot.login("alice") as client:
        client.select_folder("Entwürfe", readonly=True)
        assert {b"\\Draft", b"\\Seen"} <= set(next(iter(client.get_flags(client.search("ALL")).values())))
        assert len(_all(client, "Gesendet")) == len(_sent())


def test_exactly_one_draft_whatever_is_killed(world: World) -> None:
    """SIGKILL at random moments, 20 rounds, the engine in 3: every flagged mail gets exactly one draft."""
    dice = random.Random(SEED)  # noqa: S311  dice, not secrets
    mails = _incoming()[1 : ROUNDS + 1]
    asked = []
    service = world.cyrano.start("up")
    try:
        for number, raw in enumerate(mails):
            asked.append(world.deliver(raw))
            time.sleep(dice.uniform(0, LONGEST_LIFE_S))
            if number in ENGINE_ROUNDS:
                _kill_engine(world.cyrano.home)
            else:
                service.kill()
                service.wait()
                service = world.cyrano.start("up")
        for message_id in asked:
            wait_for(f"The draft for {message_id}", lambda mail=message_id: world.drafts_for(mail), within_s=180)  # type: ignore[misc]
        time.sleep(SETTLE_S)
        counts = {message_id: len(world.drafts_for(message_id)) for message_id in asked}
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(30)
    assert len(counts) == ROUNDS
    assert counts == dict.fromkeys(asked, 1)


def test_the_engine_writes_instructions_where_none_are_given(world: World, tmp_path: Path) -> None:
    """Playback asks the real engine; every mail that is learned from ends with an instruction."""
    mailbox = tmp_path / "some.mbox"
    mails = islice(split(DEMO / "mailbox" / "ben.mbox"), COLLEAGUES)
    mailbox.write_bytes(b"".join(b"From - Tue Oct 07 12:53:00 2025\n" + raw + b"\n\n" for raw in mails))
    some = ("--name", "some", "--address", "ben@example.org", "--owner", "Ben Keller")
    world.cyrano("account", "add", "mbox", "--path", mailbox, *some)
    world.cyrano("sync", "--account", "some")
    said = world.cyrano("train", "--account", "some", "--stop-after", "examples")
    kept = len(world.cyrano("export", "--account", "some").splitlines())
    by_source = {source: int(number) for number, source in re.findall(r"(\d+) (model|extract)\b", said)}
    assert sum(by_source.values()) == kept
    assert by_source["model"] > kept / 4


def _sent() -> list[bytes]:
    """Ana's sent mail, and some that a colleague sent from the same mailbox."""
    return [*split(DEMO / "mailbox" / "ana.mbox"), *islice(split(DEMO / "mailbox" / "ben.mbox"), COLLEAGUES)]


def _incoming() -> list[bytes]:
    return [path.read_bytes() for path in sorted(Path(DEMO / "mailbox" / "incoming").glob("*.eml"))]


def _kill_engine(home: Path) -> None:
    """Kill the model server itself; its keeper, `cyrano engine`, lives on and starts it again."""
    record = wait_for("The engine", lambda: read_record(home), within_s=120)
    os.killpg(record.pid, signal.SIGKILL)
