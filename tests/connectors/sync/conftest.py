"""What tests of sync share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.archive import Archive
from tests.connectors.samples import account_record


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An archive with Ana's account."""
    with Archive.open(f"sqlite:///{tmp_path / 'cyrano.db'}") as opened:
        opened.add_account(account_record())
        yield opened
