"""What tests of the console share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.desk import Standing
from service.refresh.runs import RunState
from tests.service.stand_ins import House, make_database
from tests.service.web.standin_desk import StandInDesk, evaluation, mails, run, shelved

BASE = "http://127.0.0.1:8380"
Ask = Callable[..., Any]


@pytest.fixture
def desk() -> StandInDesk:
    """A desk with three adapters, two runs and some mail of Ana's, and nothing of Bob's."""
    return StandInDesk(
        shelves={"ana": [shelved(3, Standing.SERVING), shelved(2, Standing.READY), shelved(1, Standing.KEPT)]},
        evaluations={"ana@v3": evaluation(3)},
        pages={("ana@v3", "report.html"): b"<title>How it learned</title>"},
        ran={"ana": [run(RunState.LIVE, number=2), run(RunState.SKIPPED, number=1, adapter="")]},
        archive={"ana": [*mails(30), *mails(2, kept=False, reason="a duplicate")]},
        knowing=("ana@v2", "ana@v3"),
    )


@pytest.fixture
def house(tmp_path: Path, desk: StandInDesk) -> House:
    """A drafter with its stand-ins, and the desk."""
    return House(engine=make_database(tmp_path), desk=desk, notices=())


@pytest.fixture
def ask(house: House, client: FlaskClient) -> Ask:
    """Ask as an account does, with its token: `ask("/console/adapters")`, `ask("/console/train", {})`."""
    tokens = {name: house.tokens.create(name, "console") for name in ("ana", "bob")}

    def ask_as(path: str, form: dict[str, str] | None = None, *, account: str = "ana") -> Any:
        headers = {"Authorization": f"Bearer {tokens[account]}"}
        if form is None:
            return client.get(path, headers=headers, base_url=BASE)
        return client.post(path, headers=headers, base_url=BASE, data=form)

    return ask_as
