"""Telling another program by POST: over what, how often, and what never happens."""

import logging
import time
from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from service.backoff import Backoff
from service.notify import NotifySettings
from service.webhook import TRIES, Webhook, WebhookError
from tests.ports import free_port
from tests.service.hooks import Hook

NEWS = {"run": "r1", "reason": "größer als zuvor"}


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Somebody who listens."""
    with Hook() as listening:
        yield listening


def webhook(url: str, *, pauses: list[float] | None = None, timeout_s: float = 5.0, **options: object) -> Webhook:
    """A webhook that does not wait between tries, and notes how long it would have."""
    noted = [] if pauses is None else pauses

    def pause(seconds: float) -> bool:
        noted.append(seconds)
        return bool(options.get("is_stopping"))

    look_up = options.get("look_up")
    return Webhook(
        url, pause=pause, backoff=lambda: Backoff(lambda: 0.0), timeout_s=timeout_s,
        look_up=look_up if callable(look_up) else None,
    )  # fmt: skip


def test_it_is_told_in_json_with_a_key(hook: Hook) -> None:
    """Whoever hears the same twice, after a crash, knows it by its key."""
    webhook(hook.url).post(NEWS, key="r1-x")
    assert hook.heard == [NEWS]
    assert hook.keys == ["r1-x"]


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_what_may_pass_is_tried_again_with_growing_waits(hook: Hook, status: int) -> None:
    """A server that starts anew hears of it a moment later."""
    hook.statuses = [status, status]
    pauses: list[float] = []
    webhook(hook.url, pauses=pauses).post(NEWS, key="k")
    assert len(hook.heard) == 3
    assert pauses == [1.0, 2.0]


def test_it_is_not_tried_for_ever(hook: Hook) -> None:
    """After some tries that is said; whoever asked may come again later."""
    hook.statuses = [500] * 99
    with pytest.raises(WebhookError, match="status 500") as caught:
        webhook(hook.url).post(NEWS, key="k")
    assert not caught.value.permanent
    assert len(hook.heard) == TRIES


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_is_final(hook: Hook, status: int) -> None:
    """A wrong address stays wrong."""
    hook.statuses = [status]
    with pytest.raises(WebhookError, match=f"status {status}") as caught:
        webhook(hook.url).post(NEWS, key="k")
    assert caught.value.permanent
    assert len(hook.heard) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(hook: Hook, status: int) -> None:
    """What is told goes where its owner said, and nowhere else."""
    with Hook() as other:
        hook.statuses, hook.location = [status], other.url
        with pytest.raises(WebhookError, match="redirects") as caught:
            webhook(hook.url).post(NEWS, key="k")
        assert caught.value.permanent
        assert other.heard == []


def test_one_that_answers_too_slowly_is_given_up() -> None:
    """However it does it: a byte now and then does not hold us up."""
    with Hook(drip_s=0.05) as slow:
        began = time.monotonic()
        with pytest.raises(WebhookError, match="does not answer"):
            webhook(slow.url, timeout_s=0.4, is_stopping=True).post(NEWS, key="k")
        assert time.monotonic() - began < 2


def test_nobody_there_is_said() -> None:
    """Without a traceback, and without the secret in the address."""
    port = free_port()
    with pytest.raises(WebhookError) as caught:
        webhook(f"http://127.0.0.1:{port}/s3cret").post(NEWS, key="k")
    assert "127.0.0.1" in str(caught.value)
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"


def test_stopping_ends_the_tries(hook: Hook) -> None:
    """Ctrl-C does not wait for a server that is away."""
    hook.statuses = [500] * 9
    with pytest.raises(WebhookError):
        webhook(hook.url, is_stopping=True).post(NEWS, key="k")
    assert len(hook.heard) == 1


def test_the_environments_proxy_is_not_asked(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told goes to that address only."""
    with Hook() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        webhook(hook.url).post(NEWS, key="k")
        assert proxy.heard == []
    assert hook.heard == [NEWS]


def test_the_address_is_never_logged(hook: Hook, caplog: pytest.LogCaptureFixture) -> None:
    """Addresses of this sort hold a secret; logs go far."""
    caplog.set_level(logging.DEBUG)
    webhook(hook.url).post(NEWS, key="k")
    assert "s3cret" not in "".join(record.getMessage() for record in caplog.records)


def test_without_tls_a_name_must_lead_into_ones_own_network() -> None:
    """Else everybody between could read along; a name may lead elsewhere than it looks."""
    for number, words in (("93.184.215.14", "outside this network"), ("2606:2800::1", "outside this network")):
        with pytest.raises(WebhookError, match=words) as caught:
            webhook("http://hooks.example.org/x", look_up=lambda _, number=number: [number]).post(NEWS, key="k")
        assert caught.value.permanent


def test_a_host_that_is_not_known_may_be_later() -> None:
    """A name server that is away for a moment is no mistake of the owner's."""

    def fail(_: str) -> list[str]:
        raise OSError

    with pytest.raises(WebhookError, match="not known") as caught:
        webhook("http://nas/x", look_up=fail).post(NEWS, key="k")
    assert not caught.value.permanent


@pytest.mark.parametrize("url", ["ftp://a/b", "example.org/hook", "https://", "http://93.184.215.14/x", "file:///etc"])
def test_addresses_that_will_not_do_are_refused_at_once(url: str) -> None:
    """In the configuration, before anything is told."""
    with pytest.raises(ValidationError):
        NotifySettings(webhook=url)


@pytest.mark.parametrize(
    "url", ["", "https://example.org/x", "http://127.0.0.1:1/x", "http://10.0.0.5/x", "http://nas"]
)
def test_addresses_that_will_do(url: str) -> None:
    """TLS anywhere; without it this machine, and networks of one's own."""
    assert NotifySettings(webhook=url).webhook == url
