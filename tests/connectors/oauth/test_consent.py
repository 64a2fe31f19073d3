"""Consent: in a browser here, in one elsewhere, on another device; and everything that can go wrong on the way."""

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from connectors.errors import AuthError, ConfigError, UsageError
from connectors.oauth.consent import Consent
from connectors.oauth.endpoint import TokenEndpoint
from connectors.oauth.provider import OAuthSettings, read_client
from tests.oauth_authority import CLIENT_ID, CLIENT_SECRET, SCOPE, Authority, Reply, client_of

GOOGLE = OAuthSettings(provider="google", client_id=CLIENT_ID)


@pytest.fixture
def authority() -> Authority:
    """A provider whose person consents."""
    return Authority()


def consent_of(authority: Authority, settings: OAuthSettings = GOOGLE) -> Consent:
    """Make what asks for consent."""
    return Consent(
        TokenEndpoint(settings, authority.client_secret, http=client_of(authority)), login_hint="ana@example.org"
    )


def address_after(authority: Authority, url: str) -> str:
    """Where the provider sends a browser that opens an address."""
    return authority.get(url).location


def browser_of(authority: Authority, *before: str) -> Callable[[str], None]:
    """Make a browser that consents; `before` are paths it asks the loopback for first."""

    def browse(url: str) -> None:
        back = address_after(authority, url)
        for path in before:
            assert httpx2.get(f"{back.split('?')[0]}{path}").status_code == 404
        said = httpx2.get(back)
        assert said.status_code == 200
        assert "close this window" in said.text
        assert said.headers["cache-control"] == "no-store"

    return browse


def test_the_browser_comes_back_with_consent(authority: Authority) -> None:
    """The code it brings is redeemed with the verifier whose digest it left with."""
    grant = consent_of(authority).by_browser(browser_of(authority), timeout_s=10)
    assert {grant.access_token, grant.refresh_token} <= set(authority.issued)
    assert authority.asked[-1]["client_secret"] == CLIENT_SECRET


def test_whoever_knocks_without_the_state_is_turned_away(authority: Authority) -> None:
    """Another page, a favicon, a forged answer: none of them ends the waiting."""
    knocks = ("/", "/favicon.ico", "/?code=forged", "/?code=forged&state=forged", "/?error=access_denied&state=")
    assert consent_of(authority).by_browser(browser_of(authority, *knocks), timeout_s=10).access_token


def test_the_address_asks_for_no_more_than_is_needed(authority: Authority) -> None:
    """Offline access, PKCE, the scope, the address of the account; and no secret."""
    urls: list[str] = []

    def ask(url: str) -> str:
        urls.append(url)
        return address_after(authority, url)

    consent_of(authority).by_paste(ask)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(urls[0]).query).items()}
    assert asked["scope"] == SCOPE
    assert (asked["access_type"], asked["prompt"], asked["login_hint"]) == ("offline", "consent", "ana@example.org")
    assert (asked["code_challenge_method"], asked["redirect_uri"]) == ("S256", "http://127.0.0.1:47811")
    assert CLIENT_SECRET not in urls[0]
    assert authority.asked[-1]["code_verifier"] not in urls[0]


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_pasted_address_or_code_serves(authority: Authority, *, is_whole: bool) -> None:
    """Whatever of the address bar a person manages to copy, white space included."""

    def ask(url: str) -> str:
        back = address_after(authority, url)
        return f"  {back}\n" if is_whole else parse_qs(urlsplit(back).query)["code"][0]

    assert consent_of(authority).by_paste(ask).refresh_token


@pytest.mark.parametrize(
    "pasted",
    ["", "https://accounts.google.com/", "http://127.0.0.1:1/?code=x&state=other", "http://127.0.0.1:1/?state=x"],
)
def test_what_is_pasted_wrongly_is_said(authority: Authority, pasted: str) -> None:
    """Nothing is sent to the provider."""
    with pytest.raises(UsageError):
        consent_of(authority).by_paste(lambda _: pasted)
    assert not authority.asked


def test_a_denial_is_said(authority: Authority) -> None:
    """The person said no, in the browser."""
    authority.denial = "access_denied"
    with pytest.raises(AuthError, match="not allowed"):
        consent_of(authority).by_browser(browser_of(authority), timeout_s=10)


def test_half_a_consent_is_none(authority: Authority) -> None:
    """Google lets a person tick boxes: what is missing is named."""
    settings = GOOGLE.model_copy(update={"scope": "https://x/readonly https://x/compose"})
    authority.granted_scope = "https://x/compose"
    with pytest.raises(AuthError, match="https://x/readonly is missing") as caught:
        consent_of(authority, settings).by_paste(lambda url: address_after(authority, url))
    assert "every box" in caught.value.hint


def test_a_consent_that_will_not_last_is_refused(authority: Authority) -> None:
    """Without a refresh token it would be over within the hour."""
    authority.troubles = [Reply(status=200, body=json.dumps({"access_token": "x", "expires_in": 3600}))]
    with pytest.raises(AuthError, match="no lasting consent"):
        consent_of(authority).by_paste(lambda url: address_after(authority, url))


