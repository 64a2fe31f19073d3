"""The section [addon]: off by default, and complete where it is on."""

import pytest
from pydantic import ValidationError

from service.addon.settings import AddonSettings

ON = {"enabled": True, "url": "https://cyrano.example.org", "service_account": "s@x.iam", "client_id": "c"}


def test_off_by_default_and_then_nothing_is_needed() -> None:
    """Nobody opens a public door by leaving a line out."""
    assert not AddonSettings().enabled


@pytest.mark.parametrize("left_out", ["url", "service_account", "client_id"])
def test_what_is_missing_is_named(left_out: str) -> None:
    """Switched on halfway, it does not start."""
    with pytest.raises(ValidationError, match=left_out):
        AddonSettings.model_validate({key: value for key, value in ON.items() if key != left_out})


@pytest.mark.parametrize(
    "url",
    [
        "http://cyrano.example.org",
        "https://",
        "cyrano.example.org",
        "https://a.org/x",
        "https://a.org?x",
        "https://u@a.org",
    ],
)
def test_address_that_google_cannot_use_is_refused(url: str) -> None:
    """It must be what the tokens name, to the letter."""
    with pytest.raises(ValidationError, match="write https://"):
        AddonSettings.model_validate({**ON, "url": url})


@pytest.mark.parametrize("url", ["https://Cyrano.Example.org", "https://cyrano.example.org/"])
def test_address_is_kept_in_one_form(url: str) -> None:
    """Capitals and a slash at the end are the same address."""
    settings = AddonSettings.model_validate({**ON, "url": url})
    assert (settings.url, settings.host) == ("https://cyrano.example.org", "cyrano.example.org")


@pytest.mark.parametrize("seconds", [30, 29.9, 27.1])
def test_waiting_as_long_as_gmail_is_refused(seconds: float) -> None:
    """A card that comes too late is none, and the way to Gmail takes time too."""
    with pytest.raises(ValidationError):
        AddonSettings.model_validate({**ON, "answer_within_s": seconds})
