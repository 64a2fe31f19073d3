"""The living adapter with no fake: mail that is sent becomes a better adapter by itself, whoever is killed on the way.

CI kills a few times; REFRESH_KILLS=30 kills as often as the law was shown with.
"""

import json
import os
import random
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from imapclient import SEEN
from sqlalchemy import create_engine, select

from connectors import schema
from connectors.adapter import current_version, list_cards
from connectors.errors import CyranoError
from connectors.evaluation import read_evaluation
from connectors.llm import ModelServer
from connectors.mbox import split
from service.client import is_up, stream_draft
from service.engine.record import read_record
from service.refresh.lease import TRAINING
from service.refresh.runs import Runs, RunState
from service.training import RESULT
from tests.dovecot import PASSWORDS, Dovecot
from tests.e2e.cyrano import DEMO, SHORT_SETTINGS, Cyrano, wait_for

if TYPE_CHECKING:
    import subprocess

pytestmark = [pytest.mark.server, pytest.mark.timeout(7200)]

KILLS = int(os.environ.get("REFRESH_KILLS", "3"))
SEED = 20261121
BEFORE, NEW = 100, 12
"""Mails that are there at first, and those that are sent then."""
A_FEW = 3
"""New mails that make a run due."""
REFRESH_WITHIN_S = 300
STAGES = {"sync", "playback", "examples", "train", "evaluate", "publish", "flip"}
UNDER_WAY = {RunState.ASKED, RunState.RUNNING}

# What is shown here is the way: a gate with wide margins lets no chance decide it. The gate has tests of its own.
RESTLESS = f"""
window = 120

[sync]
every_minutes = 1

[watch]
trigger = "off"

[gate]
draft_tokens = 96
margin = 0.3
length_margin = 1.0
style_margin = 0.5

[refresh]
hours = ""
new_mails = {A_FEW}
look_every_minutes = 0.05
"""


