"""Two doors that do not lead into each other: the add-on's public name, and the names of the service at home.

The rule this module keeps: what comes in under the add-on's name reaches /addon/* and nothing else, and /addon/* is
reached under that name alone. So a tunnel to this machine opens neither the console nor `POST /draft`.
"""

from service.addon.settings import AddonSettings
from service.problems import WrongHost

PREFIX = "/addon/"


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
    is_addons_name = host.strip().lower().removesuffix(":443") == settings.host.removesuffix(":443")
    if is_addons_name != path.startswith(PREFIX):
        hint = "The console and the extension use http://127.0.0.1; Google uses [addon] url, and only that."
        raise WrongHost("There is nothing here under that name.", hint=hint)
    return is_addons_name
