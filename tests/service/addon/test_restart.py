"""Drafts live in memory: where one is lost, what was asked for is not, and stands ready to be asked again."""

from typing import Any

import pytest

from connectors.errors import EngineDown
from service.addon.wishes import MOST_CARRIED
from tests.service.addon.google import Gmail
from tests.service.addon.house import AddonHouse
from tests.service.addon.pressing import OPEN_MAIL, WRITING, press, waited_for, written
from tests.service.addon.reading import buttons, how_shown, inputs, text, title
from tests.service.addon.test_deadline import in_haste

Json = dict[str, Any]

BOXES = {"instruction": "say yes", "tone": "formal", "language": "de", "length": "short"}
LOST = "This draft is not at hand any more."
STANDS = "What you asked for stands below: press Write to have it written again."


def boxes(card: Json) -> dict[str, str]:
    """What stands in a form's boxes."""
    found = inputs(card)
    chosen = {name: item["value"] for name in found for item in found[name].get("items", ()) if item["selected"]}
    return {"instruction": found["instruction"].get("value", ""), **chosen}


def write_again(house: AddonHouse, card: Json, gmail: Gmail | None = None) -> Json:
    """Press Write on a form as it stands."""
    return press(house, card, "Write", gmail, inputs=boxes(card))


def restarted(house: AddonHouse) -> AddonHouse:
    """The house after a restart, with a model that answers at once."""
    house.house.model_server.gate = None
    later = house.restarted()
    later.settings = house.settings.model_copy(update={"answer_within_s": 25})
    return later


def test_refresh_after_a_restart_offers_to_write_again(house: AddonHouse) -> None:
    """The card says what happened, and asks for the same: words, choices, recipients; one press writes it."""
    in_haste(house)
    waiting = press(house, house.ask("compose", gmail=Gmail(gmail=WRITING)), "Write", inputs=BOXES)
    assert title(waiting) == "Still writing"
    later = restarted(house)
    card = press(later, waiting, "Refresh")
    assert (title(card), how_shown(card)) == ("Write this mail", "updateCard")
    assert text(card) == f"{LOST}\n{STANDS}"
    assert boxes(card) == BOXES
    assert "see you soon" in text(write_again(later, card))
    request = house.house.retriever.asked[-1]
    assert (request.instruction, request.tone, request.language, request.length) == ("say yes", "formal", "de", "short")
    assert [person.addr for person in request.recipients] == ["marta@example.org", "bob@example.org"]


def test_another_process_offers_the_same_and_the_first_still_has_the_draft(house: AddonHouse) -> None:
    """Where several serve, a draft is its process's: the others do not know it, and take nothing from it."""
    gate = in_haste(house)
    card = press(house, house.ask("compose"), "Write", inputs=BOXES)
    assert boxes(press(house.restarted(), card, "Refresh")) == BOXES
    gate.release(100)
    card = waited_for(house, card)
    assert boxes(press(house.restarted(), card, "Insert")) == BOXES
    assert "hostAppAction" in press(house, card, "Insert")["renderActions"]


def test_answer_from_the_mail_alone_is_offered_again(house: AddonHouse) -> None:
    """Without an instruction there are no words to keep, but the mail it answers."""
    gmail = Gmail(gmail=OPEN_MAIL)
    card = press(house, house.ask("message", gmail=gmail), "Write", gmail)
    later = restarted(house)
    form = press(later, card, "Change", inputs={"change": ""})
    assert (title(form), text(form)) == ("Answer this mail", f"{LOST}\nWrite it again.")
    assert "see you soon" in text(write_again(later, form, gmail))
    assert house.house.retriever.asked[-1].subject == "Lunch"


def test_change_that_was_typed_is_not_lost(house: AddonHouse) -> None:
    """It stands below what was asked for first."""
    card = written(house, tone="formal")
    form = press(restarted(house), card, "Change", inputs={"change": "offer Tuesday too"})
    assert boxes(form)["instruction"] == "say yes\noffer Tuesday too"
    assert boxes(form)["tone"] == "formal"


