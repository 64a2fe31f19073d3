"""The add-on in somebody's hands: from a card to a draft in the compose window."""

from typing import Any

import pytest

from service.addon.cards import unpointed
from service.draft_row import State
from service.feedback import FeedbackKind
from tests.service.addon.google import Gmail
from tests.service.addon.house import AddonHouse
from tests.service.addon.pressing import OPEN_MAIL, WRITING, press, written
from tests.service.addon.reading import buttons, card_of, how_shown, inputs, text, title
from tests.service.given import kinds_of
from tests.service.stand_ins import MARTA

Json = dict[str, Any]


def test_home_says_whose_drafts_are_written_and_by_what(house: AddonHouse) -> None:
    """Without a mail the card names the owner, the adapter, and what is not as it should be."""
    card = house.ask("home")
    assert title(card) == "Cyrano"
    assert "Ana Lopez <ana@example.org>" in text(card)
    assert "ana@v1" in text(card)
    assert "You could not be told how a run ended." in text(card)


def test_form_offers_instruction_tone_language_and_length(house: AddonHouse) -> None:
    """Beside a mail and in the compose window the same boxes stand, and one line of each list is chosen."""
    for path in ("message", "compose"):
        found = inputs(house.ask(path))
        assert list(found) == ["instruction", "tone", "language", "length"]
        for name in ("tone", "language", "length"):
            assert [item["value"] for item in found[name]["items"] if item["selected"]] == ["free"]
        assert {item["value"] for item in found["tone"]["items"]} == {"free", "friendly", "neutral", "formal"}
        assert {"de", "fr"} < {item["value"] for item in found["language"]["items"]}


def test_draft_for_the_compose_window(house: AddonHouse) -> None:
    """What is typed and chosen goes into the request, with the recipients of the window; the draft comes as a card."""
    card = written(house, tone="formal", language="de", length="short")
    (request,) = house.house.retriever.asked
    assert (request.account, request.instruction) == ("ana", "say yes")
    assert (request.tone, request.language, request.length) == ("formal", "de", "short")
    assert [person.addr for person in request.recipients] == ["marta@example.org", "bob@example.org"]
    assert how_shown(card) == "pushCard"
    assert "Hi Marta,\n\nsee you soon.\n\nAna" in text(card)
    assert set(buttons(card)) == {"Insert", "Discard", "Change"}


def test_lists_left_as_they_are_choose_nothing(house: AddonHouse) -> None:
    """What stands first in a list, and what nobody offered, leaves it to the mail."""
    written(house, tone="free", language="free", length="free")
    written(house, tone="rude", language="xx", length="1000 words")
    for request in house.house.retriever.asked:
        assert (request.tone, request.length) == ("", "")
        assert request.language == "en"


def test_recipients_come_back_with_the_button_where_the_event_has_none(house: AddonHouse) -> None:
    """What Google leaves out of a button's event, the button carries."""
    form = house.ask("compose", gmail=Gmail(gmail=WRITING))
    press(house, form, "Write", inputs={"instruction": "say yes"})
    (request,) = house.house.retriever.asked
    assert [person.addr for person in request.recipients] == ["marta@example.org", "bob@example.org"]


def test_insert_hands_over_escaped_paragraphs(house: AddonHouse) -> None:
    """The text goes where the cursor is, as paragraphs; nothing in it is HTML, nothing else is touched."""
    house.house.model_server.pieces = ["Hi <b>Marta</b> & all,\n\n", "see\nyou <img src=x onerror=alert(1)>."]
    answer = press(house, written(house), "Insert")
    update = answer["renderActions"]["hostAppAction"]["gmailAction"]["updateDraftActionMarkup"]
    assert set(update) == {"updateBody"}
    (content,) = update["updateBody"]["insertContents"]
    assert content["contentType"] == "MUTABLE_HTML"
    assert content["content"] == (
        "<p>Hi &lt;b&gt;Marta&lt;/b&gt; &amp; all,</p><p>see<br>you &lt;img src=x onerror=alert(1)&gt;.</p>"
    )
    (row,) = house.house.ledger.recent("ana", 5)
    assert row.state is State.DONE
    assert kinds_of(house.house.engine, "ana", row.draft_id) == [FeedbackKind.INSERTED]


