"""The sealed file: secrets for machines without a keyring that answers, and for what a keyring would not take.

Its key comes from CYRANO_SECRETS_KEY, from the file that CYRANO_SECRETS_KEY_FILE names, from the keyring, or lies
beside it: in that order. A file that an earlier key sealed is opened with that one, and sealed with the first from then
on. All that is written is for its owner's eyes only, from its first byte on.
"""

import binascii
import fcntl
import json
import logging
import os
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connectors.errors import ConfigError, StoreError

logger = logging.getLogger(__name__)

SERVICE = "cyrano"
"""How Cyrano is called in a keyring."""

_KEY_VARIABLE = "CYRANO_SECRETS_KEY"
_KEY_NAME = "secrets/key"
_KEY_BYTES = 32


class Keyring(Protocol):
    """The part of a `keyring` backend that is used."""

    def get_password(self, service: str, username: str) -> str | None:
        """Return a secret, or None."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a secret."""

    def delete_password(self, service: str, username: str) -> None:
        """Forget a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """Secrets by name, in one file."""

    home: Path
    environ: Mapping[str, str]
    keyring: Keyring | None

    def read(self) -> dict[str, str]:
        """Return all secrets.

        Raises:
            ConfigError: the file cannot be opened with any key there is.
        """
        if not self._file.exists():
            return {}
        from cryptography.fernet import Fernet, InvalidToken, MultiFernet  # noqa: PLC0415  few need it, all would wait

        try:
            keys = [Fernet(key) for key in self._keys()]
            opened = MultiFernet(keys).decrypt(self._file.read_bytes())
        except (OSError, ValueError, InvalidToken) as error:
            place = f"{self._key_file.name} beside it, or set {_KEY_VARIABLE}_FILE"
            hint = f"Put back {place}; or delete it and give the passwords again."
            raise ConfigError(f"The sealed secrets in {self._file} cannot be opened.", hint=hint) from error
        secrets: dict[str, str] = json.loads(opened)
        return secrets

    @contextmanager
    def changing(self) -> Iterator[dict[str, str]]:
        """Yield all secrets, under a lock; what they have become at the end of the block is sealed.

        Raises:
            ConfigError: the file cannot be opened.
            StoreError: it cannot be written.
        """
        try:
            with self._locked():
                before = self.read()
                secrets = dict(before)
                yield secrets
                if secrets != before:
                    self._seal(secrets)
        except OSError as error:
            hint = f"Check that this user may write in {self.home} and that the disk is not full."
            raise StoreError(f"The sealed secrets cannot be written: {error}", hint=hint) from error

    @property
    def _file(self) -> Path:
        return self.home / "secrets.sealed"

    @property
    def _key_file(self) -> Path:
        return self.home / "secrets.key"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(self.home / "secrets.lock", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _seal(self, secrets: Mapping[str, str]) -> None:
        from cryptography.fernet import Fernet  # noqa: PLC0415

        keys = self._keys() or [self._make_key()]
        _write_private(self._file, Fernet(keys[0]).encrypt(json.dumps(secrets).encode()))
        if keys[0] != self._key_beside():
            self._key_file.unlink(missing_ok=True)

    def _keys(self) -> list[bytes]:
        """Return the keys there are; the first seals."""
        found = (self._key_given(), self._key_in_keyring(), self._key_beside())
        return [key for key in found if key]

    def _key_given(self) -> bytes | None:
        given = find_given(self.environ, _KEY_VARIABLE)
        if given is None:
            return None
        try:
            key = b64decode(given, altchars=b"-_" if set(given) & set("-_") else None, validate=True)
        except (ValueError, binascii.Error):
            key = b""
        if len(key) != _KEY_BYTES:
            hint = "Make one: openssl rand -base64 32"
            raise ConfigError(f"{_KEY_VARIABLE} is no key: it must be {_KEY_BYTES} bytes in base64.", hint=hint)
        return urlsafe_b64encode(key)

    def _key_in_keyring(self) -> bytes | None:
        if self.keyring is None:
            return None
        try:
            found = self.keyring.get_password(SERVICE, _KEY_NAME)
        except Exception as error:  # noqa: BLE001  backends raise whatever their desktop does
            logger.warning("The keyring does not answer (%s).", type(error).__name__)
            return None
        return None if found is None else found.encode()

    def _key_beside(self) -> bytes | None:
        return self._key_file.read_bytes() if self._key_file.exists() else None

    def _make_key(self) -> bytes:
        from cryptography.fernet import Fernet  # noqa: PLC0415

        key = Fernet.generate_key()
        if self.keyring is not None:
            try:
                self.keyring.set_password(SERVICE, _KEY_NAME, key.decode())
            except Exception as error:  # noqa: BLE001  backends raise whatever their desktop does
                logger.warning("The keyring took no key (%s): it goes beside the file.", type(error).__name__)
            else:
                return key
        _write_private(self._key_file, key)
        return key


def find_given(environ: Mapping[str, str], variable: str) -> str | None:
    """Return a secret that the environment holds, or a file that it names.

    Raises:
        ConfigError: the file cannot be read.
    """
    if variable in environ:
        return environ[variable]
    if f"{variable}_FILE" not in environ:
        return None
    path = Path(environ[f"{variable}_FILE"])
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{variable}_FILE names {path}, which cannot be read: {error}", hint="Check the path."
        ) from error


def _write_private(path: Path, content: bytes) -> None:
    """Replace a file at once, readable by its owner alone from the first byte on."""
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