def test_lost_change_is_offered_with_all_that_was_asked(house: AddonHouse) -> None:
    """A draft that was changed is asked for by each line that led to it."""
    second = press(house, written(house, length="short"), "Change", inputs={"change": "less formal"})
    third = press(house, second, "Change", inputs={"change": "offer Tuesday too"})
    form = press(restarted(house), third, "Insert")
    assert boxes(form)["instruction"] == "say yes\nless formal\noffer Tuesday too"
    assert boxes(form)["length"] == "short"


def test_failed_draft_is_offered_again_too(house: AddonHouse) -> None:
    """“Try again” of a card from before the restart."""
    house.house.model_server.error = EngineDown("The model server does not answer.", hint="It starts by itself.")
    card = press(house, house.ask("compose"), "Write", inputs=BOXES)
    house.house.model_server.error = None
    assert boxes(press(restarted(house), card, "Try again")) == BOXES


def test_last_draft_is_offered_again_too(house: AddonHouse) -> None:
    """“Show” of a card from before the restart."""
    written(house, tone="formal")
    card = house.ask("compose")
    assert boxes(press(restarted(house), card, "Show"))["tone"] == "formal"


def test_lost_draft_need_not_be_thrown_away(house: AddonHouse) -> None:
    """Discard says that it is not there, and asks for nothing."""
    answer = press(restarted(house), written(house), "Discard")["renderActions"]["action"]
    assert answer["notification"]["text"] == LOST
    assert answer["navigations"] == [{"popToRoot": True}]


def test_long_instruction_is_shortened_where_it_can_be_seen(house: AddonHouse) -> None:
    """Every button carries it, and a card may not be large; the box shows where it ends."""
    long = "tell her of the garden " * 100
    form = press(restarted(house), written(house, instruction=long), "Insert")
    kept = boxes(form)["instruction"]
    assert len(kept) <= MOST_CARRIED
    assert kept.endswith(" …")
    assert house.house.retriever.asked[0].instruction == long.strip()


def test_cards_from_before_carry_nothing_and_say_so(house: AddonHouse) -> None:
    """A button without words is answered with an empty form."""
    form = house.ask("refresh", parameters={"place": "compose", "job": "long-ago"})
    assert text(form) == f"{LOST}\nWrite it again."
    assert boxes(form)["instruction"] == ""


@pytest.mark.parametrize("name", ["tone", "language", "length"])
def test_choices_that_nobody_offered_choose_nothing(name: str, house: AddonHouse) -> None:
    """What a button carries is read as strictly as a box."""
    form = house.ask("refresh", parameters={"place": "compose", "job": "long-ago", name: "<b>rude</b>"})
    assert boxes(form)[name] == "free"


def test_words_on_a_button_are_no_html(house: AddonHouse) -> None:
    """They stand in the box as they were typed, and nowhere else."""
    form = press(restarted(house), written(house, instruction="<b>yes</b>"), "Insert")
    assert boxes(form)["instruction"] == "<b>yes</b>"
    assert "yes" not in text(form)


def test_lost_draft_speaks_the_language_of_gmail(house: AddonHouse) -> None:
    """German where Gmail is."""
    card = written(house)
    form = press(restarted(house), card, "Insert", Gmail(locale="de"))
    assert "Mit Schreiben wird er noch einmal geschrieben." in text(form)
    assert "Schreiben" in buttons(form)


def test_button_pressed_while_the_draft_is_in_the_making_elsewhere_writes_nothing(house: AddonHouse) -> None:
    """Refresh asks, and only Write writes: no draft is begun twice by itself."""
    in_haste(house)
    waiting = press(house, house.ask("compose"), "Write", inputs=BOXES)
    press(restarted(house), waiting, "Refresh")
    assert len(house.house.retriever.asked) == 1
