"""The web application and its console page."""

import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.health import Part
from service.http import HttpSettings, listen
from service.ledger import Written
from service.web import create_app
from tests.parts import require
from tests.service.stand_ins import House, make_database
from tests.service.test_http import free_port

BASE = "http://127.0.0.1:8380"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A drafter with its stand-ins."""
    return House(engine=make_database(tmp_path))


@pytest.fixture
def client(house: House) -> FlaskClient:
    """A client of the service."""
    return create_app(house.parts(), HttpSettings()).test_client()


def files_of_console(client: FlaskClient) -> dict[str, str]:
    """The page, and every file that it or one of its files names."""
    found: dict[str, str] = {}
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        response = client.get(path, base_url=BASE)
        assert response.status_code == 200, path
        found[path] = response.text
        named = re.findall(r'(?:href|src)="(/[^"]*)"', response.text)
        named += [f"/static/{name}" for name in re.findall(r'from "\./([^"]+)"', response.text)]
        waiting += [name for name in named if name not in found]
    return found


def test_console_is_whole_and_asks_nobody_else(client: FlaskClient) -> None:
    """Law 2: every file the page needs is ours and there, and none names another host."""
    found = files_of_console(client)
    assert {"/", "/static/console.css", "/static/console.js", "/static/api.js", "/static/letter.js"} <= set(found)
    for path, text in found.items():
        assert not re.search(r"""(?:url\(|src=|href=|fetch\(|import|@import)\s*["'(]?\s*(?:https?:)?//""", text), path


def test_console_keeps_within_its_policy(client: FlaskClient) -> None:
    """No script, style or handler stands in the page, and no script writes HTML: mail cannot become markup."""
    found = files_of_console(client)
    page = found["/"]
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page) == [""]
    for path, text in found.items():
        if path.endswith(".js"):
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|Function\(", text), (
                path
            )


def test_console_knows_its_own_page(client: FlaskClient) -> None:
    """Every element a script asks for stands in the page, and every field has a label."""
    found = files_of_console(client)
    ids = re.findall(r'\sid="([^"]+)"', found["/"])
    assert len(ids) == len(set(ids))
    scripts = "".join(text for path, text in found.items() if path.endswith(".js"))
    assert set(re.findall(r'\$\("([^"]+)"\)', scripts)) <= set(ids)
    fields = set(re.findall(r'<(?:input|textarea|select) id="([^"]+)"', found["/"]))
    assert fields == set(re.findall(r'<label[^>]* for="([^"]+)"', found["/"]))


@pytest.mark.parametrize("path", ["/", "/static/console.js", "/draft", "/openapi.json", "/nothing"])
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
