"""Two doors that do not lead into each other: the add-on's public name, and the names of the service at home.

The rule this module keeps: what comes in under the add-on's name reaches /addon/* and nothing else, and /addon/* is
reached under that name alone. So a tunnel to this machine opens neither the console nor `POST /draft`. A name is the
same with every port, and nobody at home goes by it: `check_names` refuses such a configuration.
"""

from collections.abc import Collection

from connectors.errors import ConfigError
from service.access.hosts import split_host
from service.addon.settings import AddonSettings
from service.problems import WrongHost

PREFIX = "/addon/"
_TLS = 443


def is_at_addons_door(host: str, path: str, settings: AddonSettings) -> bool:
    """Whether a request is the add-on's; False leaves it to the rules for the service at home.

    Args:
        host: The header's value.
        path: What is asked for.
        settings: The section `[addon]`.

    Raises:
        WrongHost: it came through one door and wants what lies behind the other.
    """
    if not settings.enabled:
        return False
    (name, port), (own, own_port) = _named(host), _named(settings.host)
    is_addons_name = name == own
    if is_addons_name != path.startswith(PREFIX) or (is_addons_name and port != own_port):
        hint = "The console and the extension use http://127.0.0.1; Google uses [addon] url, and only that."
        raise WrongHost("There is nothing here under that name.", hint=hint)
    return is_addons_name


def check_names(settings: AddonSettings, allowed: Collection[str]) -> None:
    """Refuse to have the add-on's public name among those of the service at home.

    Raises:
        ConfigError: it is among them.
    """
    own = _named(settings.host)[0]
    if settings.enabled and own in {_named(entry)[0] for entry in allowed}:
        hint = "Take it out: the console and the extension need another name, one that no tunnel leads to."
        raise ConfigError(f"[http] allowed_hosts has {own}, the add-on's public name ([addon] url).", hint=hint)


def _named(host: str) -> tuple[str, int]:
    """Part name and port; a dot at a name's end, and a port that goes without saying, are other ways to write it."""
    name, port = split_host(host.strip())
    return name.removesuffix("."), _TLS if port is None else port