def test_a_stolen_code_is_worth_nothing(authority: Authority) -> None:
    """Another attempt has another verifier."""
    stolen: list[str] = []
    with pytest.raises(UsageError):
        consent_of(authority).by_paste(lambda url: stolen.append(address_after(authority, url)) or "")  # type: ignore[func-returns-value]
    code = parse_qs(urlsplit(stolen[0]).query)["code"][0]
    with pytest.raises(AuthError, match="did not take the code"):
        consent_of(authority).by_paste(lambda _: code)


def test_nobody_in_front_of_the_browser_is_said(authority: Authority) -> None:
    """The waiting ends, and the hint names the way without a browser."""
    with pytest.raises(AuthError, match="Nobody consented") as caught:
        consent_of(authority).by_browser(lambda _: None, timeout_s=0.01)
    assert "--headless" in caught.value.hint


class Waiting:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        """Tell the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds


DEVICE = OAuthSettings(
    provider="custom",
    client_id=CLIENT_ID,
    scope=SCOPE,
    auth_uri="https://provider.example/authorize",
    token_uri="https://provider.example/token",
    device_uri="https://provider.example/device",
)


def by_device(authority: Authority, waiting: Waiting, shown: list[str]) -> str:
    """Sign in by code; return the refresh token."""
    consent = consent_of(authority, DEVICE)
    grant = consent.by_device(lambda *told: shown.extend(told), clock=waiting.clock, sleep=waiting.sleep)
    return grant.refresh_token


def test_a_code_typed_elsewhere_is_consent(authority: Authority) -> None:
    """The code is shown, and the provider asked at its own pace until the person has typed it."""
    authority.pending_polls, waiting, shown = 3, Waiting(), list[str]()
    assert by_device(authority, waiting, shown) in authority.issued
    assert shown == ["https://provider.example/device", "WDJB-MJHT"]
    assert waiting.slept == [1.0] * 4


def test_a_provider_that_asks_for_patience_gets_it(authority: Authority) -> None:
    """The word "slow_down" adds five seconds, silence doubles the wait (RFC 8628, 3.5)."""
    waiting = Waiting()
    said = {"device_code": "d", "user_code": "u", "verification_uri": "https://x", "expires_in": 900, "interval": 1}
    authority.troubles = [
        Reply(status=200, body=json.dumps(said)),
        Reply(status=400, body='{"error": "slow_down"}'),
        Reply(status=503),
        Reply(status=400, body='{"error": "expired_token"}'),
    ]
    with pytest.raises(AuthError):
        by_device(authority, waiting, [])
    assert waiting.slept == [1.0, 6.0, 12.0]


@pytest.mark.parametrize("denial", ["access_denied", "authorization_declined"])
def test_a_denial_on_the_other_device_is_said(authority: Authority, denial: str) -> None:
    """Microsoft has its own word for it."""
    authority.denial = denial
    with pytest.raises(AuthError, match="not allowed"):
        by_device(authority, Waiting(), [])


def test_a_code_nobody_types_ends(authority: Authority) -> None:
    """After the time the provider gave."""
    authority.pending_polls, waiting = 10_000, Waiting()
    with pytest.raises(AuthError, match="Nobody typed"):
        by_device(authority, waiting, [])
    assert waiting.now == 900


def test_google_has_no_codes_for_mail(authority: Authority) -> None:
    """The hint names the way that serves there."""
    with pytest.raises(UsageError, match="no sign-in by code") as caught:
        consent_of(authority).by_device(lambda *_: None)
    assert "--headless" in caught.value.hint


def test_reads_the_client_file_of_google(tmp_path: Path) -> None:
    """As its console gives it for a desktop program."""
    path = tmp_path / "client.json"
    client = {
        "client_id": "id",
        "client_secret": "s",
        "auth_uri": "https://a",
        "token_uri": "https://t",
        "project_id": "p",
    }
    path.write_text(json.dumps({"installed": client}))
    found = read_client(path)
    assert (found.client_id, found.client_secret, found.auth_uri, found.token_uri) == (
        "id",
        "s",
        "https://a",
        "https://t",
    )


@pytest.mark.parametrize(
    "content", ['{"web": {"client_id": "x"}}', "[]", "{}", "no json", '{"installed": {}}', '{"installed": 1}']
)
def test_any_other_file_is_refused(tmp_path: Path, content: str) -> None:
    """The hint says which kind of client to make."""
    path = tmp_path / "client.json"
    path.write_text(content)
    with pytest.raises(ConfigError) as caught:
        read_client(path)
    assert "Desktop app" in caught.value.hint


def test_a_missing_client_file_is_said(tmp_path: Path) -> None:
    """With the kind of file to get."""
    with pytest.raises(ConfigError, match="cannot be read"):
        read_client(tmp_path / "nothing.json")
