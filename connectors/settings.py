"""Reading an account's settings as its kind understands them."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from connectors.account import AccountRecord
from connectors.errors import ConfigError

Settings = TypeVar("Settings", bound=BaseModel)


def read_settings(kind: type[Settings], record: AccountRecord) -> Settings:
    """Read the settings of an account.

    Raises:
        ConfigError: one is unknown, missing or of the wrong type.
    """
    try:
        return kind.model_validate(dict(record.settings))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        hint = f"Remove the account and add it again: cyrano account remove {record.name}"
        raise ConfigError(f'Account "{record.name}", setting "{name}": {first["msg"]}.', hint=hint) from error
