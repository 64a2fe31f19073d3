"""The whole way with nothing stood in for but Gmail: `cyrano up`, a real vLLM, the built extension, a real browser."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from service.engine.record import read_record
from tests.bench.button import TARGET_MS, Probe, median, presses, row
from tests.e2e.cyrano import DEMO, Cyrano, wait_for
from tests.extension.chromium import Chromium, running_chromium
from tests.extension.gmail_site import GMAIL, GmailSite
from tests.extension.options import fill_in, open_options
from tests.extension.windows import Mail
from tests.parts import require

logger = logging.getLogger(__name__)
pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.timeout(900)]

SETTINGS = (DEMO / "cyrano.toml").read_text(encoding="utf-8").replace("@MODEL@", str(DEMO / "model"))
INSTRUCTION = "Tell Tom the invoice is paid and ask him for the receipt by Friday."


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A service that runs with a real model, and a browser paired with it."""

    cyrano: Cyrano
    mail: Mail


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
        yield World(cyrano=cyrano, mail=Mail(browser))


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
    """The model's own words stream into the panel and go into the mail; Gmail saves them, the ledger knows."""
    window = world.mail.open(typed=INSTRUCTION, signature="1")
    window.ask()
    window.reach("ready", within_s=120)
    world.mail.shoot("real-engine")
    drafted = window("#text").inner_text().strip()
    assert len(drafted) > 20
    window.insert()
    assert window.text().split()[:5] == drafted.split()[:5]
    assert "Ana Ivers" in window.text()
    wait_for("The saved draft", lambda: drafted.split()[0] in window.saved().get("text", ""), within_s=5)
    used = "cyrano token list", world.cyrano("token", "list")
    assert "chrome-extension://" in used[1] or "hrom" in used[1]


def test_the_button_adds_little(world: World) -> None:
    """Browser and extension add little to the service's own first token: the median of 20 presses, printed.

    The target is 50 ms on a machine that does nothing else (tests/bench/button.py); here others test too.
    """
    cyrano = world.cyrano
    ledger = create_engine(f"sqlite:///file:{cyrano.home / 'cyrano.db'}?mode=ro&uri=true")
    token = (cyrano.home / "run" / "tokens" / "ana").read_text(encoding="ascii")
    measured = presses(world.mail, Probe(port=cyrano.http_port, token=token, ledger=ledger))
    logger.warning("service's clock, bare client, seen, added, over bare: %s", row("ms with a real model", measured))
    assert median(each.over_bare for each in measured) <= 2 * TARGET_MS
