"""A Gmail to test against: `emulate` behind a proxy that tells the truth, checks every request, and fails on order.

Every request must be one that Google's discovery document allows. One that is not is refused and remembered, and the
test that made it fails. So does one that made Gmail send.
"""

import contextlib
import email
import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from connectors.gmail.quota import Quota, QuotaSettings
from connectors.gmail.wire import GmailWire
from tests.gmail.discovery import Discovery, Match
from tests.gmail.emulate import Emulate
from tests.gmail.faults import Call, Fault, Faults
from tests.gmail.tokens import Tokens
from tests.gmail.truth import Mailbox, Said, encoded

READONLY = "https://www.googleapis.com/auth/gmail.readonly"
COMPOSE = "https://www.googleapis.com/auth/gmail.compose"
MAX_BATCH = 100
DISCOVERY = Discovery()

_KEPT_BY_AN_EDIT = {"from", "to", "cc", "bcc", "subject", "in-reply-to", "references", "date"}
_AUTH_ERROR = Fault(method="", status=401, reason="authError").body()
_SCOPE_ERROR = Fault(method="", status=403, reason="insufficientPermissions").body()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What to say, and what goes wrong while saying it."""

    said: Said
    fault: Fault | None = None


@dataclass(kw_only=True)
class Gmail:
    """One mailbox, and what its owner does with it by hand."""

    mailbox: Mailbox
    url: str = ""
    """Where the API answers."""
    tokens: dict[str, frozenset[str]] = field(default_factory=dict)
    """Access tokens that are good, and what they allow."""
    faults: Faults = field(default_factory=Faults)
    calls: list[Call] = field(default_factory=list)
    """All calls that came, those within batches included."""
    violations: list[str] = field(default_factory=list)
    """What Google would not have understood."""
    paths: list[str] = field(default_factory=list)
    """Verb and path of all that came over the wire."""
    batches: list[int] = field(default_factory=list)
    """How many calls each batch held."""

    def methods(self) -> list[str]:
        """Return the names of all calls, in order."""
        return [call.method for call in self.calls]

    def deliver(self, raw: bytes, *labels: str) -> str:
        """Let a mail arrive."""
        return self.mailbox.insert(raw, list(labels) or ["INBOX", "UNREAD"])

    def send(self, raw: bytes) -> str:
        """Let the owner send a mail from elsewhere."""
        return self.mailbox.insert(raw, ["SENT"])

    def label(self, message: str, *labels: str, remove: tuple[str, ...] = ()) -> None:
        """Put labels (by id) on a message, and take some off."""
        body = {"addLabelIds": list(labels), "removeLabelIds": list(remove)}
        self.mailbox.ask("POST", f"/gmail/v1/users/me/messages/{message}/modify", "", body)

    def make_label(self, name: str) -> str:
        """Make a label of the owner's own; return its id."""
        return str(self.mailbox.ask("POST", "/gmail/v1/users/me/labels", "", {"name": name}).json["id"])

    def delete(self, message: str) -> None:
        """Delete a message for good."""
        self.mailbox.ask("DELETE", f"/gmail/v1/users/me/messages/{message}")

    def forget_history(self) -> None:
        """Let all history up to now be too old to be told."""
        self.mailbox.forgotten = int(self.mailbox.history_id()) + 1
        self.deliver(b"From: x@example.net\r\nSubject: later\r\nMessage-ID: <later@x>\r\n\r\nlater\r\n", "TRASH")

    def drafts(self) -> dict[str, bytes]:
        """Return the drafts by their lasting ids, newest first."""
        return {draft: self.mailbox.raw(message) or b"" for draft, message in self.mailbox.drafts()}

    def write_draft(self, raw: bytes) -> str:
        """Let the owner write a draft."""
        return str(self.mailbox.create_draft(raw).json["id"])

    def edit_draft(self, draft: str, text: str) -> None:
        """Let the owner change a draft in Gmail's own window: another message, another id, no foreign headers."""
        before = email.message_from_bytes(self.drafts()[draft])
        kept = [(name, value) for name, value in before.items() if name.lower() in _KEPT_BY_AN_EDIT]
        head = "".join(f"{name}: {value}\r\n" for name, value in kept)
        edited = f"{head}Message-ID: <edited.{time.monotonic_ns()}@mail.gmail.com>\r\n\r\n{text}\r\n"
        self.mailbox.update_draft(draft, edited.encode(), self._thread_of(draft))

    def delete_draft(self, draft: str) -> None:
        """Let the owner throw a draft away."""
        self.mailbox.delete_draft(draft)

    def send_draft(self, draft: str) -> str:
        """Let the owner press Send: the draft goes, and a sent mail with another id comes."""
        raw = re.sub(
            rb"(?im)^message-id:[^\r\n]*", b"Message-ID: <sent.%d@mail.gmail.com>" % time.monotonic_ns(),
            self.drafts()[draft],
        )  # fmt: skip
        thread = self._thread_of(draft)
        self.mailbox.delete_draft(draft)
        return self.mailbox.insert(raw, ["SENT"], thread)

    def _thread_of(self, draft: str) -> str:
        message = dict(self.mailbox.drafts())[draft]
        said = self.mailbox.ask("GET", f"/gmail/v1/users/me/messages/{message}", "format=minimal")
        return str(said.json["threadId"])

    def serve(self, verb: str, target: str, token: str, content_type: str, body: bytes, *, in_batch: bool) -> Answer:
        """Answer one call."""
        parts = urlsplit(target)
        match = DISCOVERY.match(verb, parts.path)
        if match is None:
            self.violations.append(f"{verb} {parts.path} is nothing Gmail knows")
            return Answer(said=Said(status=404, body=b"{}"))
        given = _read_body(content_type, body) if body else None
        self.violations += [f"{match.id}: {fault}" for fault in DISCOVERY.faults(match, parts.query, given)]
        fault = self.faults.take(match.id, parts.path)
        answer = self._refuse(match, token, fault)
        if answer is None:
            answer = Answer(said=self.mailbox.serve(match.id, verb, parts.path, parts.query, given), fault=fault)
        self.calls.append(Call(method=match.id, in_batch=in_batch, status=answer.said.status))
        return answer

    def _refuse(self, match: Match, token: str, fault: Fault | None) -> Answer | None:
        """Return why a call is not carried out, or None where it is."""
        if fault is not None and fault.delay_s:
            time.sleep(fault.delay_s)
        if fault is not None and (fault.status or fault.is_dropped):
            return Answer(said=Said(status=fault.status, body=fault.body()), fault=fault)
        if token not in self.tokens:
            return Answer(said=Said(status=401, body=_AUTH_ERROR))
        if not self.tokens[token] & match.scopes:
            return Answer(said=Said(status=403, body=_SCOPE_ERROR))
        if match.id.endswith(".send"):
            self.violations.append(f"{match.id}: a program made Gmail send")
        return None


