"""Asking Google: tokens, back-off and batches, against an answering function."""

import inspect
import json
from collections.abc import Callable, Iterator

import httpx2
import pytest

from connectors.errors import AccountError, AuthError, Unreachable
from connectors.gmail.quota import Quota, QuotaSettings
from connectors.gmail.wire import METHODS, GmailWire, NotThere
from tests.gmail.faults import Fault
from tests.gmail.tokens import Tokens

Reply = httpx2.Response | Exception


class Google:
    """Says what it is told to say, and remembers what it was asked."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = [*replies]
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer."""
        self.asked.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        # A response belongs to one request.
        return httpx2.Response(reply.status_code, headers=reply.headers, content=reply.content)


Connect = Callable[..., GmailWire]


@pytest.fixture
def slept() -> list[float]:
    """How long was waited, each time."""
    return []


@pytest.fixture
def connect(slept: list[float]) -> Connect:
    """Connect to a function."""

    def make(google: Google, tokens: Tokens | None = None) -> GmailWire:
        quota = Quota(QuotaSettings(units_per_minute=10**6), sleep=lambda _: None)
        transport = httpx2.MockTransport(google)
        wire = GmailWire(
            "ana", tokens or Tokens("good"), quota=quota, transport=transport, sleep=slept.append, dice=lambda: 1.0
        )
        wire_quota_never_waits(quota)
        return wire

    return make


def wire_quota_never_waits(quota: Quota) -> None:
    """Let the bucket be full again each time it is looked at."""
    quota._per_second = 10.0**9


def refusal(status: int, reason: str = "", retry_after: str = "") -> httpx2.Response:
    """Refuse as Google does."""
    body = Fault(method="", status=status, reason=reason).body()
    return httpx2.Response(status, content=body, headers={"retry-after": retry_after} if retry_after else {})


def good(**body: object) -> httpx2.Response:
    """Answer well."""
    return httpx2.Response(200, json=body)


def batch(*parts: tuple[str, int, object]) -> httpx2.Response:
    """Answer a batch."""
    body = "".join(
        f"--b\r\nContent-ID: <response-{name}>\r\n\r\nHTTP/1.1 {status} X\r\nA: b\r\n\r\n{json.dumps(content)}\r\n"
        for name, status, content in parts
    )
    return httpx2.Response(200, content=f"{body}--b--", headers={"content-type": "multipart/mixed; boundary=b"})


def read(wire: GmailWire) -> dict[str, object]:
    """Ask for something harmless."""
    return wire.ask(wire.users.getProfile(userId="me"))


def write(wire: GmailWire) -> dict[str, object]:
    """Make a draft."""
    return wire.ask(wire.users.drafts().create(userId="me", body={"message": {"raw": "eA=="}}))


def test_asks_with_the_token_and_returns_the_answer(connect: Connect) -> None:
    """The ordinary case."""
    google = Google(good(historyId="12345678901234567890123"))
    assert read(connect(google)) == {"historyId": "12345678901234567890123"}
    assert google.asked[0].headers["authorization"] == "Bearer good"
    assert str(google.asked[0].url) == "https://gmail.googleapis.com/gmail/v1/users/me/profile?alt=json"


@pytest.mark.parametrize(
    "passing",
    [
        refusal(429, "rateLimitExceeded"),
        refusal(403, "userRateLimitExceeded"),
        refusal(403, "rateLimitExceeded"),
        refusal(500, "backendError"),
        httpx2.Response(503, content=b"<html>"),
        httpx2.Response(200, content=b'{"historyId": "1'),
        httpx2.ReadTimeout("late"),
        httpx2.RemoteProtocolError("cut"),
    ],
    ids=lambda reply: f"{getattr(reply, 'status_code', reply)}",
)
def test_what_passes_is_asked_again(connect: Connect, slept: list[float], passing: Reply) -> None:
    """A moment later it may go well; each time the wait is longer."""
    google = Google(passing, passing, good(historyId="1"))
    assert read(connect(google)) == {"historyId": "1"}
    assert slept == [1.0, 2.0]


