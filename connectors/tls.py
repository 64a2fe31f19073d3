"""Whom to trust on the other end of a TLS connection."""

import ssl

from connectors.errors import ConfigError


def trust(ca_file: str) -> ssl.SSLContext:
    """Return a context that trusts the certificates of a file (PEM); "" stands for the system's.

    Raises:
        ConfigError: the file cannot be read.
    """
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise ConfigError(f"The certificates in {ca_file} cannot be read: {error}", hint="Check it.") from error
