"""An account's settings, as each part of the program reads its own."""

import pytest
from pydantic import BaseModel, ConfigDict

from connectors.errors import ConfigError
from connectors.settings import has_section, read_settings
from tests.connectors.samples import account_record


class Place(BaseModel):
    """What a kind needs."""

    model_config = ConfigDict(extra="forbid")

    host: str


class Client(BaseModel):
    """What a section holds."""

    model_config = ConfigDict(extra="forbid")

    client_id: str


def test_a_section_is_read_apart() -> None:
    """Neither sees the settings of the other as unknown ones."""
    record = account_record(**{"host": "localhost", "oauth.client_id": "x"})
    assert read_settings(Place, record).host == "localhost"
    assert read_settings(Client, record, section="oauth").client_id == "x"
    assert has_section(record, "oauth")
    assert not has_section(account_record(host="localhost"), "oauth")


def test_what_is_wrong_is_named_with_a_way_out() -> None:
    """Settings are made by commands, so the command is named."""
    with pytest.raises(ConfigError, match='"ana", setting "client_id"') as caught:
        read_settings(Client, account_record(host="localhost"), section="oauth")
    assert "account remove ana" in caught.value.hint