@dataclass(slots=True, kw_only=True)
class World:
    """Ana's mailbox on a real server, Cyrano running with a first adapter, and the mails she will send."""

    cyrano: Cyrano
    dovecot: Dovecot
    unsent: list[bytes]
    """Oldest first."""
    service: "subprocess.Popen[bytes]"

    @property
    def adapters(self) -> Path:
        """Where adapters lie."""
        return self.cyrano.home / "adapters"

    def send(self, count: int) -> None:
        """Let Ana send mails with another program: they come to lie in her folder of sent mail."""
        with self.dovecot.login("alice") as client:
            for _ in range(count):
                client.append("Gesendet", self.unsent.pop(0), flags=[SEEN])

    def ask(self) -> None:
        """Ask for a run, as `cyrano train --now` and the console do."""
        engine = create_engine(f"sqlite:///{self.cyrano.home / 'cyrano.db'}")
        Runs(engine).ask("ana")
        engine.dispose()

    def runs(self) -> list[Mapping[str, Any]]:
        """Return the runs by the clock, oldest first."""
        return self._rows(schema.run, schema.run.c.asked_at)

    def leases(self) -> list[Mapping[str, Any]]:
        """Return who may train."""
        return [row for row in self._rows(schema.lease, schema.lease.c.name) if row["name"] == TRAINING]

    def _rows(self, table: Any, order: Any) -> list[Mapping[str, Any]]:
        engine = create_engine(f"sqlite:///{self.cyrano.home / 'cyrano.db'}")
        try:
            with engine.connect() as connection:
                return [dict(row) for row in connection.execute(select(table).order_by(order)).mappings()]
        finally:
            engine.dispose()

    def wait_for_run(self, *, after: int, ended: bool) -> Mapping[str, Any]:
        """Wait for a run beyond the first so many to begin, or to end well or badly, but not broken off."""

        def look() -> Mapping[str, Any] | None:
            unwanted = {RunState.ASKED, RunState.SKIPPED}
            if ended:
                unwanted |= {RunState.RUNNING, RunState.INTERRUPTED, RunState.FAILED}
            return next((run for run in self.runs()[after:] if run["state"] not in unwanted), None)

        return wait_for("The run", look, within_s=REFRESH_WITHIN_S)

    def draft(self) -> Mapping[str, Any]:
        """Ask for a draft over HTTP, and return its end."""
        token = (self.cyrano.home / "run" / "tokens" / "ana").read_text(encoding="ascii")
        body = {"instruction": "Tell Tom the invoice is paid.", "to": ["tom@example.com"], "subject": "Invoice"}
        name, data = list(stream_draft("127.0.0.1", self.cyrano.http_port, token, body))[-1]
        assert name == "done"
        return data

    def wait_until_up(self) -> None:
        """Wait until drafts can be had."""
        wait_for("The service", lambda: is_up("127.0.0.1", self.cyrano.http_port) or None, within_s=180)
        wait_for("The engine", self.engine_models, within_s=180)

    def engine_models(self) -> list[str] | None:
        """Return what the engine has, or None while it does not answer."""
        server = ModelServer(f"http://127.0.0.1:{self.cyrano.engine_port}/v1")
        try:
            return server.models() if server.is_ready() else None
        finally:
            server.close()

    def trainers(self) -> list[psutil.Process]:
        """Return the processes that train for this home."""
        commands = ((process, process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"]))
        home = str(self.cyrano.home)
        return [process for process, command in commands if "trainer" in command and home in " ".join(command)]


@pytest.fixture(scope="module")
def world(dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Everything up to a service that drafts with a first adapter."""
    mails = [raw for raw in split(DEMO / "mailbox" / "ana.mbox") if _id_of(raw) in _instructions()]
    dovecot.forget("alice")
    with dovecot.login("alice") as client:
        for raw in mails[:BEFORE]:
            client.append("Gesendet", raw, flags=[SEEN])
    home = tmp_path_factory.mktemp("refresh") / "home"
    cyrano = Cyrano.in_folder(home, settings=SHORT_SETTINGS + RESTLESS)
    server = ("--host", "127.0.0.1", "--port", str(dovecot.tls_port), "--ca-file", dovecot.ca_file, "--user", "alice")
    person = ("--address", "ana@example.org", "--owner", "Ana Silva", "--name", "ana")
    cyrano("account", "add", "imap", *server, *person, "--password-stdin", given=PASSWORDS["alice"] + "\n")
    cyrano("sync")
    cyrano("instructions", _given(mails[:BEFORE], home), "--account", "ana")
    cyrano("train", "--account", "ana")
    world = World(cyrano=cyrano, dovecot=dovecot, unsent=mails[BEFORE:], service=cyrano.start("up"))
    try:
        world.wait_until_up()
        wait_for("The first adapter", lambda: current_version(world.adapters, "ana"), within_s=60)
        yield world
    finally:
        world.service.send_signal(signal.SIGTERM)
        world.service.wait(60)


def test_sent_mail_becomes_the_adapter_that_writes(world: World) -> None:
    """New mail in the mailbox, and by itself it is synced, played back, learned, judged, published and in service."""
    assert world.draft()["adapter"] == "ana@v1"
    world.send(NEW)
    run = world.wait_for_run(after=0, ended=True)
    assert (run["state"], run["adapter"]) == (RunState.LIVE, "ana@v2"), run["reason"]
    assert set(run["seconds"]) >= STAGES
    assert run["trigger"] == "schedule"
    assert str(NEW) in run["why"]
    card = next(card for card in list_cards(world.adapters, "ana") if card.version == 2)
    assert (card.parent, card.config["run"]) == ("ana@v1", run["run_id"])
    evaluation = read_evaluation(world.adapters / "ana" / "v2")
    assert evaluation is not None
    assert (evaluation.incumbent, evaluation.is_approved) == ("ana@v1", True)
    assert world.draft()["adapter"] == "ana@v2"
    models = wait_for("The old one to go", lambda: _without(world.engine_models(), "ana@v1"), within_s=60)
    assert "ana@v2" in models


def test_whoever_is_killed_the_one_in_service_writes_and_the_next_run_completes(world: World) -> None:
    """SIGKILL of trainer, engine or service anywhere in a refresh: drafts go on, nothing is left over."""
    dice = random.Random(SEED)  # noqa: S311  dice, not secrets
    usual_s = sum(world.runs()[-1]["seconds"].values())
    fates = []
    for number in range(KILLS):
        before = len(world.runs())
        world.send(A_FEW)
        world.ask()
        world.wait_for_run(after=before, ended=False)
        time.sleep(dice.uniform(0, usual_s))
        victim = ("trainer", "engine", "service")[number % 3]
        stage = world.runs()[-1]["stage"]
        _kill(world, victim)
        world.wait_until_up()
        newest = max(card.version for card in list_cards(world.adapters, "ana") if card.is_approved)
        name = wait_for("A draft", lambda: _adapter_of(world), within_s=60)
        assert name in {f"ana@v{current_version(world.adapters, 'ana')}", f"ana@v{newest}"}
        run = world.wait_for_run(after=before, ended=True)
        fates.append((victim, stage, run["state"]))
        _check_nothing_is_left(world)
    print(*fates, sep="\n")  # noqa: T201  what was shown, for whoever reads the log
    assert all(state in {RunState.LIVE, RunState.REJECTED} for *_, state in fates)


def _instructions() -> dict[str, str]:
    """Return the lines with instructions by Message-ID: mail that is learned from has one."""
    lines = (DEMO / "playback" / "ana.jsonl").read_text(encoding="utf-8").splitlines()
    return {json.loads(line)["message_id"]: line for line in lines}


def _given(mails: list[bytes], home: Path) -> Path:
    """Return instructions for the first mails alone: those of later ones the engine has to write."""
    known = _instructions()
    file = home / "given.jsonl"
    file.write_text("\n".join(known[_id_of(raw)] for raw in mails), encoding="utf-8")
    return file


def _id_of(raw: bytes) -> str:
    return str(message_from_bytes(raw)["Message-ID"]).strip("<>")


def _adapter_of(world: World) -> str | None:
    try:
        return str(world.draft()["adapter"]) or None
    except (CyranoError, AssertionError):
        return None


def _kill(world: World, victim: str) -> None:
    """Kill a process of the refresh; the service is started again, as its manager would."""
    if victim == "service":
        world.service.kill()
        world.service.wait()
        wait_for("The end of the trainers", lambda: not world.trainers() or None, within_s=30)
        world.service = world.cyrano.start("up")
    elif victim == "engine":
        record = read_record(world.cyrano.home)
        if record is not None:
            os.killpg(record.pid, signal.SIGKILL)
    else:
        for process in world.trainers():
            process.kill()


def _check_nothing_is_left(world: World) -> None:
    wait_for(
        "The lease to be given back", lambda: not any(row["holder"] for row in world.leases()) or None, within_s=60
    )
    assert not world.trainers()
    assert not list(world.adapters.glob("*/.*"))
    unfinished = [folder for folder in (world.cyrano.home / "runs").iterdir() if not (folder / RESULT).exists()]
    assert not unfinished
    assert not [run for run in world.runs() if run["state"] in UNDER_WAY]


def _without(models: list[str] | None, name: str) -> list[str] | None:
    return models if models and name not in models else None
