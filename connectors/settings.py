"""Reading an account's settings as its kind understands them.

Settings named "oauth.client_id" belong to the section "oauth", which is read apart; those without a point to the kind.
"""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from connectors.account import AccountRecord
from connectors.errors import ConfigError

Settings = TypeVar("Settings", bound=BaseModel)


def read_settings(kind: type[Settings], record: AccountRecord, *, section: str = "") -> Settings:
    """Read the settings of an account, or one section of them.

    Raises:
        ConfigError: one is unknown, missing or of the wrong type.
    """
    try:
        return kind.model_validate(_section(record, section))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        hint = f"Remove the account and add it again: cyrano account remove {record.name}"
        raise ConfigError(f'Account "{record.name}", setting "{name}": {first["msg"]}.', hint=hint) from error


def has_section(record: AccountRecord, section: str) -> bool:
    """Tell whether an account has settings of a section."""
    return bool(_section(record, section))


def _section(record: AccountRecord, section: str) -> dict[str, str | int | bool]:
    named = ((*name.rpartition("."), value) for name, value in record.settings.items())
    return {name: value for prefix, _, name, value in named if prefix == section}
