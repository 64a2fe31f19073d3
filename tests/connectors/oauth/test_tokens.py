"""Tokens: renewed once when many ask, kept when they rotate, explained when the consent is gone."""

import multiprocessing
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from connectors.errors import AuthError, ConfigError, StoreError, Unreachable
from connectors.oauth.endpoint import Grant, TokenEndpoint
from connectors.oauth.provider import OAuthSettings
from connectors.oauth.store import NOTHING, Tokens, TokenStore
from connectors.oauth.tokens import OAuthTokens, has_tokens, token_source
from connectors.secrets import OAUTH, OAUTH_CLIENT_SECRET, Secrets
from tests.clock import Clock
from tests.connectors.samples import account_record
from tests.oauth_authority import CLIENT_ID, CLIENT_SECRET, SCOPE, Authority, Reply, client_of
from tests.oauth_server import running_authority

URIS = {"auth_uri": "https://provider.example/authorize", "token_uri": "https://provider.example/token"}
SETTINGS = OAuthSettings(provider="custom", client_id=CLIENT_ID, scope=SCOPE, **URIS)


class Fixture:
    """An account that consented, and its provider."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.clock = Clock(1_000_000.0)
        self.authority = Authority(clock=self.clock)
        self.secrets = Secrets(home=home, environ={}, keyring=None)
        self.secrets.store("ana", CLIENT_SECRET, OAUTH_CLIENT_SECRET)
        self.store = TokenStore("ana", self.secrets, home)
        access, refresh = self.authority.consent()
        self.first = access
        grant = Grant(access_token=access, refresh_token=refresh, expires_in_s=self.authority.life_s)
        self.store.begin(grant, self.clock())

    def source(self) -> OAuthTokens:
        """What a process makes for itself."""
        http = client_of(self.authority)
        return OAuthTokens(
            self.store, lambda: TokenEndpoint(SETTINGS, self.store.client_secret, http=http), clock=self.clock
        )


@pytest.fixture
def ana(tmp_path: Path) -> Fixture:
    """An account that consented."""
    return Fixture(tmp_path)


def test_a_token_serves_until_shortly_before_its_end(ana: Fixture) -> None:
    """Nobody is asked while the token is good; two minutes before its end it is renewed."""
    source = ana.source()
    assert source.access_token() == ana.first
    ana.clock.now += ana.authority.life_s - 121
    assert source.access_token() == ana.first
    assert ana.authority.refreshes == 0
    ana.clock.now += 2
    assert source.access_token() != ana.first
    assert ana.authority.refreshes == 1


def test_a_short_life_is_lived(ana: Fixture) -> None:
    """Some providers hand out tokens for a minute: they serve for most of it."""
    ana.authority.life_s = 60
    source = ana.source()
    short = source.access_token(fresh=True)
    ana.clock.now += 44
    assert source.access_token() == short
    ana.clock.now += 2
    assert source.access_token() != short


def test_a_rotated_refresh_token_is_kept(ana: Fixture) -> None:
    """Each renewal spends the token before; another process goes on from the newest."""
    for _ in range(3):
        ana.clock.now += ana.authority.life_s
        ana.source().access_token()
    assert ana.authority.refreshes == 3


def test_a_refresh_token_that_does_not_rotate_stays(ana: Fixture) -> None:
    """Google sends none with a renewal: the old one is not lost."""
    ana.authority.is_rotating = False
    source = ana.source()
    for _ in range(3):
        ana.clock.now += ana.authority.life_s
        source.access_token()
    assert ana.authority.refreshes == 3


def test_a_refused_token_is_exchanged_before_its_time(ana: Fixture) -> None:
    """`fresh` gets another, once."""
    source = ana.source()
    assert source.access_token() == ana.first
    second = source.access_token(fresh=True)
    assert second != ana.first
    assert source.access_token() == second


def test_what_another_process_renewed_is_used(ana: Fixture) -> None:
    """A process whose token was refused looks first whether there is a newer one already."""
    mine, other = ana.source(), ana.source()
    mine.access_token()
    newer = other.access_token(fresh=True)
    assert mine.access_token(fresh=True) == newer
    assert ana.authority.refreshes == 1


def test_many_threads_renew_once(ana: Fixture) -> None:
    """A rotating provider would end the consent if two used the same refresh token."""
    ana.clock.now += ana.authority.life_s
    source = ana.source()
    start = threading.Barrier(8)

    def ask(number: int) -> str:
        start.wait()
        return (source if number % 2 else ana.source()).access_token()

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(ask, range(8)))
    assert len(found) == 1
    assert ana.authority.refreshes == 1


@pytest.mark.server
def test_many_processes_renew_once(tmp_path: Path) -> None:
    """The lock holds between processes too, and none of them loses the consent."""
    with running_authority(tmp_path) as server:
        secrets = Secrets(home=tmp_path, environ={}, keyring=None)
        secrets.store("ana", CLIENT_SECRET, OAUTH_CLIENT_SECRET)
        access, refresh = server.authority.consent()
        ended = Tokens(refresh_token=refresh, access_token=access, renew_at=0.0, generation=1)
        TokenStore("ana", secrets, tmp_path).write(ended)
        with multiprocessing.get_context("spawn").Pool(4) as pool:
            found = pool.starmap(_ask_in_process, [(tmp_path, server.settings())] * 8)
    assert len(set(found)) == 1
    assert server.authority.refreshes == 1


def _ask_in_process(home: Path, settings: dict[str, str]) -> str:
    secrets = Secrets(home=home, environ={}, keyring=None)
    return token_source(account_record(kind="imap", **settings), secrets, home).access_token()


def test_an_ended_consent_is_explained(ana: Fixture) -> None:
    """The error names the command that mends it, with the account's name, and no secret."""
    source = ana.source()
    ana.authority.end_consent()
    with pytest.raises(AuthError, match="has ended") as caught:
        source.access_token(fresh=True)
    assert caught.value.permanent
    assert "cyrano account login ana" in caught.value.hint
    assert not any(secret in f"{caught.value} {caught.value.hint}" for secret in ana.authority.issued)


