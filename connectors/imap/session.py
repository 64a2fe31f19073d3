"""One connection to an IMAP server: settings, connecting, hanging up, and the server's errors in plain words."""

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

from connectors.errors import AccountError, ConfigError, Unreachable
from connectors.imap.login import log_in, login_refused
from connectors.oauth.tokens import Credential
from connectors.tls import trust

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 20.0
READ_TIMEOUT_S = 60.0

# The answer to a search of a large folder is one line; imaplib gives up at 1 MB, which is 140,000 messages.
imaplib._MAXLINE = 64 << 20  # type: ignore[attr-defined]  # noqa: SLF001  imaplib has no other way

_PORTS = {"tls": 993, "starttls": 143, "plain": 143}


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


def open_session(
    settings: ImapSettings, credential: Credential, *, read_timeout_s: float = READ_TIMEOUT_S
) -> IMAPClient:
    """Connect and log in.

    Raises:
        AuthError: the server refused name, password or token.
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
            timeout=SocketTimeout(connect=CONNECT_TIMEOUT_S, read=read_timeout_s),
        )
        try:
            # imapclient turns on a trace that would write mail into the log, and takes time even where nobody reads it.
            client._imap.debug = 0  # noqa: SLF001
            if settings.security == "starttls":
                client.starttls(context)
            log_in(client, settings.user, credential)
        except BaseException:
            client.shutdown()
            raise
    return client


def close_session(client: IMAPClient) -> None:
    """Log out, or at least hang up."""
    try:
        client.logout()
    except (imaplib.IMAP4.error, OSError, ValueError):
        hang_up(client)


def hang_up(client: IMAPClient) -> None:
    """Close the connection without a word."""
    try:
        client.shutdown()
    except (OSError, ValueError):
        logger.debug("The connection was already gone.")


@contextmanager
def imap_errors(server: str) -> Iterator[None]:
    """Say the errors of imapclient, sockets and TLS in this program's own words."""
    try:
        yield
    except LoginError as error:
        raise login_refused(server, error) from error
    except CapabilityError as error:
        raise Unreachable(f"{server} cannot do what is asked: {error}", hint="Try --security tls.") from error
    except imaplib.IMAP4.abort as error:
        raise Unreachable(f"{server} ended the connection.", hint="Try again in a while.") from error
    except imaplib.IMAP4.error as error:
        raise _refused(server, error) from error
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
    except (ValueError, LookupError) as error:  # from reading answers that are no IMAP
        hint = "Check host and port; if they are right, its administrator may want to know."
        raise Unreachable(f"{server} answers what is no IMAP: {type(error).__name__}.", hint=hint) from error


def _refused(server: str, error: imaplib.IMAP4.error) -> AccountError:
    if "* BYE" in str(error):  # instead of a greeting
        return Unreachable(f"{server} takes no connections now.", hint="Try again in a while.")
    return AccountError(f"{server} answered: {error}", hint="Try again in a while.")


def _tls_context(settings: ImapSettings) -> ssl.SSLContext | None:
    if settings.security == "plain":
        if not _is_loopback(settings.host):
            hint = "Use --security tls or --security starttls."
            raise ConfigError(f"A plain connection to {settings.host} would show the password to others.", hint=hint)
        return None
    return trust(settings.ca_file)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