def test_gives_up_after_a_while(connect: Connect, slept: list[float]) -> None:
    """Then it is the caller's to come back; nothing is wrong for good."""
    google = Google(refusal(429))
    with pytest.raises(Unreachable, match="too much") as caught:
        read(connect(google))
    assert not caught.value.permanent
    assert slept == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_waits_as_long_as_google_says(connect: Connect, slept: list[float]) -> None:
    """Retry-After counts, where it is no longer than anybody would wait."""
    read(connect(Google(refusal(429, retry_after="9"), good())))
    assert slept == [9.0]
    with pytest.raises(Unreachable):
        read(connect(Google(refusal(429, retry_after="900"), good())))
    assert slept == [9.0]


def test_a_refused_token_is_changed_once(connect: Connect) -> None:
    """A token that ran out a moment ago is no error."""
    google, tokens = Google(refusal(401), good(historyId="1")), Tokens("old", "new")
    assert read(connect(google, tokens)) == {"historyId": "1"}
    assert [request.headers["authorization"] for request in google.asked] == ["Bearer old", "Bearer new"]


def test_a_consent_that_is_gone_is_said_so(connect: Connect) -> None:
    """If no token is taken, only the owner can help."""
    with pytest.raises(AuthError) as caught:
        read(connect(Google(refusal(401))))
    assert caught.value.permanent
    assert "cyrano account login ana" in caught.value.hint


@pytest.mark.parametrize("reason", ["insufficientPermissions", "accessNotConfigured", "domainPolicy"])
def test_what_is_not_allowed_is_not_asked_again(connect: Connect, slept: list[float], reason: str) -> None:
    """403 has many reasons; those that last are told at once, with what to do."""
    google = Google(refusal(403, reason))
    with pytest.raises(AuthError) as caught:
        read(connect(google))
    assert caught.value.hint
    assert (len(google.asked), slept) == (1, [])


@pytest.mark.parametrize("reply", [refusal(500), refusal(429), httpx2.ReadError("cut"), httpx2.ReadTimeout("late")])
def test_a_write_is_never_repeated_by_itself(connect: Connect, reply: Reply) -> None:
    """It may have been done: a second try could make a second draft."""
    google = Google(reply)
    with pytest.raises(Unreachable):
        write(connect(google))
    assert len(google.asked) == 1


def test_a_write_with_an_old_token_is_carried_out(connect: Connect) -> None:
    """A request that was refused for its token was not carried out, so it may go again."""
    google = Google(refusal(401), good(id="d", message={"id": "m"}))
    assert write(connect(google, Tokens("old", "new"))) == {"id": "d", "message": {"id": "m"}}


def test_what_is_not_there_is_told_apart(connect: Connect) -> None:
    """404 has a meaning for who asked."""
    with pytest.raises(NotThere):
        read(connect(Google(refusal(404))))


def test_no_network_is_told_at_once(connect: Connect, slept: list[float]) -> None:
    """Whoever is offline need not wait to be told."""
    with pytest.raises(Unreachable, match="cannot be reached"):
        read(connect(Google(httpx2.ConnectError("no"))))
    assert slept == []


def test_follows_no_redirect(connect: Connect) -> None:
    """The token is shown to nobody else."""
    google = Google(httpx2.Response(302, headers={"location": "https://elsewhere.example/"}))
    with pytest.raises(AccountError, match="302"):
        read(connect(google))
    assert len(google.asked) == 1


def errors_of_the_library() -> Iterator[type[httpx2.RequestError]]:
    """Name every way a request can fail, those of later versions included."""
    for _, kind in inspect.getmembers(httpx2, inspect.isclass):
        if issubclass(kind, httpx2.RequestError):
            yield kind


@pytest.mark.parametrize("kind", [*errors_of_the_library()], ids=lambda kind: kind.__name__)
def test_no_error_of_the_library_gets_out(connect: Connect, kind: type[httpx2.RequestError]) -> None:
    """They are all Unreachable to whoever called."""
    with pytest.raises(Unreachable):
        read(connect(Google(kind("wrong"))))


def heads(wire: GmailWire, *names: str) -> dict[str, object]:
    """Ask for messages in batches."""
    return dict(wire.ask_each({name: wire.users.messages().get(userId="me", id=name) for name in names}))


def asked_for(request: httpx2.Request) -> list[str]:
    """Return the messages a batch asks for."""
    lines = request.content.decode().splitlines()
    return [line.split("/messages/")[1].split("?")[0] for line in lines if line.startswith("GET ")]


