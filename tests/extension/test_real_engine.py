"""The whole way with nothing stood in for but Gmail: `cyrano up`, a real vLLM, the built extension, a real browser."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from service.engine.record import read_record
from service.feedback import FeedbackKind
from service.ledger import Ledger
from tests.bench.button import BUSY_MS, ROUNDS, Probe, load, median, presses, row, table
from tests.e2e.cyrano import DEMO, DEMO_SETTINGS, Cyrano, wait_for
from tests.extension.chromium import Chromium, running_chromium
from tests.extension.gmail_site import GMAIL, GmailSite
from tests.extension.options import fill_in, open_options
from tests.extension.windows import Mail
from tests.parts import require
from tests.service.given import kinds_of

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.timeout(900)]

SETTINGS = DEMO_SETTINGS.replace("[engine]\n", "[engine]\nthreads = 1\n")  # a processor core is left for the browser
INSTRUCTION = "Tell Tom the invoice is paid and ask him for the receipt by Friday."
LETTERS = 20
"""A draft has more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A service that runs with a real model, and a browser paired with it."""

    cyrano: Cyrano
    mail: Mail
    engine: Engine
    """The service's database, to be read only."""


@pytest.fixture(scope="module")
def world(built: Path, site: GmailSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Ana's mail is read, `cyrano up` runs, and `cyrano pair` shows the code that is typed into the options."""
    require("The demo model", is_there=(DEMO / "model" / "config.json").exists(), install="git checkout deploy/demo")
    cyrano = Cyrano.in_folder(tmp_path_factory.mktemp("real") / "home", settings=SETTINGS)
    who = ("--address", "ana@example.org", "--owner", "Ana Silva", "--name", "ana")
    cyrano("account", "add", "mbox", "--path", DEMO / "mailbox" / "ana.mbox", *who)
    cyrano("sync")
    profile = tmp_path_factory.mktemp("profile")
    with cyrano.running("up"), running_chromium(built / "test-chrome", {GMAIL: site.port}, profile) as browser:
        wait_for("The engine", lambda: read_record(cyrano.home), within_s=180)
        pair_by_command(cyrano, browser)
        engine = create_engine(f"sqlite:///file:{cyrano.home / 'cyrano.db'}?mode=ro&uri=true")
        yield World(cyrano=cyrano, mail=Mail(browser), engine=engine)


def pair_by_command(cyrano: Cyrano, browser: Chromium) -> None:
    """Run `cyrano pair`, type what it shows, and see that it ends by itself."""
    with cyrano.running("pair") as command:
        log = cyrano.home / "pair.log"
        code = wait_for("The code", lambda: re.search(r"(?m)^\s*(\d{3}) (\d{3})\s*$", log.read_text()), within_s=60)
        page = open_options(browser)
        fill_in(page, f"http://127.0.0.1:{cyrano.http_port}", code[1] + code[2])
        page.get_by_text("Ana Silva").first.wait_for()
        page.close()
        assert command.wait(10) == 0
        assert "Paired" in log.read_text()


def test_a_typed_line_becomes_a_draft_by_a_real_model(world: World) -> None:
    """The model's own words stream into the panel, are changed as told, and go into the mail; the ledger knows."""
    window = world.mail.open(typed=INSTRUCTION, signature="1")
    window.ask()
    window.reach("ready", within_s=60)
    world.mail.shoot("real-engine")
    assert len(window("#text").inner_text().strip()) > LETTERS
    window("#refine").fill("Write it shorter.")
    window("#refine").press("Enter")
    window.reach("writing")
    window.reach("ready", within_s=60)
    drafted = window("#text").inner_text().strip()
    assert len(drafted) > LETTERS
    window.insert()
    assert window.text().split()[:5] == drafted.split()[:5]
    assert "Ana Ivers" in window.text()
    wait_for("The saved draft", lambda: drafted.split()[0] in window.saved().get("text", ""), within_s=5)
    kinds = wait_for("The feedback", lambda: told(world.engine, 2), within_s=10)
    assert kinds == [[FeedbackKind.INSERTED], [FeedbackKind.REFINED]]
    newest, older = Ledger(world.engine).recent("ana", 2)
    assert newest.replaces == older.draft_id


def test_an_answer_is_drafted_from_the_thread(world: World) -> None:
    """Nothing is typed: the thread alone is what the model answers, and what stands below it is as it was."""
    window = world.mail.open("reply", signature="1", quote="1")
    before = window.text()
    window.button.click()
    window("#write").click()
    window.reach("ready", within_s=60)
    drafted = window("#text").inner_text().strip()
    assert len(drafted) > LETTERS
    window.insert()
    assert window.text().split()[:5] == drafted.split()[:5]
    assert window.text().rstrip().endswith(before.strip())
    (asked,) = Ledger(world.engine).recent("ana", 1)
    assert asked.subject == "Re: The garden fence"
    assert asked.recipients == ("tom@example.com",)


def test_the_button_adds_little(world: World, show: Callable[[str], None]) -> None:
    """The median of 20 presses, printed. The model writes on the same cores that are to draw its words.

    So this never counts as a quiet machine, as it may with a stand-in (`test_latency.py`).
    """
    load_before = load()
    token = (world.cyrano.home / "run" / "tokens" / "ana").read_text(encoding="ascii")
    measured = presses(world.mail, Probe(port=world.cyrano.http_port, token=token, ledger=world.engine))
    rows = row(f"{ROUNDS} presses, a real model writes", measured)
    show(table(load_before, rows, limit=BUSY_MS))
    assert median(each.added for each in measured) <= BUSY_MS


def told(engine: Engine, count: int) -> list[list[FeedbackKind]] | None:
    """Return what the ledger was told of Ana's newest drafts, once it was told of each."""
    kinds = [kinds_of(engine, "ana", row.draft_id) for row in Ledger(engine).recent("ana", count)]
    return kinds if all(kinds) else None
