"""What the browser's tests share: the extension as built, Gmail's stand-in, a service, a browser paired with it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.extension.built import build
from tests.extension.chromium import Chromium, running_chromium
from tests.extension.gmail_site import EVIL, GMAIL, GmailSite, running_gmail_site
from tests.extension.options import pair
from tests.extension.services import Service, running_service
from tests.extension.windows import Mail

REBOUND = "rebound.example"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the extensions whose shadow roots are open."""
    return build(tmp_path_factory.mktemp("extension"), is_open=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GmailSite]:
    """Gmail's page model under Gmail's name."""
    with running_gmail_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests of a file."""
    with running_service(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture(scope="module")
def unpaired(
    built: Path, site: GmailSite, running: Service, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chromium]:
    """One browser for all tests of a file: starting it takes a while."""
    hosts = {GMAIL: site.port, EVIL: site.port, REBOUND: running.front.port}
    with running_chromium(built / "test-chrome", hosts, tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def chromium(unpaired: Chromium, running: Service) -> Chromium:
    """The browser, paired with the service as a person does it."""
    pair(unpaired, running)
    return unpaired


@pytest.fixture
def service(running: Service) -> Iterator[Service]:
    """The service as it is at the beginning."""
    running.restore()
    yield running
    running.restore()


@pytest.fixture
def mail(chromium: Chromium, service: Service) -> Iterator[Mail]:
    """Gmail in a tab of its own. The extension may have found no fault with itself."""
    assert service
    opened = Mail(chromium)
    yield opened
    opened.close()
    assert opened.complaints == []


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Say something to whoever runs the tests, also where all is well."""

    def say(said: str) -> None:
        with capsys.disabled():
            sys.stderr.write(f"\n{said}\n")

    return say
