"""Asking for tokens: what is sent, and what each refusal means."""

import json

import httpx2
import pytest

from connectors.errors import AccountError, AuthError, ConfigError, Unreachable
from connectors.oauth.endpoint import Refused, TokenEndpoint
from connectors.oauth.provider import GMAIL_READ, OAuthSettings, provider_of
from tests.oauth_authority import Authority, client_of

GOOGLE = OAuthSettings(provider="google", client_id="id")
MICROSOFT = OAuthSettings(provider="microsoft", client_id="id", tenant="example.org")
SECRET = "planted-secret"


def endpoint_that_says(status: int, body: str, settings: OAuthSettings = GOOGLE) -> TokenEndpoint:
    """An endpoint with one answer to everything."""
    http = httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(status, text=body)))
    return TokenEndpoint(settings, SECRET, http=http)


@pytest.mark.parametrize(
    ("status", "said", "kind", "words", "hint"),
    [
        (400, {"error": "invalid_grant"}, AuthError, "has ended", "7 days"),
        (400, {"error": "invalid_grant", "error_subtype": "invalid_rapt"}, AuthError, "invalid_rapt", "organisation"),
        (401, {"error": "invalid_client"}, AuthError, "does not know this program", "--client-file"),
        (400, {"error": "unauthorized_client"}, AuthError, "does not know this program", "--client-id"),
        (400, {"error": "invalid_scope"}, AuthError, "invalid_scope", "ask for"),
        (400, {}, AuthError, "no reason", ""),
        (400, {"error": "temporarily_unavailable"}, Unreachable, "now", "Try again"),
        (429, {"error": "rate_limit_exceeded"}, Unreachable, "now", "Try again"),
        (500, {}, Unreachable, "now", "Try again"),
        (200, {}, Unreachable, "no token", ""),
        (200, {"access_token": "x", "expires_in": "soon"}, Unreachable, "no token", ""),
    ],
)
def test_every_refusal_has_its_words(
    status: int, said: dict[str, str], kind: type[AccountError], words: str, hint: str
) -> None:
    """What a person can mend is told apart from what time will mend."""
    with pytest.raises(kind, match=words) as caught:
        endpoint_that_says(status, json.dumps(said)).refresh(SECRET)
    assert hint in caught.value.hint
    assert caught.value.permanent == (kind is AuthError)


def test_microsoft_is_asked_and_explained_its_own_way() -> None:
    """Its number is told and its sentence, which names people, is not; a refresh names the scope again."""
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(f"{request.url} {request.content.decode()}")
        description = "AADSTS70008: The grant of ana@example.org has expired due to inactivity."
        return httpx2.Response(400, json={"error": "invalid_grant", "error_description": description})

    endpoint = TokenEndpoint(MICROSOFT, "", http=httpx2.Client(transport=httpx2.MockTransport(answer)))
    with pytest.raises(Refused, match="AADSTS70008") as caught:
        endpoint.refresh("token")
    assert "90 days" in caught.value.hint
    assert "ana@" not in str(caught.value)
    assert asked[0].startswith("https://login.microsoftonline.com/example.org/oauth2/v2.0/token client_id=id&")
    assert "scope=https%3A%2F%2Foutlook.office.com%2FIMAP.AccessAsUser.All+offline_access" in asked[0]
    assert "client_secret" not in asked[0]


@pytest.mark.parametrize("body", ["", "<html>", "[]", '"x"', "null"])
def test_what_is_no_answer_is_no_refusal(body: str) -> None:
    """The sign-in page of a network must not look like an ended consent."""
    for status in (200, 302, 400):
        with pytest.raises(Unreachable, match="no token"):
            endpoint_that_says(status, body).refresh(SECRET)


def test_a_provider_that_is_not_there_is_unreachable() -> None:
    """Whatever the network does."""

    def fail(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectTimeout("slow")

    endpoint = TokenEndpoint(GOOGLE, SECRET, http=httpx2.Client(transport=httpx2.MockTransport(fail)))
    with pytest.raises(Unreachable, match="Google does not answer"):
        endpoint.refresh(SECRET)


def test_no_error_tells_a_secret() -> None:
    """Providers that repeat what they were sent are not repeated."""
    said = json.dumps({"error": f"bad {SECRET}", "error_description": SECRET, "error_subtype": SECRET + "!"})
    with pytest.raises(Refused) as caught:
        endpoint_that_says(400, said).refresh(SECRET)
    assert SECRET not in f"{caught.value} {caught.value.hint} {caught.value.code}"


def test_no_secret_stands_in_an_address() -> None:
    """Addresses end up in logs: all is posted."""
    seen: list[httpx2.Request] = []
    authority = Authority(client_secret=SECRET)

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(400, json={"error": "invalid_grant"})

    endpoint = TokenEndpoint(GOOGLE, SECRET, http=httpx2.Client(transport=httpx2.MockTransport(answer)))
    for ask in (endpoint.refresh, endpoint.redeem_device_code):
        with pytest.raises(AuthError):
            ask(authority.consent()[1])
    assert not any("planted" in str(request.url) for request in seen)


def test_secrets_go_to_no_plain_address() -> None:
    """An endpoint without TLS is refused before anything is sent."""
    uris = {"auth_uri": "https://x.example/a", "token_uri": "http://x.example/t"}
    with pytest.raises(ConfigError, match="would show secrets"):
        provider_of(OAuthSettings(provider="custom", client_id="x", **uris))
    with pytest.raises(ConfigError, match="no address for the auth endpoint"):
        provider_of(OAuthSettings(provider="custom", client_id="x", token_uri="https://x.example/t"))


def test_google_is_asked_for_what_the_account_needs() -> None:
    """The whole mailbox over IMAP; over its own API no more than reading, unless drafts are written there."""
    assert provider_of(GOOGLE).scope == "https://mail.google.com/"
    assert provider_of(GOOGLE.model_copy(update={"scope": GMAIL_READ})).scope == GMAIL_READ


def test_the_client_authenticates_in_the_body() -> None:
    """A public client sends no secret, one that has a secret sends it."""
    authority = Authority(client_secret="")
    endpoint = TokenEndpoint(GOOGLE.model_copy(update={"client_id": "other"}), "", http=client_of(authority))
    with pytest.raises(Refused, match="does not know this program"):
        endpoint.refresh(authority.consent()[1])
    assert authority.asked[-1]["client_id"] == "other"
    assert "client_secret" not in authority.asked[-1]
