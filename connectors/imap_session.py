"""One connection to an IMAP server: settings, logging in, finding folders, and the server's errors in plain words."""

import imaplib
import ipaddress
import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import CapabilityError, LoginError
from pydantic import BaseModel, ConfigDict

from connectors.errors import AccountError, AuthError, ConfigError, FolderError, Unreachable

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 20.0
READ_TIMEOUT_S = 60.0

# The answer to a search of a large folder is one line; imaplib gives up at 1 MB, which is 140,000 messages.
imaplib._MAXLINE = 64 << 20  # type: ignore[attr-defined]  # noqa: SLF001  imaplib has no other way

_PORTS = {"tls": 993, "starttls": 143, "plain": 143}
_SAID_OF_THE_SERVER = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]", "Too many simultaneous connections")
"""Refusals that have nothing to do with the password; the last is Gmail's."""


class ImapSettings(BaseModel):
    """What an IMAP account needs, its password apart."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str
    """Name or address of the server."""
    user: str
    """The name to log in with, most often the whole address."""
    security: Literal["tls", "starttls", "plain"] = "tls"
    """How the connection is protected; "plain" only to this very machine."""
    port: int = 0
    """0 stands for the usual one: 993 with TLS, else 143."""
    ca_file: str = ""
    """Certificates to trust (PEM) instead of the system's."""
    sent_folder: str = ""
    """Where sent mail lies, if the server does not mark that folder."""
    drafts_folder: str = ""
    """Where drafts lie, if the server does not mark that folder."""


def open_session(settings: ImapSettings, password: str) -> IMAPClient:
    """Connect and log in.

    Raises:
        AuthError: the server refused name or password.
        Unreachable: there is no safe connection to be had.
        ConfigError: a plain connection to another machine is asked for, or the certificate file cannot be read.
    """
    context = _tls_context(settings)
    port = settings.port or _PORTS[settings.security]
    with imap_errors(f"{settings.host}:{port}"):
        client = IMAPClient(
            settings.host,
            port,
            ssl=settings.security == "tls",
            ssl_context=context,
            timeout=SocketTimeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S),
        )
        try:
            # imapclient turns on a trace that would write mail into the log, and takes time even where nobody reads it.
            client._imap.debug = 0  # noqa: SLF001
            if settings.security == "starttls":
                client.starttls(context)
            _log_in(client, settings.user, password)
        except BaseException:
            client.shutdown()
            raise
    return client


def close_session(client: IMAPClient) -> None:
    """Log out, or at least hang up."""
    try:
        client.logout()
    except (imaplib.IMAP4.error, OSError):
        try:
            client.shutdown()
        except OSError:
            logger.debug("The connection was already gone.")


@contextmanager
def imap_errors(server: str) -> Iterator[None]:
    """Say the errors of imapclient, sockets and TLS in this program's own words."""
    try:
        yield
    except LoginError as error:
        raise _login_refused(server, error) from error
    except CapabilityError as error:
        raise Unreachable(f"{server} cannot do what is asked: {error}", hint="Try --security tls.") from error
    except imaplib.IMAP4.abort as error:
        raise Unreachable(f"{server} ended the connection.", hint="Try again in a while.") from error
    except imaplib.IMAP4.error as error:
        raise AccountError(f"{server} answered: {error}", hint="Try again in a while.") from error
    except ssl.SSLCertVerificationError as error:
        hint = "Check the host's name; for a server with its own certificate, name it with --ca-file."
        raise Unreachable(f"The certificate of {server} is not trusted: {error.verify_message}.", hint=hint) from error
    except ssl.SSLError as error:
        hint = "Check the port; if it is the one for plain connections, add --security starttls."
        raise Unreachable(f"{server} does not speak TLS: {error.reason or error}.", hint=hint) from error
    except socket.gaierror as error:
        raise Unreachable(f"There is no server {server}.", hint="Check the host's name.") from error
    except OSError as error:
        reason = "it did not answer in time" if isinstance(error, TimeoutError) else error.strerror or error
        raise Unreachable(f"{server} cannot be reached: {reason}.", hint="Check host, port and network.") from error


def find_folder(client: IMAPClient, flag: str, *, named: str, option: str) -> str:
    r"""Return the folder named in the settings, else the one the server marks with a SPECIAL-USE flag (\Sent).

    Raises:
        FolderError: there is none.
    """
    folders = client.list_folders()
    names = [name for _, _, name in folders]
    if named:
        found = [name for name in names if name == named]
    else:
        found = [name for flags, _, name in folders if flag.lower() in {each.decode().lower() for each in flags}]
    if found:
        return str(found[0])
    missing = f'There is no folder "{named}"' if named else f"The server marks no folder as {flag}"
    raise FolderError(f"{missing}; there are: {', '.join(names) or 'none'}.", hint=f"Name it: {option} NAME")


def select(client: IMAPClient, folder: str, *, readonly: bool) -> dict[bytes, int]:
    """Select a folder and return what the server says of it (UIDVALIDITY, UIDNEXT, EXISTS, HIGHESTMODSEQ).

    Raises:
        FolderError: it is not there.
    """
    try:
        return dict(client.select_folder(folder, readonly=readonly))
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        raise FolderError(f'The folder "{folder}" cannot be opened: {error}', hint="Check its name.") from error


def _tls_context(settings: ImapSettings) -> ssl.SSLContext | None:
    if settings.security == "plain":
        if not _is_loopback(settings.host):
            hint = "Use --security tls or --security starttls."
            raise ConfigError(f"A plain connection to {settings.host} would show the password to others.", hint=hint)
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca_file or None)
    except OSError as error:
        raise ConfigError(
            f"The certificates in {settings.ca_file} cannot be read: {error}", hint="Check it."
        ) from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _log_in(client: IMAPClient, user: str, password: str) -> None:
    """Log in; LOGIN takes ASCII only (RFC 3501, 6.2.3), PLAIN any letters (RFC 4616)."""
    if user.isascii() and password.isascii():
        client.login(user, password)
    else:
        client.plain_login(user, password)


def _login_refused(server: str, error: LoginError) -> AccountError:
    # imapclient raises LoginError for whatever goes wrong meanwhile, a lost connection included.
    if isinstance(error.__context__, imaplib.IMAP4.abort) or any(code in str(error) for code in _SAID_OF_THE_SERVER):
        return Unreachable(f"{server} cannot log anybody in now.", hint="Try again in a while.")
    if "[PRIVACYREQUIRED]" in str(error):
        hint = "Use --security tls or --security starttls."
        return AuthError(f"{server} takes no password over a plain connection.", hint=hint)
    hint = (
        "Check user name and password. Where two-step sign-in is on (Gmail, iCloud, Yahoo, …), make an app password "
        "in the account's security settings and use that one."
    )
    return AuthError(f"{server} refused user name or password.", hint=hint)