def test_of_a_batch_only_the_failed_parts_are_asked_again(connect: Connect, slept: list[float]) -> None:
    """A batch that answers 200 can hold refusals; what is not there is no failure."""
    limited = {"error": {"code": 403, "errors": [{"reason": "userRateLimitExceeded"}]}}
    google = Google(
        batch(("c", 429, limited), ("a", 200, {"id": "a"}), ("d", 404, {}), ("b", 403, limited)),
        batch(("b", 200, {"id": "b"}), ("c", 500, {})),
        batch(("c", 200, {"id": "c"})),
    )
    found = heads(connect(google), "a", "b", "c", "d")
    assert found == {"a": {"id": "a"}, "b": {"id": "b"}, "c": {"id": "c"}, "d": None}
    assert [asked_for(request) for request in google.asked] == [["a", "b", "c", "d"], ["b", "c"], ["c"]]
    assert slept == [1.0, 1.0]  # what gets on is not waited for longer each time


def test_a_batch_that_was_cut_off_is_asked_for_the_rest(connect: Connect) -> None:
    """What came whole counts."""
    whole = batch(("a", 200, {"id": "a"}), ("b", 200, {"id": "b"}))
    cut = httpx2.Response(200, content=whole.content[:-20], headers=whole.headers)
    google = Google(cut, batch(("b", 200, {"id": "b"})))
    assert heads(connect(google), "a", "b") == {"a": {"id": "a"}, "b": {"id": "b"}}
    assert asked_for(google.asked[1]) == ["b"]


def test_a_batch_that_says_nothing_is_given_up(connect: Connect) -> None:
    """It does not ask for ever."""
    google = Google(httpx2.Response(200, content=b"", headers={"content-type": "multipart/mixed; boundary=b"}))
    with pytest.raises(Unreachable, match="cut off"):
        heads(connect(google), "a")
    assert len(google.asked) == 6


def test_a_token_refused_within_a_batch_is_changed(connect: Connect) -> None:
    """A batch can run out of its token half way."""
    google = Google(batch(("a", 200, {}), ("b", 401, {})), batch(("b", 200, {})))
    assert heads(connect(google, Tokens("old", "new")), "a", "b") == {"a": {}, "b": {}}
    assert google.asked[1].headers["authorization"] == "Bearer new"


def test_batches_hold_25_calls(connect: Connect) -> None:
    """Google takes more, and answers many of those with 429."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        sizes.append(len(asked_for(request)))
        return batch(*((name, 200, {}) for name in asked_for(request)))

    sizes: list[int] = []
    google = Google(good())
    wire = connect(google)
    wire._client = httpx2.Client(transport=httpx2.MockTransport(answer))
    assert len(heads(wire, *map(str, range(60)))) == 60
    assert sizes == [25, 25, 10]


def test_a_method_that_is_not_on_the_list_does_not_go_out(connect: Connect) -> None:
    """Sending least of all, however the request came to be."""
    google = Google(good())
    wire = connect(google)
    forbidden = [
        getattr(wire.users.messages(), "send")(userId="me", body={}),  # noqa: B009  not a line of this program
        getattr(wire.users.drafts(), "send")(userId="me", body={}),  # noqa: B009
        wire.users.messages().trash(userId="me", id="x"),
        wire.users.settings().updateAutoForwarding(userId="me", body={}),
    ]
    for request in forbidden:
        with pytest.raises(AssertionError):
            wire.ask(request)
        with pytest.raises(AssertionError):
            list(wire.ask_each({"x": request}))
    assert google.asked == []
    assert not [name for name in METHODS if "send" in name.lower()]


def test_writes_do_not_go_into_batches(connect: Connect) -> None:
    """What fails there is asked again, and a write must not be."""
    wire = connect(Google(good()))
    with pytest.raises(AssertionError):
        list(wire.ask_each({"x": wire.users.drafts().delete(userId="me", id="x")}))


def test_nothing_that_was_asked_or_said_is_logged(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """Neither Message-IDs in addresses, nor tokens, nor what Google says."""
    google = Google(refusal(429), good(messages=[{"id": "found-it"}]))
    wire = connect(google, Tokens("top-secret"))
    with caplog.at_level("DEBUG"):
        wire.ask(wire.users.messages().list(userId="me", q="rfc822msgid:ben@example.net"))
    assert caplog.text
    assert not [word for word in ("ben@example.net", "top-secret", "found-it") if word in caplog.text]