def test_a_new_consent_is_found_by_those_who_run(ana: Fixture) -> None:
    """After `account login` a running process goes on without being started again."""
    source = ana.source()
    ana.authority.end_consent()
    with pytest.raises(AuthError):
        source.access_token(fresh=True)
    _, refresh = ana.authority.consent()
    before = ana.store.read()
    ana.store.write(Tokens(refresh_token=refresh, access_token="", renew_at=0.0, generation=before.generation + 1))
    assert source.access_token()


def test_without_a_consent_the_way_to_one_is_told(tmp_path: Path) -> None:
    """Nothing is asked of the provider."""
    record = account_record(kind="imap", **{f"oauth.{name}": value for name, value in SETTINGS.model_dump().items()})
    source = token_source(record, Secrets(home=tmp_path, environ={}, keyring=None), tmp_path)
    with pytest.raises(AuthError, match="Nobody has signed in") as caught:
        source.access_token()
    assert "account login ana" in caught.value.hint


def test_trouble_at_the_provider_costs_no_consent(ana: Fixture) -> None:
    """A busy provider is asked again later, with the same refresh token."""
    source = ana.source()
    ana.clock.now += ana.authority.life_s
    ana.authority.troubles = [Reply(status=503, body="{}"), Reply(status=200, body="<html>sign in to the Wi-Fi</html>")]
    for _ in range(2):
        with pytest.raises(Unreachable):
            source.access_token()
    assert source.access_token()


def test_tokens_that_cannot_be_stored_are_not_lost(ana: Fixture) -> None:
    """A full disk right after a rotation: the new token is kept in memory, and stored when there is room again."""

    class Full(TokenStore):
        """A store that can be full."""

        is_full = False

        def write(self, tokens: Tokens) -> None:
            if self.is_full:
                raise StoreError("The disk is full.")
            super().write(tokens)

    store, http = Full("ana", ana.secrets, ana.home), client_of(ana.authority)
    source = OAuthTokens(store, lambda: TokenEndpoint(SETTINGS, CLIENT_SECRET, http=http), clock=ana.clock)
    store.is_full = True
    for _ in range(2):
        with pytest.raises(StoreError):
            source.access_token(fresh=True)
    store.is_full = False
    token = source.access_token()
    assert ana.store.read().access_token == token
    ana.clock.now += ana.authority.life_s
    assert ana.source().access_token()


def test_damaged_tokens_are_said(ana: Fixture) -> None:
    """What is stored but makes no sense is an error with a way out."""
    ana.secrets.store("ana", "{}", OAUTH)
    with pytest.raises(ConfigError, match="damaged") as caught:
        ana.source().access_token()
    assert "account login ana" in caught.value.hint


def test_a_new_consent_replaces_damaged_tokens(ana: Fixture) -> None:
    """`begin` needs nothing of what was there."""
    ana.secrets.store("ana", "nonsense", OAUTH)
    grant = TokenEndpoint(SETTINGS, CLIENT_SECRET, http=client_of(ana.authority)).refresh(ana.authority.consent()[1])
    ana.store.begin(grant, ana.clock())
    assert ana.source().access_token() == grant.access_token


def test_waiting_for_the_lock_ends(ana: Fixture) -> None:
    """Whoever holds it for ever stops nobody for ever."""
    now = iter(range(100))
    with ana.store.lock(), pytest.raises(Unreachable, match="elsewhere"):  # noqa: SIM117  the order is the point
        with ana.store.lock(timeout_s=5, clock=lambda: float(next(now)), sleep=lambda _: None):
            pass


def test_forgetting_leaves_nothing(ana: Fixture) -> None:
    """Tokens, client secret and lock go with the account."""
    ana.source().access_token(fresh=True)
    ana.store.forget()
    assert ana.store.read() == NOTHING
    assert not ana.store.client_secret
    assert not list((ana.home / "run").iterdir())


def test_tokens_lie_sealed_and_show_themselves_nowhere(ana: Fixture) -> None:
    """No file holds them readably, and no `repr` does."""
    shown = repr(ana.store.read()) + repr(ana.source())
    files = b"".join(path.read_bytes() for path in ana.home.rglob("*") if path.is_file())
    for secret in (*ana.authority.issued, CLIENT_SECRET):
        assert secret not in shown
        assert secret.encode() not in files


def test_only_an_account_with_a_provider_has_tokens() -> None:
    """One with a password is told apart by its settings."""
    assert has_tokens(account_record(kind="imap", **{"oauth.provider": "google", "oauth.client_id": "x"}))
    assert not has_tokens(account_record(kind="imap", host="localhost", user="ana"))


def test_the_environment_gives_the_client_secret(tmp_path: Path) -> None:
    """A container gets it from a file, like every secret."""
    path = tmp_path / "secret"
    path.write_text("from file\n", encoding="utf-8")
    environ = {"CYRANO_ANA_OAUTH_CLIENT_SECRET_FILE": os.fspath(path)}
    assert (
        TokenStore("ana", Secrets(home=tmp_path, environ=environ, keyring=None), tmp_path).client_secret == "from file"
    )