def test_answer_to_an_open_mail_needs_no_instruction(house: AddonHouse) -> None:
    """The mail is fetched with the event's two tokens, cleaned, and answered to whoever wrote it."""
    form = house.ask("message", gmail=Gmail(gmail=OPEN_MAIL))
    card = press(house, form, "Write", Gmail(gmail=OPEN_MAIL), inputs={"instruction": ""})
    (request,) = house.house.retriever.asked
    assert [message.text for message in request.thread] == ["Hi Ana,\n\nare you free for lunch on Tuesday?\n\nMarta"]
    assert (request.subject, request.recipients) == ("Lunch", (MARTA,))
    (asked,) = house.gmail_server.asked
    assert asked.url.path == "/gmail/v1/users/me/messages/m1"
    assert asked.headers["x-goog-gmail-access-token"] == "message-token"
    assert "Insert" not in buttons(card)
    assert "press Reply in Gmail" in text(card)


def test_mail_opens_with_the_token_of_its_opening(house: AddonHouse) -> None:
    """Where a button's event comes without the mail's token, that of the opening serves; another mail's does not."""
    form = house.ask("message", gmail=Gmail(gmail=OPEN_MAIL))
    press(house, form, "Write")
    assert house.gmail_server.asked[0].headers["x-goog-gmail-access-token"] == "message-token"
    other = house.ask("message", gmail=Gmail(gmail={"messageId": "m2", "accessToken": "token-2"}))
    press(house, other, "Write", gmail=Gmail(gmail=OPEN_MAIL))
    assert house.gmail_server.asked[1].headers["x-goog-gmail-access-token"] == "token-2"


def test_event_that_brings_the_mails_token_needs_no_opening(house: AddonHouse) -> None:
    """After a restart nothing is remembered: what comes with the button serves, for its own mail and no other."""
    gmail, boxes = Gmail(gmail=OPEN_MAIL), {"instruction": ""}
    house.ask("write", gmail=gmail, parameters={"place": "message", "message": "m1"}, inputs=boxes)
    assert house.gmail_server.asked[0].headers["x-goog-gmail-access-token"] == "message-token"
    other = house.ask("write", gmail=gmail, parameters={"place": "message", "message": "m2"}, inputs=boxes)
    assert "Close the mail, open it again" in text(other)
    assert len(house.gmail_server.asked) == 1


def test_draft_for_an_open_mail_can_be_inserted_into_its_answer(house: AddonHouse) -> None:
    """Written beside the mail, inserted in the compose window: there the newest draft is offered."""
    press(house, house.ask("message", gmail=Gmail(gmail=OPEN_MAIL)), "Write")
    compose = house.ask("compose", gmail=Gmail(gmail=WRITING))
    assert "Lunch" in text(compose)
    shown = press(house, compose, "Show", Gmail(gmail=WRITING))
    assert how_shown(shown) == "updateCard"
    assert "see you soon" in text(shown)
    inserted = press(house, shown, "Insert")
    assert "hostAppAction" in inserted["renderActions"]


def test_discarded_draft_is_offered_no_more(house: AddonHouse) -> None:
    """Thrown away is thrown away, and the ledger knows."""
    answer = press(house, written(house), "Discard")
    assert answer["renderActions"]["action"]["notification"]["text"] == "Discarded."
    assert "Show" not in buttons(house.ask("compose"))
    (row,) = house.house.ledger.recent("ana", 5)
    assert kinds_of(house.house.engine, "ana", row.draft_id) == [FeedbackKind.DISCARDED]


def test_draft_is_changed_as_told(house: AddonHouse) -> None:
    """Change writes anew from the draft and both instructions; the ledger knows what replaced what."""
    first = written(house, tone="formal")
    house.house.model_server.pieces = ["Yes."]
    second = press(house, first, "Change", inputs={"change": "shorter"})
    request = house.house.retriever.asked[-1]
    assert (request.instruction, request.earlier, request.tone) == ("shorter", ("say yes",), "formal")
    assert request.revised == "Hi Marta,\n\nsee you soon.\n\nAna"
    assert text(second).startswith("Yes.")
    newer, older = sorted(house.house.ledger.recent("ana", 5), key=lambda row: row.text != "Yes.")
    assert newer.replaces == older.draft_id
    assert kinds_of(house.house.engine, "ana", older.draft_id) == [FeedbackKind.REFINED]


