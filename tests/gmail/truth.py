"""What `emulate` tells untruly of Gmail, told as Gmail does: one mailbox, as its owner and their programs see it.

- The profile has the mailbox's point in its history; history that is too old is forgotten.
- A draft's message gets another id with every edit, and the draft keeps its own.
- A draft lands in a thread only if the thread is there, its headers name a message of it, and the subjects agree.
- "metadata" tells any header asked for; "larger:" counts bytes; "rfc822msgid:" finds.
"""

import base64
import json
import re
import time
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx2

Json = dict[str, Any]

_TERM = re.compile(r"(larger|rfc822msgid):(\S+)")
_MESSAGE_ID = re.compile(rb"^message-id:[^\r\n]*", re.IGNORECASE | re.MULTILINE)
_REPLY = re.compile(r"^(?:\s*(?:re|aw|fwd?)\s*:)+\s*", re.IGNORECASE)
_OK, _GONE, _NO_CONTENT = 200, 404, 204
_NOT_FOUND = {"error": {"code": 404, "message": "Requested entity was not found.", "errors": [{"reason": "notFound"}]}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer."""

    status: int
    body: bytes

    @property
    def json(self) -> Json:
        """What it says."""
        return dict(json.loads(self.body)) if self.body else {}


@dataclass(kw_only=True)
class Mailbox:
    """One mailbox behind the stand-in's own API."""

    url: str
    address: str
    token: str
    page: int = 500
    """The most that is listed at once."""
    rewrites_message_ids: bool = False
    """Whether drafts get a Message-ID of Gmail's own."""
    forgotten: int = 0
    """History up to here is not told any more."""
    _drafts: dict[str, str] = field(default_factory=dict)
    """Drafts that were edited: the id that lasts, and the stand-in's present one."""
    _known: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Sizes and Message-IDs of messages, which never change."""
    now_ms: int = field(default_factory=lambda: int(time.time() * 1000))
    """The mailbox's own time; no two things happen at once."""
    _client: httpx2.Client = field(default_factory=lambda: httpx2.Client(trust_env=False, timeout=30))

    def ask(self, verb: str, path: str, query: str = "", body: Json | None = None) -> Said:
        """Ask the stand-in itself."""
        response = self._client.request(
            verb, f"{self.url}{path}?{query}", json=body, headers={"authorization": f"Bearer {self.token}"}
        )
        return Said(status=response.status_code, body=response.content)

    def serve(self, method: str, verb: str, path: str, query: str, body: Json | None) -> Said:
        """Answer a call as Gmail would."""
        path = path.removeprefix("/upload")
        name = method.removeprefix("gmail.users.")
        if name == "getProfile":
            return _said({"emailAddress": self.address, "historyId": self.history_id()})
        if name == "history.list" and int(parse_qs(query)["startHistoryId"][0]) < self.forgotten:
            return Said(status=_GONE, body=json.dumps(_NOT_FOUND).encode())
        if name.startswith("drafts.") and name != "drafts.send":
            return self._serve_drafts(name, path, query, body)
        if name == "messages.list" and (term := _TERM.search(query_of(query).get("q", ""))):
            return self._search(query, term)
        said = self.ask(verb, path, self._paged(name, query), body)
        if name in {"messages.get", "threads.get"} and said.status == _OK and "format=metadata" in query:
            return self._with_headers(said.json, parse_qs(query).get("metadataHeaders", []))
        return said

    def _tick(self) -> int:
        self.now_ms += 1
        return self.now_ms

    def history_id(self) -> str:
        """Return the present point in the mailbox's history."""
        said = self.ask("GET", "/gmail/v1/users/me/history", "startHistoryId=0&maxResults=1")
        return str(said.json["historyId"])

    def raw(self, message: str) -> bytes | None:
        """Return a message's bytes."""
        said = self.ask("GET", f"/gmail/v1/users/me/messages/{message}", "format=raw")
        return base64.urlsafe_b64decode(said.json["raw"] + "==") if said.status == _OK else None

    def insert(self, raw: bytes, labels: list[str], thread: str = "") -> str:
        """Put a message into the mailbox; return its id."""
        thread = thread or self._thread_for(raw)
        body = {"raw": encoded(raw), "labelIds": labels, "internalDate": str(self._tick()), "threadId": thread}
        return str(self.ask("POST", "/gmail/v1/users/me/messages", "", body).json["id"])

    def drafts(self) -> list[tuple[str, str]]:
        """Return the drafts' lasting ids and the ids of their messages, newest first."""
        lasting = {now: draft for draft, now in self._drafts.items()}
        found = self.ask("GET", "/gmail/v1/users/me/drafts", "maxResults=500").json["drafts"]
        return [(lasting.get(each["id"], each["id"]), each["message"]["id"]) for each in found]

    def create_draft(self, raw: bytes, thread: str = "") -> Said:
        """Make a draft."""
        if thread and self.ask("GET", f"/gmail/v1/users/me/threads/{thread}", "format=minimal").status != _OK:
            return Said(status=_GONE, body=json.dumps(_NOT_FOUND).encode())
        if self.rewrites_message_ids:
            raw = re.sub(rb"(?im)^message-id:[^\r\n]*", f"Message-ID: <{self._tick()}@mail.gmail.com>".encode(), raw)
        message = {"raw": encoded(raw), "internalDate": str(self._tick())}
        message["threadId"] = thread if thread and self._fits(raw, thread) else f"thr_{self._tick()}"
        return self.ask("POST", "/gmail/v1/users/me/drafts", "", {"message": message})

    def update_draft(self, draft: str, raw: bytes, thread: str = "") -> Said:
        """Put another message, with another id, in a draft's place."""
        before = self._drafts.get(draft, draft)
        if self.ask("GET", f"/gmail/v1/users/me/drafts/{before}", "format=minimal").status != _OK:
            return Said(status=_GONE, body=json.dumps(_NOT_FOUND).encode())
        made = self.create_draft(raw, thread)
        if made.status == _OK:
            self.ask("DELETE", f"/gmail/v1/users/me/drafts/{before}")
            self._drafts[draft] = str(made.json["id"])
        return self._under(made, draft)

    def delete_draft(self, draft: str) -> Said:
        """Delete one."""
        return self.ask("DELETE", f"/gmail/v1/users/me/drafts/{self._drafts.pop(draft, draft)}")

    def _serve_drafts(self, name: str, path: str, query: str, body: Json | None) -> Said:
        draft = path.rpartition("/")[2]
        message = (body or {}).get("message", {})
        raw = base64.urlsafe_b64decode(message.get("raw", "") + "==")
        match name:
            case "drafts.create":
                return self._short(self.create_draft(raw, message.get("threadId", "")))
            case "drafts.update":
                return self._short(self.update_draft(draft, raw, message.get("threadId", "")))
            case "drafts.delete":
                return self.delete_draft(draft)
            case "drafts.list":
                lasting = {now: draft for draft, now in self._drafts.items()}
                said = self.ask("GET", path, self._paged(name, query)).json
                for each in said["drafts"]:
                    each["id"] = lasting.get(each["id"], each["id"])
                return _said(said)
        present = self._drafts.get(draft, draft)
        return self._under(self.ask("GET", path.replace(draft, present), query), draft)

    def _thread_for(self, raw: bytes) -> str:
        """Return the thread that Gmail would put a message into."""
        answered = str(message_from_bytes(raw)["In-Reply-To"] or "").strip(" <>")
        query = urlencode({"q": f"rfc822msgid:{answered}"})
        found = self._search(query, _TERM.search(f"rfc822msgid:{answered}")).json["messages"] if answered else []  # type: ignore[arg-type]
        fitting = (each["threadId"] for each in found if self._fits(raw, each["threadId"]))
        return str(next(fitting, f"thr_{self._tick()}"))

    def _fits(self, raw: bytes, thread: str) -> bool:
        """Tell whether Gmail would take a message into a thread."""
        new = message_from_bytes(raw)
        named = f"{new.get('In-Reply-To', '')} {new.get('References', '')}".split()
        messages = self.ask("GET", f"/gmail/v1/users/me/threads/{thread}", "format=minimal").json["messages"]
        heads = [message_from_bytes(self.raw(each["id"]) or b"") for each in messages]
        return any(
            str(head["Message-ID"]) in named and _subject(head["Subject"]) == _subject(new["Subject"]) for head in heads
        )

    def _with_headers(self, said: Json, names: list[str]) -> Said:
        for message in said.get("messages", [said]):
            raw = message_from_bytes(self.raw(message["id"]) or b"")
            wanted = {name.lower() for name in names}
            headers = [
                {"name": name, "value": " ".join(str(value).split())}
                for name, value in raw.items()
                if not wanted or name.lower() in wanted
            ]
            message["payload"] = {"headers": headers}
        return _said(said)

    def _search(self, query: str, term: re.Match[str]) -> Said:
        """Search for what the stand-in cannot, or does not find."""
        asked = parse_qs(query)
        asked["q"] = [_TERM.sub("", asked["q"][0]).strip()]
        asked["maxResults"] = ["500"]
        said = self.ask("GET", "/gmail/v1/users/me/messages", urlencode(asked, doseq=True)).json
        found = [each for each in said["messages"] if self._is_found(each["id"], term[1], term[2])]
        return _said({"messages": found, "resultSizeEstimate": len(found)})

    def _is_found(self, message: str, term: str, value: str) -> bool:
        if message not in self._known:
            raw = self.raw(message) or b""
            self._known[message] = (len(raw), str(message_from_bytes(raw)["Message-ID"]).strip())
        size, message_id = self._known[message]
        return size > int(value) if term == "larger" else message_id == f"<{value}>"

    def _paged(self, name: str, query: str) -> str:
        if not name.endswith("list") or name == "labels.list":
            return query
        asked = parse_qs(query)
        asked["maxResults"] = [str(min(self.page, int(asked.get("maxResults", ["100"])[0])))]
        return urlencode(asked, doseq=True)

    def _under(self, said: Said, draft: str) -> Said:
        return _said(said.json | {"id": draft}) if said.status == _OK else said

    def _short(self, said: Said) -> Said:
        """Tell as little as Gmail does of a draft that was just made."""
        if said.status != _OK:
            return said
        message = {key: said.json["message"][key] for key in ("id", "threadId", "labelIds")}
        return _said({"id": said.json["id"], "message": message})


def encoded(raw: bytes) -> str:
    """Write bytes the way Gmail's API takes them."""
    return base64.urlsafe_b64encode(raw).decode()


def query_of(query: str) -> dict[str, str]:
    """Read a query; of repeated parameters the first."""
    return {name: values[0] for name, values in parse_qs(query).items()}


def _said(body: Json) -> Said:
    return Said(status=_OK, body=json.dumps(body).encode())


def _subject(value: object) -> str:
    return _REPLY.sub("", " ".join(str(value or "").split())).lower()
