"""Passwords and tokens of accounts: found, kept and forgotten. Never in the configuration, never in a log.

They are looked for in the environment (CYRANO_<ACCOUNT>_PASSWORD), in the file that CYRANO_<ACCOUNT>_PASSWORD_FILE
names, in the desktop's keyring, and in a sealed file. A machine without a desktop has no keyring that could be asked
without a person: there the sealed file serves, its key beside it, both for their owner's eyes only.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connectors.errors import ConfigError, StoreError

logger = logging.getLogger(__name__)

PASSWORD = "password"  # noqa: S105  the name of a secret

_SERVICE = "cyrano"


class Keyring(Protocol):
    """The part of a `keyring` backend that is used."""

    def get_password(self, service: str, username: str) -> str | None:
        """Return a secret, or None."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a secret."""

    def delete_password(self, service: str, username: str) -> None:
        """Forget a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """All places where a secret can be."""

    home: Path
    """The folder of the sealed file."""
    environ: Mapping[str, str]
    keyring: Keyring | None
    """None where there is none that answers without a person."""

    def find(self, account: str, name: str = PASSWORD) -> str | None:
        """Return a secret of an account, or None.

        Raises:
            ConfigError: a file that should hold it cannot be read.
        """
        variable = variable_name(account, name)
        if variable in self.environ:
            return self.environ[variable]
        if f"{variable}_FILE" in self.environ:
            return _read_file(f"{variable}_FILE", Path(self.environ[f"{variable}_FILE"]))
        return self._find_in_keyring(account, name) or self._sealed().get(_key(account, name))

    def store(self, account: str, value: str, name: str = PASSWORD) -> None:
        """Keep a secret, in the keyring or else in the sealed file.

        Raises:
            StoreError: the sealed file cannot be written.
        """
        if self.keyring is not None:
            try:
                self.keyring.set_password(_SERVICE, _key(account, name), value)
            except Exception as error:  # noqa: BLE001  backends raise whatever their desktop does
                logger.warning("The keyring took no secret (%s): it goes to the sealed file.", type(error).__name__)
            else:
                return
        self._seal(self._sealed() | {_key(account, name): value})

    def delete(self, account: str, name: str = PASSWORD) -> None:
        """Forget a secret that was stored; one from the environment stays where it is."""
        if self.keyring is not None and self._find_in_keyring(account, name) is not None:
            try:
                self.keyring.delete_password(_SERVICE, _key(account, name))
            except Exception as error:  # noqa: BLE001  backends raise whatever their desktop does
                logger.warning("The keyring did not forget the secret (%s).", type(error).__name__)
        sealed = self._sealed()
        if sealed.pop(_key(account, name), None) is not None:
            self._seal(sealed)

    def _find_in_keyring(self, account: str, name: str) -> str | None:
        if self.keyring is None:
            return None
        try:
            return self.keyring.get_password(_SERVICE, _key(account, name))
        except Exception as error:  # noqa: BLE001  backends raise whatever their desktop does
            logger.warning("The keyring does not answer (%s).", type(error).__name__)
            return None

    @property
    def _file(self) -> Path:
        return self.home / "secrets.sealed"

    @property
    def _key_file(self) -> Path:
        return self.home / "secrets.key"

    def _sealed(self) -> dict[str, str]:
        if not self._file.exists():
            return {}
        from cryptography.fernet import Fernet, InvalidToken  # noqa: PLC0415  few need it, all would wait for it

        try:
            opened = Fernet(self._key_file.read_bytes()).decrypt(self._file.read_bytes())
        except (OSError, ValueError, InvalidToken) as error:
            hint = f"Put back {self._key_file.name} beside it; or delete it and give the passwords again."
            raise ConfigError(f"The sealed secrets in {self._file} cannot be opened.", hint=hint) from error
        secrets: dict[str, str] = json.loads(opened)
        return secrets

    def _seal(self, secrets: Mapping[str, str]) -> None:
        from cryptography.fernet import Fernet  # noqa: PLC0415

        try:
            self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not self._key_file.exists():
                _write_private(self._key_file, Fernet.generate_key())
            _write_private(self._file, Fernet(self._key_file.read_bytes()).encrypt(json.dumps(secrets).encode()))
        except OSError as error:
            hint = f"Check that this user may write in {self.home} and that the disk is not full."
            raise StoreError(f"The sealed secrets cannot be written: {error}", hint=hint) from error


def open_secrets(home: Path) -> Secrets:
    """Return the secrets of this machine's user."""
    return Secrets(home=home, environ=os.environ, keyring=find_keyring(os.environ))


def find_keyring(environ: Mapping[str, str], *, platform: str = sys.platform) -> Keyring | None:
    """Return the desktop's keyring, or None where asking it could wait for a person who is not there."""
    has_desktop = "DBUS_SESSION_BUS_ADDRESS" in environ and ("DISPLAY" in environ or "WAYLAND_DISPLAY" in environ)
    if platform not in {"darwin", "win32"} and not has_desktop:
        return None
    import keyring  # noqa: PLC0415  looks at all its backends when loaded
    from keyring.backends import fail, null  # noqa: PLC0415

    found = keyring.get_keyring()
    return None if isinstance(found, fail.Keyring | null.Keyring) else found


def variable_name(account: str, name: str = PASSWORD) -> str:
    """Return the environment variable of a secret: "CYRANO_ANA_HOME_PASSWORD" for "ana-home"."""
    # Runs of marks become one: two underscores would make it a key of the configuration.
    return re.sub(r"[^A-Z0-9]+", "_", f"cyrano_{account}_{name}".upper())


def _key(account: str, name: str) -> str:
    return f"{account}/{name}"


def _read_file(variable: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{variable} names {path}, which cannot be read: {error}", hint="Check the path.") from error


def _write_private(path: Path, content: bytes) -> None:
    """Replace a file at once, readable by its owner alone from the first byte on."""
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
