"""Passwords and tokens of accounts: found, kept and forgotten. Never in the configuration, never in a log.

They are looked for in the environment (CYRANO_<ACCOUNT>_PASSWORD), in the file that CYRANO_<ACCOUNT>_PASSWORD_FILE
names, in a sealed file, and in the desktop's keyring. A machine without a desktop has no keyring that could be asked
without a person: there the sealed file serves, its key beside it, both for their owner's eyes only.

Rules:
1. A secret lies in one place: what is stored in the keyring leaves the sealed file, and what the keyring would not
   take is found in the sealed file before an older one in the keyring is.
2. The sealed file is changed under a lock, since a token is renewed while another process renews one.
"""

import logging
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors.sealed import SERVICE, Keyring, SealedFile, find_given

logger = logging.getLogger(__name__)

PASSWORD = "password"  # noqa: S105  the name of a secret
OAUTH = "oauth"
"""The tokens of an account that is opened without a password."""
OAUTH_CLIENT_SECRET = "oauth_client_secret"  # noqa: S105


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
        given = find_given(self.environ, variable_name(account, name))
        return self.find_stored(account, name) if given is None else given

    def find_stored(self, account: str, name: str) -> str | None:
        """Return a secret that was stored, whatever the environment says, or None.

        Raises:
            ConfigError: the sealed file cannot be opened.
        """
        sealed = self._sealed.read().get(_key(account, name))
        return self._find_in_keyring(account, name) if sealed is None else sealed

    def store(self, account: str, value: str, name: str = PASSWORD) -> None:
        """Keep a secret, in the keyring or else in the sealed file.

        Raises:
            StoreError: the sealed file cannot be written.
        """
        is_in_keyring = self._store_in_keyring(account, value, name)
        with self._sealed.changing() as sealed:
            if is_in_keyring:
                sealed.pop(_key(account, name), None)
            else:
                sealed[_key(account, name)] = value

    def delete(self, account: str, name: str = PASSWORD) -> None:
        """Forget a secret that was stored; one from the environment stays where it is."""
        if self.keyring is not None and self._find_in_keyring(account, name) is not None:
            try:
                self.keyring.delete_password(SERVICE, _key(account, name))
            except Exception as error:  # noqa: BLE001  backends raise whatever their desktop does
                logger.warning("The keyring did not forget the secret (%s).", type(error).__name__)
        with self._sealed.changing() as sealed:
            sealed.pop(_key(account, name), None)

    def _store_in_keyring(self, account: str, value: str, name: str) -> bool:
        if self.keyring is None:
            return False
        try:
            self.keyring.set_password(SERVICE, _key(account, name), value)
        except Exception as error:  # noqa: BLE001  backends raise whatever their desktop does
            logger.warning("The keyring took no secret (%s): it goes to the sealed file.", type(error).__name__)
            return False
        return True

    def _find_in_keyring(self, account: str, name: str) -> str | None:
        if self.keyring is None:
            return None
        try:
            return self.keyring.get_password(SERVICE, _key(account, name))
        except Exception as error:  # noqa: BLE001  backends raise whatever their desktop does
            logger.warning("The keyring does not answer (%s).", type(error).__name__)
            return None

    @property
    def _sealed(self) -> SealedFile:
        return SealedFile(home=self.home, environ=self.environ, keyring=self.keyring)


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
