"""Gmail waits 30 seconds: a card comes before that, whatever the model, Gmail's interface or a stranger does."""

import itertools
import threading
import time

from connectors.errors import EngineDown
from service.addon.settings import GOOGLE_WAITS_S, AddonSettings
from service.draft_row import State
from tests.service.addon.google import Gmail, sign, system_claims
from tests.service.addon.house import AddonHouse
from tests.service.addon.pressing import OPEN_MAIL, press, waited_for
from tests.service.addon.reading import buttons, how_shown, text, title
from tests.waiting import until

QUICK_S = 0.2


def in_haste(house: AddonHouse) -> threading.Semaphore:
    """A model that waits after its first word, and little patience."""
    house.settings = house.settings.model_copy(update={"answer_within_s": QUICK_S})
    house.house.model_server.gate = threading.Semaphore(0)
    return house.house.model_server.gate


def test_slow_draft_answers_in_time_and_is_fetched_later(house: AddonHouse) -> None:
    """The first card says that it is still written; Refresh in its place waits again, and then shows the draft."""
    gate = in_haste(house)
    form = house.ask("compose")
    began = time.monotonic()
    waiting = press(house, form, "Write", inputs={"instruction": "say yes"})
    assert QUICK_S <= time.monotonic() - began < QUICK_S + 2
    assert title(waiting) == "Still writing"
    assert "press Refresh" in text(waiting)
    assert set(buttons(waiting)) == {"Refresh"}
    again = press(house, waiting, "Refresh")
    assert (title(again), how_shown(again)) == ("Still writing", "updateCard")
    gate.release(10)
    done = waited_for(house, again)
    assert "see you soon" in text(done)
    assert "Insert" in buttons(done)
    assert len(house.house.ledger.recent("ana", 5)) == 1


def test_slow_mail_answers_in_time_too(house: AddonHouse) -> None:
    """Fetching the mail counts: what Gmail's interface takes is not added."""
    in_haste(house).release(10)
    house.gmail_server.gate = threading.Event()
    form = house.ask("message", gmail=Gmail(gmail=OPEN_MAIL))
    began = time.monotonic()
    waiting = press(house, form, "Write", Gmail(gmail=OPEN_MAIL))
    assert title(waiting) == "Still writing"
    assert time.monotonic() - began < QUICK_S + 2
    house.gmail_server.gate.set()


def test_what_was_spent_before_counts(house: AddonHouse) -> None:
    """The wait is what is left of the time, not the whole of it once more."""
    in_haste(house)
    house.settings = house.settings.model_copy(update={"answer_within_s": 10})
    ticks = itertools.count(step=20)
    house.clock = lambda: next(ticks)
    began = time.monotonic()
    assert title(press(house, house.ask("compose"), "Write", inputs={"instruction": "say yes"})) == "Still writing"
    assert time.monotonic() - began < 5


def test_default_leaves_room_before_gmail_gives_up() -> None:
    """The wait ends well before Gmail's own does."""
    assert AddonSettings().answer_within_s <= GOOGLE_WAITS_S - 5


def test_failure_of_a_slow_draft_is_told_on_refresh(house: AddonHouse) -> None:
    """What goes wrong in the background is said as a card, with what to do."""
    gate = in_haste(house)
    house.house.model_server.error = EngineDown("The model server does not answer.", hint="It starts by itself.")
    waiting = press(house, house.ask("compose"), "Write", inputs={"instruction": "say yes"})
    gate.release(10)
    waiting = waited_for(house, waiting)
    assert title(waiting) == "That did not work"
    assert text(waiting) == "The model server does not answer.\nIt starts by itself."
    house.house.model_server.error = None
    gate.release(10)
    again = press(house, waiting, "Try again")
    again = waited_for(house, again)
    assert (title(again), how_shown(again)) == ("Draft", "updateCard")


def test_too_many_drafts_at_once_are_refused_in_words(house: AddonHouse) -> None:
    """An account has as many in the making as anywhere else; a draft that ends makes room."""
    gate = in_haste(house)
    house.http = house.http.model_copy(update={"drafts_at_once": 1})
    form = house.ask("compose")
    waiting = press(house, form, "Write", inputs={"instruction": "one"})
    refused = press(house, house.ask("compose"), "Write", inputs={"instruction": "two"})
    assert "1 drafts are in the making already." in text(refused)
    gate.release(10)
    waiting = waited_for(house, waiting)
    assert title(press(house, house.ask("compose"), "Write", inputs={"instruction": "two"})) in {
        "Draft",
        "Still writing",
    }


def test_draft_nobody_asks_after_is_broken_off(house: AddonHouse) -> None:
    """Who closed Gmail does not keep the model busy."""
    now = [0.0]
    house.jobs_clock = lambda: now[0]
    gate = in_haste(house)
    press(house, house.ask("compose"), "Write", inputs={"instruction": "say yes"})
    now[0] = 121.0
    gate.release(1)
    assert house.house.model_server.is_closed.wait(5)
    until(lambda: house.house.ledger.recent("ana", 1)[0].state is State.CANCELLED)


def test_strangers_do_not_wait(house: AddonHouse) -> None:
    """A refused request costs neither a draft nor a wait, and Google's keys are fetched once for all of them."""
    in_haste(house)
    for number in range(20):
        assert house.post("write", Gmail(user_token=f"x{number}").event("write")).status_code == 401
    assert house.post("write", Gmail().event("write"), bearer=sign(system_claims("home"))).status_code == 401
    assert house.house.ledger.recent("ana", 5) == []
    assert house.keys.asked == 1
