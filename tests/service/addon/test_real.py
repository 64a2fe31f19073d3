"""The add-on as it really runs: joined by the application, on the real server, over sockets."""

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from service.access.audit import Audit
from service.addon.certificates import Certificates, fetch
from service.app import App
from service.config import Settings
from service.http import HttpSettings, listen
from service.web import create_app
from service.web.joining import join_parts
from tests.ports import free_port
from tests.service.addon.google import CLIENT_ID, SERVICE_ACCOUNT, URL, Gmail, sign, system_claims
from tests.service.addon.house import AddonHouse
from tests.service.addon.pressing import OPEN_MAIL, press
from tests.service.addon.reading import buttons, text, title
from tests.service.stand_ins import account

SECTION = {"enabled": True, "url": URL, "service_account": SERVICE_ACCOUNT, "client_id": CLIENT_ID}


@pytest.fixture
def port(house: AddonHouse) -> Iterator[int]:
    """The service on a real socket, with little patience."""
    house.settings = house.settings.model_copy(update={"answer_within_s": 0.3})
    settings = HttpSettings(port=free_port(), threads=4)
    server = listen(create_app(replace(house.house.parts(), addon=house.parts), settings), settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield settings.port
    server.close()
    thread.join(5)


def tunnel(port: int, path: str, event: object, *, host: str = "cyrano.example.org") -> tuple[int, Any]:
    """Ask as a tunnel does: plain HTTP on loopback, with the public name in the Host header."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        headers = {
            "Host": host,
            "Authorization": f"Bearer {sign(system_claims(path))}",
            "Content-Type": "application/json; charset=UTF-8",
            "X-Forwarded-For": "66.102.0.1",
        }
        connection.request("POST", f"/addon/{path}", json.dumps(event), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def test_whole_way_through_a_tunnel(port: int, house: AddonHouse) -> None:
    """Over real sockets: a slow draft is asked for, waited for, and put into the compose window."""
    house.house.model_server.gate = threading.Semaphore(0)
    _, form = tunnel(port, "compose", Gmail().event("compose"))
    button = buttons(form)["Write"]
    event = Gmail().event("write", parameters=button["parameters"], inputs={"instruction": "say yes"})
    status, answer = tunnel(port, "write", event)
    assert (status, title(answer)) == (200, "Still writing")
    house.house.model_server.gate.release(10)
    while title(answer) == "Still writing":
        event = Gmail().event("refresh", parameters=buttons(answer)["Refresh"]["parameters"])
        status, answer = tunnel(port, "refresh", event)
    assert "see you soon" in text(answer)
    event = Gmail().event("insert", parameters=buttons(answer)["Insert"]["parameters"])
    status, inserted = tunnel(port, "insert", event)
    assert "<p>Hi Marta,</p><p>see you soon.</p><p>Ana</p>" in json.dumps(inserted)


def test_two_names_two_doors_on_the_wire(port: int) -> None:
    """What the Host header says is what decides, on the real server too."""
    assert tunnel(port, "home", Gmail().event("home"), host=f"127.0.0.1:{port}")[0] == 421
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", "/", headers={"Host": "cyrano.example.org"})
        assert connection.getresponse().status == 421


def test_application_joins_it_where_it_is_switched_on(tmp_path: Path) -> None:
    """From cyrano.toml to a door: switched on it asks for Google's tokens, switched off there is none."""
    for section, status in ((SECTION, 401), ({}, 421)):
        settings = Settings.model_validate({"addon": section, "engine": {"model": "tiny"}})
        with closing(App(tmp_path / str(status), settings)) as app:
            client = create_app(join_parts(app), settings.http).test_client()
            assert client.post("/addon/home", base_url=URL, json={}).status_code == status


def test_application_knows_which_drafts_there_still_are(tmp_path: Path) -> None:
    """A draft is there as long as the ledger has it, for its own account."""
    settings = Settings.model_validate({"addon": SECTION, "engine": {"model": "tiny"}})
    with closing(App(tmp_path, settings)) as app:
        app.archive.add_account(account("ana"))
        addon = join_parts(app).addon
        assert addon
        draft_id = app.ledger.begin("ana")
        assert addon.has_draft("ana", draft_id)
        assert not addon.has_draft("bob", draft_id)
        app.archive.remove_account("ana")
        assert not addon.has_draft("ana", draft_id)


def test_keys_are_fetched_over_http() -> None:
    """The real fetcher reads status, body and how long they are good."""

    class Google(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Cache-Control", "public, max-age=600")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Google) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        now = [0.0]
        certificates = Certificates(fetch=fetch, clock=lambda: now[0])
        where = f"http://127.0.0.1:{server.server_address[1]}/certs"
        assert certificates(where).data == b"{}"
        server.shutdown()
    now[0] = 599
    assert certificates(where).status == 200


def test_uses_are_written_down(house: AddonHouse) -> None:
    """The audit tells an owner what the add-on did, under a name of its own, and that strangers were refused."""
    house.ask("home")
    house.post("home", Gmail(user_token="x").event("home"))
    found = {(each.use.account, each.use.label, each.use.action) for each in Audit(house.house.engine).read()}
    assert ("ana", "Workspace add-on", "POST /addon/home") in found
    assert ("", "", "POST /addon/home") in found


def test_log_holds_no_words_addresses_or_tokens(house: AddonHouse, caplog: pytest.LogCaptureFixture) -> None:
    """Ids and times are told; mail, people and secrets are not, whatever goes wrong."""
    caplog.set_level(logging.DEBUG)
    event = Gmail(gmail=OPEN_MAIL).event("message")
    house.post("message", event)
    press(house, house.ask("message", gmail=Gmail(gmail=OPEN_MAIL)), "Write", Gmail(gmail=OPEN_MAIL))
    house.gmail_server.refusal = (500, b"ana@example.org said lunch")
    press(house, house.ask("message", gmail=Gmail(gmail=OPEN_MAIL)), "Write", Gmail(gmail=OPEN_MAIL))
    house.post("home", Gmail(email="eve@example.org").event("home"))
    house.post("home", Gmail(user_token="a.b.c").event("home"))
    said = caplog.text
    tokens = event["authorizationEventObject"]
    for secret in ("example.org", "lunch", "Tuesday", "Marta", "ya29", "message-token", tokens["systemIdToken"][:40]):
        assert secret not in said
    assert "add-on: write answered in" in said
