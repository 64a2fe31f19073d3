"""The add-on's deployment: what it asks consent for, where it leads, and the script that fills it in."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from service.addon.desk import COMPOSE, READ_MAIL, RECIPIENTS, Desk
from service.addon.door import WHO
from service.config import Settings

FOLDER = Path(__file__).parents[2] / "deploy" / "addon"
URL = "https://cyrano.example.org"
AUTHORIZATION = {
    "name": "projects/123/authorization",
    "oauthClientId": "123-abc.apps.googleusercontent.com",
    "serviceAccountEmail": "service-123@gcp-sa-gsuiteaddons.iam.gserviceaccount.com",
}
AUTH = "https://www.googleapis.com/auth/"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a person does, with a Python that has nothing installed."""
    command = [sys.executable, "-I", "-S", str(FOLDER / "fill.py"), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)


def deployment() -> dict[str, Any]:
    """The deployment, filled in."""
    done = run(URL)
    assert done.returncode == 0, done.stderr
    filled: dict[str, Any] = json.loads(done.stdout)
    return filled


def test_consents_are_the_fewest_it_can_do_with() -> None:
    """What the code needs, being an add-on, and the language: nothing else, and least of all the mailbox or sending."""
    scopes = deployment()["oauthScopes"]
    assert set(scopes) == {READ_MAIL, COMPOSE, RECIPIENTS, WHO, f"{AUTH}gmail.addons.execute", f"{AUTH}script.locale"}
    assert len(scopes) == 6
    far = {"https://mail.google.com/", *(f"{AUTH}gmail.{name}" for name in ("send", "compose", "modify", "readonly"))}
    assert not far & set(scopes)


def test_every_address_leads_to_the_add_on() -> None:
    """All triggers ask this service, at addresses it has; Google shows its own token, and each consent is free."""
    add_ons = deployment()["addOns"]
    gmail = add_ons["gmail"]
    asked = [
        add_ons["common"]["homepageTrigger"]["runFunction"],
        gmail["contextualTriggers"][0]["onTriggerFunction"],
        gmail["composeTrigger"]["actions"][0]["runFunction"],
    ]
    assert asked == [f"{URL}/addon/{name}" for name in ("home", "message", "compose")]
    assert all(hasattr(Desk, each.rpartition("/")[2]) for each in asked)
    assert gmail["composeTrigger"]["draftAccess"] == "METADATA"
    assert add_ons["httpOptions"] == {
        "authorizationHeader": "SYSTEM_ID_TOKEN",
        "granularOauthPermissionSupport": "OPT_IN",
    }
    assert not [word for word in ("URL/", "LOGO") if word in json.dumps(add_ons)]


def test_lines_for_the_configuration_are_read_by_it(tmp_path: Path) -> None:
    """What the script prints switches the add-on on."""
    path = tmp_path / "authorization.json"
    path.write_text(json.dumps(AUTHORIZATION))
    done = run(f"{URL}/", "--authorization", str(path))
    settings = Settings.model_validate(tomllib.loads(done.stdout)).addon
    assert settings.enabled
    assert settings.url == URL
    assert settings.client_id == AUTHORIZATION["oauthClientId"]
    assert settings.service_account == AUTHORIZATION["serviceAccountEmail"]


@pytest.mark.parametrize(
    "url",
    ["http://cyrano.example.org", "cyrano.example.org", f"{URL}/x", f"{URL}?x", "https://me@x.org", "https://", ""],
)
def test_address_google_cannot_use_is_refused_in_words(url: str) -> None:
    """Nothing is printed that would be deployed by mistake."""
    done = run(url)
    assert (done.returncode, done.stdout) == (2, "")
    assert "write https://" in done.stderr


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"oauthClientId": "x"}'])
def test_other_files_are_refused_in_words(content: str, tmp_path: Path) -> None:
    """What is not the answer of get-authorization gives one line that says so."""
    path = tmp_path / "authorization.json"
    path.write_text(content)
    for given in (path, tmp_path / "none.json"):
        done = run(URL, "--authorization", str(given))
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.splitlines()) == 1


def test_readme_explains_every_consent() -> None:
    """Nothing is asked for without a word on what for."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(f"`{scope.removeprefix(AUTH)}`" in text for scope in deployment()["oauthScopes"])
