"""Secrets: found where they should be, private where they lie, loud where they are broken."""

import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from keyring.errors import KeyringError

from connectors.errors import ConfigError, StoreError
from connectors.secrets import Secrets, find_keyring, variable_name


class MemoryKeyring:
    """A keyring in memory, which can be locked."""

    def __init__(self, *, is_locked: bool = False) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.is_locked = is_locked

    def _check(self) -> None:
        if self.is_locked:
            raise KeyringError("locked")

    def get_password(self, service: str, username: str) -> str | None:
        """Return a secret."""
        self._check()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a secret."""
        self._check()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Forget a secret."""
        del self.kept[service, username]


def secrets_in(
    home: Path, *, environ: Mapping[str, str] | None = None, keyring: MemoryKeyring | None = None
) -> Secrets:
    """Make the secrets of a test."""
    return Secrets(home=home, environ=environ or {}, keyring=keyring)


def test_a_sealed_secret_comes_back_and_goes(tmp_path: Path) -> None:
    """Without a keyring a secret lives in the sealed file, until it is deleted; others stay."""
    secrets = secrets_in(tmp_path / "home")
    assert secrets.find("ana") is None
    secrets.store("ana", "geheim ü")
    secrets.store("ben", "other")
    assert secrets_in(tmp_path / "home").find("ana") == "geheim ü"
    secrets.delete("ana")
    secrets.delete("ana")
    assert (secrets.find("ana"), secrets.find("ben")) == (None, "other")


def test_sealed_files_are_private_and_unreadable(tmp_path: Path) -> None:
    """Nobody else may read the files, and the secret does not stand in them."""
    secrets_in(tmp_path).store("ana", "open-sesame")
    files = list(tmp_path.iterdir())
    assert sorted(file.name for file in files) == ["secrets.key", "secrets.lock", "secrets.sealed"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert not any(b"sesame" in file.read_bytes() for file in files)


def test_the_environment_wins_then_its_file_then_what_was_stored_last(tmp_path: Path) -> None:
    """The order of the places is fixed."""
    file = tmp_path / "password"
    file.write_text("from file\n", encoding="utf-8")
    keyring = MemoryKeyring()
    secrets_in(tmp_path).store("ana", "sealed")
    assert secrets_in(tmp_path, keyring=keyring).find("ana") == "sealed"
    secrets_in(tmp_path, keyring=keyring).store("ana", "from keyring")
    assert secrets_in(tmp_path, keyring=keyring).find("ana") == "from keyring"
    environ = {"CYRANO_ANA_PASSWORD_FILE": str(file)}
    assert secrets_in(tmp_path, environ=environ, keyring=keyring).find("ana") == "from file"
    environ["CYRANO_ANA_PASSWORD"] = "from environment"
    assert secrets_in(tmp_path, environ=environ, keyring=keyring).find("ana") == "from environment"


def test_a_file_that_cannot_be_read_is_no_missing_secret(tmp_path: Path) -> None:
    """X_FILE fails loudly instead of falling back."""
    secrets_in(tmp_path).store("ana", "sealed")
    secrets = secrets_in(tmp_path, environ={"CYRANO_ANA_PASSWORD_FILE": str(tmp_path / "nothing")})
    with pytest.raises(ConfigError, match="CYRANO_ANA_PASSWORD_FILE"):
        secrets.find("ana")


def test_a_lost_key_is_said(tmp_path: Path) -> None:
    """A sealed file without its key is an error with a way out, not an empty store."""
    secrets_in(tmp_path).store("ana", "sealed")
    (tmp_path / "secrets.key").unlink()
    with pytest.raises(ConfigError, match="cannot be opened") as caught:
        secrets_in(tmp_path).find("ana")
    assert "secrets.key" in caught.value.hint


def test_a_locked_keyring_gives_way_to_the_sealed_file(tmp_path: Path) -> None:
    """A keyring that fails costs nobody their account."""
    secrets = secrets_in(tmp_path, keyring=MemoryKeyring(is_locked=True))
    secrets.store("ana", "sealed")
    assert secrets.find("ana") == "sealed"
    secrets.delete("ana")
    assert secrets.find("ana") is None


def test_deletes_from_the_keyring_too(tmp_path: Path) -> None:
    """A secret in the keyring is forgotten with its account."""
    keyring = MemoryKeyring()
    secrets = secrets_in(tmp_path, keyring=keyring)
    secrets.store("ana", "secret")
    secrets.delete("ana")
    assert not keyring.kept


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """No secret is lost in silence."""
    (tmp_path / "home").write_text("a file, no folder", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be written"):
        secrets_in(tmp_path / "home").store("ana", "secret")


@pytest.mark.parametrize("environ", [{}, {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/x"}, {"DISPLAY": ":0"}])
def test_no_keyring_is_asked_without_a_desktop(environ: dict[str, str]) -> None:
    """In a container or over SSH a keyring would wait for a person who is not there."""
    assert find_keyring(environ, platform="linux") is None


def test_variable_names_are_no_keys_of_the_configuration() -> None:
    """Two underscores in a row would make one: CYRANO_SECTION__KEY."""
    assert variable_name("ana--home") == "CYRANO_ANA_HOME_PASSWORD"


def test_variable_names_hold_only_what_shells_take() -> None:
    """Any account name makes a usable variable."""
    assert variable_name("ana.b-home_2") == "CYRANO_ANA_B_HOME_2_PASSWORD"
    assert variable_name("ana", "refresh_token") == "CYRANO_ANA_REFRESH_TOKEN"


def test_what_the_keyring_would_not_take_is_not_older_than_what_it_has(tmp_path: Path) -> None:
    """A keyring that was locked when a token was renewed must not give out the spent one later."""
    keyring = MemoryKeyring()
    secrets = secrets_in(tmp_path, keyring=keyring)
    secrets.store("ana", "old")
    keyring.is_locked = True
    secrets.store("ana", "new")
    keyring.is_locked = False
    assert secrets.find("ana") == "new"
    secrets.store("ana", "newest")
    assert secrets.find("ana") == "newest"
    assert secrets_in(tmp_path).find("ana") is None


def test_what_was_stored_is_found_apart_from_what_was_given(tmp_path: Path) -> None:
    """Tokens renew themselves: one in the environment would be out of date for ever."""
    secrets = secrets_in(tmp_path, environ={"CYRANO_ANA_OAUTH": "given"})
    secrets.store("ana", "stored", "oauth")
    assert (secrets.find("ana", "oauth"), secrets.find_stored("ana", "oauth")) == ("given", "stored")
