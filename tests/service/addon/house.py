"""The add-on joined from real parts, with stand-ins for the model, Gmail and Google's keys."""

import base64
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import httpx2
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from connectors.account import AccountRecord
from service.access.limits import Pace
from service.addon.certificates import Certificates
from service.addon.jobs import Jobs
from service.addon.mail import MESSAGE_TOKEN, MailReader
from service.addon.parts import AddonParts
from service.addon.replays import Replays
from service.addon.settings import AddonSettings
from service.addon.tokens import Tokens
from service.feedback import Feedback
from service.http import HttpSettings
from service.web import create_app
from tests.service.addon.google import CLIENT_ID, SERVICE_ACCOUNT, URL, Gmail, KeyServer, sign, system_claims
from tests.service.addon.schema import check_schema
from tests.service.stand_ins import House, account

Json = dict[str, Any]

MAIL = b"""From: Marta Kling <marta@example.org>
To: Ana Lopez <ana@example.org>
Subject: Lunch
Message-ID: <m1@example.org>
Date: Fri, 20 Nov 2026 10:00:00 +0000
Content-Type: text/plain; charset=utf-8

Hi Ana,

are you free for lunch on Tuesday?

Marta
"""


@dataclass
class GmailServer:
    """Gmail's interface: hands out mails to whoever shows both tokens."""

    mails: dict[str, bytes] = field(default_factory=lambda: {"m1": MAIL})
    refusal: tuple[int, bytes] | None = None
    asked: list[httpx2.Request] = field(default_factory=list)
    gate: threading.Event | None = None
    token: str = "ya29.user"
    """What it lets in."""

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one request."""
        self.asked.append(request)
        if self.gate:
            self.gate.wait(10)
        if self.refusal:
            return httpx2.Response(self.refusal[0], content=self.refusal[1])
        if request.headers.get("authorization") != f"Bearer {self.token}" or not request.headers.get(MESSAGE_TOKEN):
            return httpx2.Response(401, json={"error": {"code": 401, "status": "UNAUTHENTICATED"}})
        raw = self.mails.get(request.url.path.rsplit("/", 1)[1])
        if raw is None:
            return httpx2.Response(404, json={"error": {"code": 404}})
        return httpx2.Response(200, json={"raw": base64.urlsafe_b64encode(raw).decode().rstrip("=")})


@dataclass
class AddonHouse:
    """The add-on in a house; change the fields before the first request."""

    house: House
    settings: AddonSettings = field(
        default_factory=lambda: AddonSettings(
            enabled=True, url=URL, service_account=SERVICE_ACCOUNT, client_id=CLIENT_ID, answer_within_s=25
        )
    )
    keys: KeyServer = field(default_factory=KeyServer)
    gmail_server: GmailServer = field(default_factory=GmailServer)
    http: HttpSettings = field(default_factory=HttpSettings)
    clock: Callable[[], float] = time.monotonic
    jobs_clock: Callable[[], float] = time.monotonic
    accounts: Callable[[], Sequence[AccountRecord]] = lambda: [account("ana"), account("bob")]

    def restarted(self) -> "AddonHouse":
        """The same house after a restart, or as another process of it: what is not in the database is gone."""
        return replace(self)

    @cached_property
    def parts(self) -> AddonParts:
        """The parts behind /addon/*."""
        return AddonParts(
            settings=self.settings,
            tokens=Tokens(self.settings, Certificates(fetch=self.keys)),
            jobs=Jobs(at_once=self.http.drafts_at_once, keep_s=3600, clock=self.jobs_clock),
            pace=Pace(30, 60, what="drafts", hint="Wait a little."),
            drafter=self.house.drafter(),
            accounts=self.accounts,
            adapter=lambda _: "ana@v1",
            notices=lambda _: self.house.notices,
            has_draft=self.has_draft,
            feedback=Feedback(self.house.engine),
            replays=Replays(self.house.engine),
            clock=self.clock,
            reader=MailReader(transport=httpx2.MockTransport(self.gmail_server)),
        )

    def has_draft(self, name: str, draft_id: str) -> bool:
        """Whether the ledger still has a draft of an account's."""
        return any(row.draft_id == draft_id for row in self.house.ledger.recent(name, 100))

    @cached_property
    def client(self) -> FlaskClient:
        """A client of the whole web application."""
        return create_app(replace(self.house.parts(), addon=self.parts), self.http).test_client()

    def post(self, path: str, event: object, *, bearer: str | None = None, **more: Any) -> TestResponse:
        """Post an event as Google does; `bearer` stands for the header's token."""
        token = sign(system_claims(path)) if bearer is None else bearer
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data = event if isinstance(event, bytes) else json.dumps(event)
        given = {"base_url": URL, "headers": headers, "data": data, "content_type": "application/json", **more}
        return self.client.post(f"/addon/{path}", buffered=True, **given)

    def ask(self, path: str, gmail: Gmail | None = None, **given: Any) -> Json:
        """Ask for a person, and hold request and answer against the schemas."""
        event = (gmail or Gmail()).event(path, **given)
        check_schema(event, "event")
        response = self.post(path, event)
        assert response.status_code == 200, response.text
        answer: Json = response.get_json()
        check_schema(answer, "answer")
        return answer
