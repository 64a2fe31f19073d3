"""The sealed file: its keys, and who may change it at once."""

import base64
import multiprocessing
from pathlib import Path

import pytest

from connectors.errors import ConfigError
from connectors.sealed import SealedFile
from connectors.secrets import Secrets
from tests.connectors.test_secrets import MemoryKeyring

KEY = base64.b64encode(b"\xfb\xef" * 16).decode()


def sealed_in(home: Path, *, key: str = "", keyring: MemoryKeyring | None = None) -> SealedFile:
    """Make the sealed file of a test."""
    return SealedFile(home=home, environ={"CYRANO_SECRETS_KEY": key} if key else {}, keyring=keyring)


def put(file: SealedFile, name: str, value: str) -> None:
    """Seal one secret more."""
    with file.changing() as secrets:
        secrets[name] = value


def test_a_key_from_outside_leaves_none_beside(tmp_path: Path) -> None:
    """Who has the folder, such as from a backup, has nothing."""
    put(sealed_in(tmp_path, key=KEY), "ana", "geheim")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secrets.lock", "secrets.sealed"]
    assert sealed_in(tmp_path, key=KEY).read() == {"ana": "geheim"}
    with pytest.raises(ConfigError, match="cannot be opened") as caught:
        sealed_in(tmp_path).read()
    assert "CYRANO_SECRETS_KEY_FILE" in caught.value.hint


def test_a_key_may_lie_in_a_file(tmp_path: Path) -> None:
    """As containers get their secrets; in either spelling of base64."""
    path = tmp_path / "key"
    path.write_text(KEY.replace("+", "-").replace("/", "_") + "\n")
    SealedFile(home=tmp_path / "home", environ={"CYRANO_SECRETS_KEY_FILE": str(path)}, keyring=None)
    put(SealedFile(home=tmp_path, environ={"CYRANO_SECRETS_KEY_FILE": str(path)}, keyring=None), "ana", "x")
    assert sealed_in(tmp_path, key=KEY).read() == {"ana": "x"}


def test_a_key_lies_in_the_keyring_where_there_is_one(tmp_path: Path) -> None:
    """Secrets a keyring would not take, such as long tokens, are sealed with a key it did take."""
    keyring = MemoryKeyring()
    put(sealed_in(tmp_path, keyring=keyring), "ana", "x")
    assert not (tmp_path / "secrets.key").exists()
    assert sealed_in(tmp_path, keyring=keyring).read() == {"ana": "x"}


def test_a_locked_keyring_takes_no_key(tmp_path: Path) -> None:
    """Then it lies beside the file."""
    put(sealed_in(tmp_path, keyring=MemoryKeyring(is_locked=True)), "ana", "x")
    assert sealed_in(tmp_path).read() == {"ana": "x"}


def test_a_new_key_takes_over(tmp_path: Path) -> None:
    """What the key beside the file sealed is still opened, and that key goes with the next change."""
    put(sealed_in(tmp_path), "ana", "x")
    assert sealed_in(tmp_path, key=KEY).read() == {"ana": "x"}
    put(sealed_in(tmp_path, key=KEY), "ben", "y")
    assert not (tmp_path / "secrets.key").exists()
    assert sealed_in(tmp_path, key=KEY).read() == {"ana": "x", "ben": "y"}


@pytest.mark.parametrize("key", ["short", "no base64 at all!", base64.b64encode(b"x" * 31).decode(), "ü" * 43])
def test_a_key_that_is_none_is_said(tmp_path: Path, key: str) -> None:
    """Before anything is sealed with it; the key is not repeated."""
    with pytest.raises(ConfigError, match="is no key") as caught:
        put(sealed_in(tmp_path, key=key), "ana", "x")
    assert key not in f"{caught.value} {caught.value.hint}"
    assert not (tmp_path / "secrets.sealed").exists()


@pytest.mark.server
def test_processes_do_not_undo_each_other(tmp_path: Path) -> None:
    """Each stores its own secret at the same moment, and all are there."""
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.starmap(_store, [(tmp_path, number) for number in range(12)])
    assert len(sealed_in(tmp_path).read()) == 12


def _store(home: Path, number: int) -> None:
    Secrets(home=home, environ={}, keyring=None).store(f"account-{number}", "x" * 1000)
