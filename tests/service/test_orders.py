"""What stands on the command line of `cyrano train`, made into an order or refused before anything starts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.account import AccountRecord
from connectors.errors import TooFewMails, UsageError
from connectors.message import Address
from service.app import App
from service.config import Settings
from service.orders import Wish, needs_engine, order_run
from service.recipes import TINY_DATA


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A home with one account without mail."""
    app = App(tmp_path / "home", Settings.model_validate({"engine": {"model": "/models/one"}}))
    ana = Address(addr="ana@example.org", name="Ana")
    app.archive.add_account(
        AccountRecord(name="ana", kind="mbox", owner=ana, addresses=frozenset({ana.addr}), settings={})
    )
    yield app
    app.close()


MAIL = TINY_DATA["mail"]
DOCUMENTS = TINY_DATA["documents"]


@pytest.mark.parametrize(
    "wishes",
    [
        {"is_tiny": True},
        {"carried": MAIL, "data": DOCUMENTS},
        {"data": DOCUMENTS, "stop_after": "clean"},
        {"stop_after": "playback"},
        {"stop_after": "examples", "output": Path("x")},
        {"recipe": "panza-rosa", "is_tiny": True, "carried": MAIL},
        {"recipe": "panza-rosa", "is_tiny": True, "account": "ana"},
        {"recipe": "panza-rosa", "is_tiny": True, "sets": ("model=/models/two",)},
        {"recipe": "panza-rosa", "data": DOCUMENTS},
        {"recipe": "llama-3b-documents-qlora", "data": DOCUMENTS, "stop_after": "examples"},
        {"recipe": "llama-3b-documents-qlora", "carried": MAIL},
        {"recipe": "llama-3b-documents-qlora"},
        {"sets": ("method=rosa", "quantisation=nf4")},
        {"sets": ("lerning_rate=1",)},
        {"account": "nobody"},
    ],
)
def test_what_contradicts_itself_is_refused(app: App, wishes: dict[str, Any]) -> None:
    """Each has an error that says what to leave out or to change."""
    with pytest.raises(UsageError) as caught:
        order_run(app, Wish(**wishes))
    assert caught.value.hint


def test_an_account_without_mail_is_told_so(app: App) -> None:
    """Before an engine is started for it."""
    with pytest.raises(TooFewMails):
        order_run(app, Wish())


def test_carried_mail_needs_an_engine_only_for_what_has_no_instruction(app: App, tmp_path: Path) -> None:
    """And goes into a folder of its own first: whoever knows the archive decides whether it may serve."""
    order = order_run(app, Wish(carried=MAIL))
    assert (order.account, order.archive_url, needs_engine(order)) == ("marta", "", False)
    assert order.model_copy(update={"run": "marta-1"}).place == app.home / "trained" / "marta-1"
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "about.json").write_bytes((MAIL / "about.json").read_bytes())
    (bare / "mails.jsonl").write_text('{"message_id": "1", "instruction": null}\n', "utf-8")
    assert needs_engine(order_run(app, Wish(carried=bare)))


def test_a_corpus_is_named_after_its_folder(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the folder one stands in."""
    monkeypatch.chdir(DOCUMENTS)
    order = order_run(app, Wish(data=Path()))
    assert (order.account, needs_engine(order)) == ("documents", False)


def test_a_recipe_for_mail_trains_the_engines_model(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """An adapter is of use only to the model that the engine serves; --set names another."""
    monkeypatch.setattr("service.orders._check_mail", lambda *_: None)
    assert order_run(app, Wish(recipe="panza-75-mails")).model == "/models/one"
    named = order_run(app, Wish(recipe="panza-75-mails", sets=("model=/models/two", "epochs=2")))
    assert (named.model, named.settings.epochs) == ("/models/two", 2)
