"""A provider of tokens, as strict as the standards: PKCE, one use for a code, a new refresh token for each old one.

It has no socket: `client_of` asks it directly, and oauth_server.py puts it behind one.
"""

import base64
import hashlib
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

CLIENT_ID = "cyrano-test.apps.example"
CLIENT_SECRET = "planted-client-secret"
SCOPE = "https://mail.google.com/"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer over HTTP."""

    status: int
    body: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A code that waits to be redeemed."""

    challenge: str
    redirect_uri: str
    scope: str


@dataclass(kw_only=True)
class Authority:
    """A provider with one client and one person, who consents to everything unless told otherwise."""

    user: str = "alice"
    client_secret: str = CLIENT_SECRET
    """"" for a public client."""
    life_s: int = 3600
    is_rotating: bool = True
    """Whether a refresh token serves once; one used again ends the consent (RFC 9700, 4.14.2)."""
    denial: str = ""
    """With what word the person says no."""
    granted_scope: str = ""
    """What the person allows, if it is not all."""
    pending_polls: int = 0
    """How often the device flow answers that the person has not consented yet."""
    troubles: list[Reply] = field(default_factory=list)
    """What the next requests for tokens are answered with instead."""
    clock: Callable[[], float] = time.time

    refreshes: int = 0
    asked: list[dict[str, str]] = field(default_factory=list)
    """All that was posted."""
    scopes: list[str] = field(default_factory=list)
    """What browsers came to ask for."""
    issued: list[str] = field(default_factory=list)
    """All secrets handed out: codes and tokens."""
    _codes: dict[str, Pending] = field(default_factory=dict)
    _devices: dict[str, str] = field(default_factory=dict)
    _refresh: dict[str, str] = field(default_factory=dict)
    _spent: set[str] = field(default_factory=set)
    _access: dict[str, tuple[float, str]] = field(default_factory=dict)
    _count: Iterator[int] = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, url: str) -> Reply:
        """Answer a browser."""
        asked = _first(urlsplit(url).query)
        with self._lock:
            return self._authorize(asked)

    def post(self, path: str, body: str) -> Reply:
        """Answer a program."""
        asked = _first(body)
        with self._lock:
            if path == "/introspect":
                return self._introspect(asked)
            self.asked.append(asked)
            if self.troubles:
                return self.troubles.pop(0)
            return {"/token": self._token, "/device": self._device}[path](asked)

    def consent(self, scope: str = SCOPE) -> tuple[str, str]:
        """Give consent without a browser; return access and refresh token."""
        with self._lock:
            said = json.loads(self._grant(scope).body)
        return said["access_token"], said["refresh_token"]

    def end_consent(self) -> None:
        """Let every token be worth nothing from now on."""
        with self._lock:
            self._spent |= self._refresh.keys()
            self._refresh.clear()
            self._access.clear()

    def end_access(self) -> None:
        """Let every access token be worth nothing, before its time."""
        with self._lock:
            self._access.clear()

    def scope_of(self, token: str) -> str | None:
        """Return what an access token allows, or None for one that is not good."""
        ends_at, scope = self._access.get(token, (0.0, ""))
        return scope if ends_at >= self.clock() else None

    def _authorize(self, asked: dict[str, str]) -> Reply:
        redirect_uri = asked["redirect_uri"]
        if urlsplit(redirect_uri).hostname not in {"127.0.0.1", "localhost"} or asked["client_id"] != CLIENT_ID:
            return Reply(status=400, body="no such client")
        if asked["response_type"] != "code" or asked["code_challenge_method"] != "S256":
            return Reply(status=400, body="PKCE is needed")
        if self.denial:
            return _back(redirect_uri, error=self.denial, state=asked["state"])
        self.scopes.append(asked["scope"])
        code = self._new("4/code")
        pending = Pending(challenge=asked["code_challenge"], redirect_uri=redirect_uri, scope=asked["scope"])
        self._codes[code] = pending
        return _back(redirect_uri, code=code, state=asked["state"], scope=asked["scope"])

    def _token(self, asked: dict[str, str]) -> Reply:
        if asked.get("client_id") != CLIENT_ID or asked.get("client_secret", "") != self.client_secret:
            return _refuse("invalid_client", status=401)
        match asked.get("grant_type"):
            case "authorization_code":
                return self._redeem_code(asked)
            case "refresh_token":
                return self._redeem_refresh(asked)
            case kind if kind == DEVICE_GRANT:
                return self._redeem_device(asked)
            case _:
                return _refuse("unsupported_grant_type")

    def _redeem_code(self, asked: dict[str, str]) -> Reply:
        pending = self._codes.pop(asked["code"], None)
        digest = hashlib.sha256(asked["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if pending is None or (challenge, asked["redirect_uri"]) != (pending.challenge, pending.redirect_uri):
            return _refuse("invalid_grant")
        return self._grant(pending.scope)

    def _redeem_refresh(self, asked: dict[str, str]) -> Reply:
        token = asked["refresh_token"]
        if token in self._spent and self.is_rotating:
            # Somebody else has it too: nobody keeps it.
            self._refresh.clear()
        if token not in self._refresh:
            return _refuse("invalid_grant", error_description="Token has been expired or revoked.")
        self.refreshes += 1
        scope = self._refresh[token]
        if not self.is_rotating:
            return self._grant(scope, has_refresh=False)
        del self._refresh[token]
        self._spent.add(token)
        return self._grant(scope)

    def _device(self, asked: dict[str, str]) -> Reply:
        code = self._new("device")
        self._devices[code] = asked["scope"]
        said = {"device_code": code, "user_code": "WDJB-MJHT", "verification_uri": "https://provider.example/device"}
        return _said({**said, "expires_in": 900, "interval": 1})

    def _redeem_device(self, asked: dict[str, str]) -> Reply:
        if asked["device_code"] not in self._devices:
            return _refuse("expired_token")
        if self.denial:
            return _refuse(self.denial)
        if self.pending_polls:
            self.pending_polls -= 1
            return _refuse("authorization_pending")
        return self._grant(self._devices.pop(asked["device_code"]))

    def _grant(self, scope: str, *, has_refresh: bool = True) -> Reply:
        said: dict[str, str | int] = {"access_token": self._new("access"), "token_type": "Bearer"}
        scope = self.granted_scope or scope
        self._access[str(said["access_token"])] = (self.clock() + self.life_s, scope)
        if has_refresh:
            said["refresh_token"] = self._new("refresh")
            self._refresh[str(said["refresh_token"])] = scope
        return _said({**said, "expires_in": self.life_s, "scope": scope})

    def _introspect(self, asked: dict[str, str]) -> Reply:
        if self.scope_of(asked.get("token", "")) is None:
            return _said({"active": False})
        return _said({"active": True, "email": self.user, "scope": "mail"})

    def _new(self, kind: str) -> str:
        secret = f"planted-{kind}-{next(self._count)}-{id(self):x}"
        self.issued.append(secret)
        return secret


def client_of(authority: Authority) -> httpx2.Client:
    """Return a client whose every request is answered by an authority, without a socket."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        reply = authority.post(request.url.path, request.content.decode())
        return httpx2.Response(reply.status, text=reply.body)

    return httpx2.Client(transport=httpx2.MockTransport(answer))


def _first(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}


def _said(body: dict[str, object]) -> Reply:
    return Reply(status=200, body=json.dumps(body))


def _refuse(error: str, *, status: int = 400, **more: str) -> Reply:
    return Reply(status=status, body=json.dumps({"error": error, **more}))


def _back(redirect_uri: str, **said: str) -> Reply:
    return Reply(status=302, location=f"{redirect_uri}?{urlencode(said)}")
