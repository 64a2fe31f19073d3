"""What becomes of drafts that are asked for while the engine rests, by people and by mail."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from connectors.errors import EngineDown
from service.draft_row import State
from service.engine.rest import RETRY_AFTER_S, RestWatch, resting
from service.http import HttpSettings
from service.serving.adapters import AdapterKeeper
from service.watching.settings import WatchSettings
from service.watching.watch import Watcher, WatchState
from service.web import create_app
from tests.service.stand_ins import House, StandInAdapters, make_database
from tests.service.watching.fake_mailbox import INBOX
from tests.service.watching.watched import ANA, World, mail

WHY = "while Cyrano learns from ana's mail"
ASK = {"instruction": "meet Marta", "to": ["marta@example.org"], "subject": "Lunch"}


@dataclass
class NoAdapters:
    """An engine that has the base model only, and remembers what is asked of it."""

    asked: list[str] = field(default_factory=list)

    def places(self) -> dict[str, str]:
        """One."""
        self.asked.append("models")
        return dict.fromkeys(["base"], "")

    def base_path(self) -> str:
        """Never asked."""
        raise AssertionError

    def load_adapter(self, name: str, path: Path) -> None:
        """Likewise."""
        raise AssertionError((name, path))

    def unload_adapter(self, name: str) -> None:
        """Likewise."""
        raise AssertionError(name)

    def probe(self, model: str) -> None:
        """Likewise."""
        raise AssertionError(model)


def keeper_of(home: Path, server: NoAdapters | None = None) -> AdapterKeeper:
    """The real keeper of adapters, which looks whether the engine of a home rests."""
    awake = RestWatch(home).check
    return AdapterKeeper(home / "adapters", server or NoAdapters(), base="base", base_model="base", awake=awake)


class Kept(StandInAdapters):
    """The real keeper in the place of its stand-in."""

    def __init__(self, keeper: AdapterKeeper) -> None:
        super().__init__()
        self._keeper = keeper

    @contextmanager
    def serving(self, name: str) -> Iterator[str]:
        """As the keeper does it."""
        with self._keeper.serving(name) as model:
            yield model


def at_rest(home: Path) -> AbstractContextManager[None]:
    """The engine rests for a block; there is none here that would have to end."""
    return resting(home, WHY, "stop", drain_s=1, is_there=lambda: False)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A drafter that looks whether the engine rests."""
    made = House(engine=make_database(tmp_path))
    made.adapters = Kept(keeper_of(tmp_path))
    return made


def test_a_person_is_told_when_to_ask_again(house: House, tmp_path: Path) -> None:
    """503 with Retry-After and a sentence; once the rest is over the same request gets its draft."""
    client = create_app(house.parts(), HttpSettings()).test_client()
    headers = {"Authorization": f"Bearer {house.tokens.create('ana', 'test')}"}

    def ask() -> TestResponse:
        return client.post("/draft", base_url="http://127.0.0.1:8380", headers=headers, json=ASK)

    with at_rest(tmp_path):
        answer = ask()
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == str(RETRY_AFTER_S)
        assert WHY in answer.get_json(force=True)["detail"]
        assert answer.get_json(force=True)["reason"] == "rests"
        assert house.model_server.prompts == []
    assert ask().status_code == 200


def test_nothing_is_loaded_into_an_engine_that_rests(tmp_path: Path) -> None:
    """A sleeping GPU has no room for an adapter: the flip waits."""
    server = NoAdapters()
    keeper = keeper_of(tmp_path, server)
    with at_rest(tmp_path), pytest.raises(EngineDown, match="rests"):
        keeper.refresh()
    assert server.asked == []
    keeper.refresh()
    assert server.asked


def _watcher(world: World, house: House) -> Watcher:
    return Watcher(
        ANA,
        WatchSettings.model_validate({"poll_s": 0.01, "instructions": False}),
        connect=lambda: world.server,
        ledger=house.ledger,
        drafter=house.drafter(),
        clock=world.tick,
        sleep=lambda _: None,
    )


def test_mail_that_comes_meanwhile_is_answered_after_exactly_once(world: World, tmp_path: Path) -> None:
    """It waits however often it is looked at, is not given up for it, and gets one draft when the engine is back."""
    house = House(engine=world.archive.engine)
    house.adapters = Kept(keeper_of(tmp_path))
    watcher, stop = _watcher(world, house), threading.Event()
    with at_rest(tmp_path):
        for number in range(1, 4):
            world.server.put(INBOX, mail(number))
        for _ in range(8):  # more often than a mail is tried that fails by itself
            watcher.check(world.server, stop)
        waiting = watcher.status
        assert (waiting.state, waiting.waiting) == (WatchState.WAITING, 3)
        assert WHY in waiting.error
        assert world.server.draft_bytes == []
    for _ in range(3):
        watcher.check(world.server, stop)
    assert watcher.status.state == WatchState.WATCHING
    assert [len(world.drafts_for(number)) for number in range(1, 4)] == [1, 1, 1]
    assert world.states == [State.APPENDED] * 3


def test_mail_that_waits_for_a_rest_survives_a_restart(world: World, tmp_path: Path) -> None:
    """Cyrano is started anew in the middle: the next one goes on, and nothing is doubled."""
    house = House(engine=world.archive.engine)
    house.adapters = Kept(keeper_of(tmp_path))
    stop = threading.Event()
    world.server.put(INBOX, mail())
    with at_rest(tmp_path):
        _watcher(world, house).check(world.server, stop)
        _watcher(world, house).check(world.server, stop)
    for _ in range(2):
        _watcher(world, house).check(world.server, stop)
    assert len(world.drafts_for(1)) == 1
