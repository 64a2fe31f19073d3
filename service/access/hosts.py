"""The names this service answers to.

The rule this module keeps: a request that does not name this very service as its host is refused. A page of another
site that has its name point at this machine (DNS rebinding) gets nothing.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from service.problems import WrongHost


def check_host(host: str, allowed: Collection[str], port: int) -> None:
    """Refuse a Host header that names another service.

    Args:
        host: The header's value, such as "127.0.0.1:8380" or "[::1]:8380".
        allowed: Names without port (good with our port, or with none), or with the one port they are good with.
        port: The port we listen on.

    Raises:
        WrongHost: it is not among them.
    """
    name, given = split_host(host)
    for entry in allowed:
        entry_name, entry_port = split_host(entry)
        if name and name == entry_name and given in ({entry_port} if entry_port else {None, port}):
            return
    raise WrongHost(
        "This service does not go by that name.",
        hint=f"Use http://127.0.0.1:{port}, or add the name to [http] allowed_hosts in cyrano.toml.",
    )


def split_host(host: str) -> tuple[str, int | None]:
    """Part name and port; ("", None) for what is no host."""
    try:
        parts = urlsplit(f"//{host}")
        port = parts.port
    except ValueError:
        return "", None
    is_plain = not (parts.path or parts.query or parts.fragment or "@" in host)
    return (parts.hostname or "", port) if is_plain else ("", None)