@contextlib.contextmanager
def running_gmail(emulate: Emulate, number: int) -> Iterator[Gmail]:
    """Open one of the stand-in's mailboxes to programs; at the end, see that they asked nothing wrong."""
    address, token = emulate.user(number)
    gmail = Gmail(mailbox=Mailbox(url=emulate.url, address=address, token=token))
    handler = type("Handler", (_Handler,), {"gmail": gmail})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    gmail.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield gmail
    finally:
        server.shutdown()
        server.server_close()
    assert not gmail.violations, gmail.violations


def connect(gmail: Gmail, consent: str = "good") -> GmailWire:
    """Connect a program to the mailbox; it waits for nothing."""
    return GmailWire("ana", Tokens(consent), quota=plenty(), endpoint=gmail.url, sleep=lambda _: None)


def plenty() -> Quota:
    """Return a quota that no test uses up."""
    return Quota(QuotaSettings(units_per_minute=10**9, poll_s=0.05))


class _Handler(BaseHTTPRequestHandler):
    gmail: Gmail
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET  # noqa: N815  the names are the library's

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        content_type = self.headers.get("Content-Type", "")
        self.gmail.paths.append(f"{self.command} {urlsplit(self.path).path}")
        if self.path == DISCOVERY.batch_path:
            self._serve_batch(token, content_type, body)
        else:
            answer = self.gmail.serve(self.command, self.path, token, content_type, body, in_batch=False)
            self._say(answer.said.status, "application/json", answer.said.body, answer.fault)

    def _serve_batch(self, token: str, content_type: str, body: bytes) -> None:
        fault = self.gmail.faults.take("batch")
        if fault is not None and fault.delay_s:
            time.sleep(fault.delay_s)
        if fault is not None and (fault.status or fault.is_dropped):
            self._say(fault.status, "application/json", fault.body(), fault)
            return
        if token not in self.gmail.tokens:
            self._say(401, "application/json", _AUTH_ERROR)
            return
        asked = email.message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body).get_payload()
        assert isinstance(asked, list)
        self.gmail.batches.append(len(asked))
        if len(asked) > MAX_BATCH:
            self.gmail.violations.append(f"a batch of {len(asked)} calls")
        answers = b"".join(self._part(part, token) for part in reversed(asked))  # in no order to rely on
        self._say(200, "multipart/mixed; boundary=batch_x", answers + b"--batch_x--\r\n", fault)

    def _part(self, part: Any, token: str) -> bytes:
        request, _, rest = part.get_payload().partition("\n")
        verb, target, _ = request.split()
        body = rest.replace("\r\n", "\n").partition("\n\n")[2].strip()
        answer = self.gmail.serve(verb, target, token, "application/json", body.encode(), in_batch=True)
        name = part["Content-ID"].strip("<>")
        said = answer.said.body
        if answer.fault is not None and answer.fault.is_cut:
            said = said[: len(said) // 2]
        wait = f"Retry-After: {answer.fault.retry_after}\r\n" if answer.fault and answer.fault.retry_after else ""
        return (
            f"--batch_x\r\nContent-Type: application/http\r\nContent-ID: <response-{name}>\r\n\r\n"
            f"HTTP/1.1 {answer.said.status} X\r\nContent-Type: application/json\r\n{wait}\r\n"
        ).encode() + said + b"\r\n"  # fmt: skip

    def _say(self, status: int, content_type: str, body: bytes, fault: Fault | None = None) -> None:
        if fault is not None and (fault.is_dropped or fault.is_lost):
            self.close_connection = True
            return
        if fault is not None and fault.is_cut:
            body = body[: len(body) // 2]
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if fault is not None and fault.retry_after:
            self.send_header("Retry-After", fault.retry_after)
        self.end_headers()
        self.wfile.write(body)


def _read_body(content_type: str, body: bytes) -> Any:
    """Read a request's body; an upload becomes what it would have been without one."""
    if not content_type.startswith("multipart/related"):
        return json.loads(body)
    boundary = content_type.partition('boundary="')[2].rstrip('"').encode()
    _, metadata, media, _ = body.split(b"--" + boundary)
    given = json.loads(metadata.partition(b"\n\n")[2])
    given.setdefault("message", {})["raw"] = encoded(media.partition(b"\n\n")[2].removesuffix(b"\n"))
    return given