def test_unsupported_facts_and_sources_are_shown(house: AddonHouse) -> None:
    """What traces to nothing is marked and named; what the draft leans on can be read."""
    house.house.model_server.pieces = ["It costs €99 <now>.\nSee https://pay.example/x or ask Ana."]
    card = written(house)
    (draft, *_) = [widget["textParagraph"]["text"] for widget in card_of(card)["sections"][0]["widgets"]]
    assert '<font color="#b3261e"><u>€99</u></font> &lt;now&gt;.<br>See' in draft
    (doubts,) = [section for section in card_of(card)["sections"] if "trace to nothing" in section.get("header", "")]
    lines = [widget["decoratedText"] for widget in doubts["widgets"] if "decoratedText" in widget]
    assert [(line["topLabel"], line["text"]) for line in lines] == [
        ("Amount", "€99"),
        ("Link", "https://pay.example/x"),
    ]
    (sources,) = [section for section in card_of(card)["sections"] if "Leans on" in section.get("header", "")]
    (source,) = sources["widgets"]
    assert source["decoratedText"]["topLabel"] == "Lunch"
    assert "see you at 12:30" in source["decoratedText"]["text"]
    assert source["decoratedText"]["bottomLabel"] == unpointed("2026-11-21, to Marta Kling <marta@example.org>")


@pytest.mark.parametrize(
    ("kept", "inserted"),
    [({}, "Pay at [link left out] soon."), ({"keep": "keep"}, "Pay at https://pay.example/x soon.")],
)
def test_unsupported_links_are_inserted_only_where_that_is_ticked(
    kept: dict[str, str], inserted: str, house: AddonHouse
) -> None:
    """Law 9: a link that nobody here wrote is left out, and a mark says where; a ticked box keeps it."""
    house.house.model_server.pieces = ["Pay at https://pay.example/x soon."]
    card = written(house)
    assert inputs(card)["keep"]["type"] == "CHECK_BOX"
    assert not inputs(card)["keep"]["items"][0]["selected"]
    answer = press(house, card, "Insert", inputs=kept)
    update = answer["renderActions"]["hostAppAction"]["gmailAction"]["updateDraftActionMarkup"]
    assert update["updateBody"]["insertContents"][0]["content"] == f"<p>{inserted}</p>"


def test_what_only_looks_like_a_link_is_inserted(house: AddonHouse) -> None:
    """A sentence that lacks a blank is shown as it is, and goes in whole, with nothing to tick."""
    house.house.model_server.pieces = ["That is ok.it will do."]
    card = written(house)
    assert "keep" not in inputs(card)
    answer = press(house, card, "Insert")
    update = answer["renderActions"]["hostAppAction"]["gmailAction"]["updateDraftActionMarkup"]
    assert update["updateBody"]["insertContents"][0]["content"] == "<p>That is ok.it will do.</p>"


def test_cards_speak_the_language_of_gmail(house: AddonHouse) -> None:
    """German where Gmail speaks German, English for any other language."""
    assert title(house.ask("message", gmail=Gmail(locale="de-CH"))) == "Diese Mail beantworten"
    assert title(house.ask("message", gmail=Gmail(locale="fr"))) == "Answer this mail"
    assert title(house.ask("message", gmail=Gmail(locale=""))) == "Answer this mail"


def test_each_card_has_buttons_of_its_own(house: AddonHouse) -> None:
    """The same button of two cards makes two requests: neither is taken for a replay of the other."""
    first, second = house.ask("compose"), house.ask("compose")
    one, two = (buttons(card)["Write"]["parameters"]["nonce"] for card in (first, second))
    assert one != two
    assert len(one) >= 16


def test_nothing_is_done_over_get(house: AddonHouse) -> None:
    """A link, an image or a crawler reaches nothing."""
    for path in ("home", "write", "insert"):
        assert house.client.get(f"/addon/{path}", base_url="https://cyrano.example.org").status_code == 405
