"""The web application and its console's pages."""

import hashlib
import json
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.draft_row import Written
from service.health import Part
from service.http import HttpSettings, listen
from service.web import create_app
from tests.parts import require
from tests.ports import free_port
from tests.service.stand_ins import House, make_database

BASE = "http://127.0.0.1:8380"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A drafter with its stand-ins."""
    return House(engine=make_database(tmp_path))


PAGES = ("/", "/adapters", "/mail", "/usefulness", "/browsers")
HTMX = "/static/vendor/htmx.min.js"


def files_of(client: FlaskClient, *pages: str) -> dict[str, str]:
    """Some pages, and every file that they or one of their files name."""
    found: dict[str, str] = {}
    waiting = [*pages]
    while waiting:
        path = waiting.pop()
        response = client.get(path, base_url=BASE)
        assert response.status_code == 200, path
        found[path] = response.text
        named = re.findall(r'(?:href|src)="(/static/[^"]*)"', response.text)
        named += [f"/static/{name}" for name in re.findall(r'from "\./([^"]+)"', response.text)]
        waiting += [name for name in named if name not in found]
    return found


def test_console_is_whole_and_asks_nobody_else(client: FlaskClient) -> None:
    """Law 2: every file the pages need is ours and there, and none names another host."""
    found = files_of(client, *PAGES)
    named = {"console.css", "pages.css", "console.js", "pages.js", "gate.js", "api.js", "letter.js"}
    assert {*PAGES, HTMX, *(f"/static/{name}" for name in named)} <= set(found)
    for path, text in found.items():
        assert not re.search(r"""(?:url\(|src=|href=|fetch\(|import|@import)\s*["'(]?\s*(?:https?:)?//""", text), path


def test_console_keeps_within_its_policy(client: FlaskClient) -> None:
    """No script, style or handler stands in a page, and no script of ours writes HTML: mail cannot become markup."""
    for path, text in files_of(client, *PAGES).items():
        if path in PAGES:
            assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text), path
            assert set(re.findall(r"<script[^>]*>([^<]*)</script>", text)) == {""}, path
        elif path.endswith(".js") and path != HTMX:
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|Function\(", text), (
                path
            )


@pytest.mark.parametrize("page", PAGES)
def test_console_knows_its_own_page(client: FlaskClient, page: str) -> None:
    """Every element a page's scripts ask for stands in it, and every field has a label."""
    found = files_of(client, page)
    ids = re.findall(r'\sid="([^"]+)"', found[page])
    assert len(ids) == len(set(ids))
    scripts = "".join(text for path, text in found.items() if path.endswith(".js") and path != HTMX)
    assert set(re.findall(r'\$\("([^"]+)"\)', scripts)) <= set(ids)
    fields = set(re.findall(r'<(?:input|textarea|select) id="([^"]+)"', found[page]))
    assert fields == set(re.findall(r'<label[^>]* for="([^"]+)"', found[page]))


def test_pages_lead_to_each_other(client: FlaskClient) -> None:
    """Every page names all of them, and says which it is."""
    for page in PAGES:
        text = client.get(page, base_url=BASE).text
        assert re.findall(r'<li><a href="([^"]+)"', text) == list(PAGES)
        assert re.findall(r'<a href="([^"]+)" aria-current="page">', text) == [page]


def test_htmx_is_what_its_note_says_and_may_do_little(client: FlaskClient) -> None:
    """The file is the published one, names no host, and is told to evaluate nothing and to keep no page."""
    script = client.get(HTMX, base_url=BASE)
    folder = Path(str(client.application.static_folder)) / "vendor"
    note = (folder / "README.md").read_text(encoding="utf-8")
    assert hashlib.sha256(script.data).hexdigest() in note
    assert f'version:"{re.search(r"htmx ([0-9.]+) ", note)[1]}"' in script.text  # type: ignore[index]  # it is there
    assert "Zero-Clause BSD" in (folder / "htmx.LICENSE").read_text(encoding="utf-8")
    assert "://" not in script.text
    for page in PAGES[1:]:
        told = re.search(r"""<meta name="htmx-config" content='([^']+)'>""", client.get(page, base_url=BASE).text)
        assert told
        config = json.loads(told[1])
        assert config["selfRequestsOnly"] is True
        for name in ("allowEval", "allowScriptTags", "includeIndicatorStyles", "historyEnabled"):
            assert config[name] is False


@pytest.mark.parametrize(
    "path", ["/", "/adapters", "/static/console.js", "/console/adapters", "/draft", "/openapi.json", "/nothing"]
)
def test_every_answer_is_guarded(client: FlaskClient, path: str) -> None:
    """Pages, files and errors alike carry the headers that keep a browser from mistakes."""
    headers = client.get(path, base_url=BASE).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_nothing_outside_the_static_folder_is_served(client: FlaskClient) -> None:
    """A path cannot climb out."""
    for path in ("/static/../__init__.py", "/static/%2e%2e/__init__.py", "/static/..%2f..%2fauth.py"):
        assert client.get(path, base_url=BASE).status_code == 404


@pytest.mark.browser
def test_link_with_token_lets_in(house: House, tmp_path: Path) -> None:
    """In a real browser the link lets in: the desk is shown with its account and its mailbox, and the gate is not."""
    house.health.note("ana", Part.WATCH, "refused", waiting=2, error="The consent has ended.", hint="Sign in again.")
    house.ledger.finish(house.ledger.begin("ana"), Written(text="Thank you, Ben.", adapter="ana@v1"))
    chromium = shutil.which("chromium")
    require("Chromium", is_there=chromium is not None, install="apt-get install chromium")
    settings = HttpSettings(port=free_port())
    server = listen(create_app(house.parts(), settings), settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    link = f"{settings.url}/#token={house.tokens.create('ana', 'console')}"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    flags += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=3000", "--dump-dom"]
    page = subprocess.run([str(chromium), *flags, link], capture_output=True, text=True, timeout=60, check=True).stdout
    server.close()
    thread.join(5)
    assert "Ana Lopez &lt;ana@example.org&gt;" in page
    for said in ("Drafts for mail that comes in", "2 waiting for a draft", "The consent has ended.", "Sign in again."):
        assert said in page
    assert re.search(r'<div class="desk" id="desk">', page)
    assert re.search(r'<form class="gate" id="gate" hidden', page)
