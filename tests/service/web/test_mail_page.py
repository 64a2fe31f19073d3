"""The page Mail: what is sought is found page by page, and what is taken out says what that means."""

import json
import re

from connectors.archive_search import Search, Where, Which
from tests.service.web.conftest import Ask
from tests.service.web.standin_desk import StandInDesk


def test_mail_is_shown_with_its_text_and_a_way_out(ask: Ask) -> None:
    """A page of mail, each with subject, people, text, and a button that asks first."""
    page = ask("/console/mail", {}).text
    assert "30 mails to learn from, page 1 of 2." in page
    assert page.count("<details>") == 25
    assert page.count("hx-confirm=") == 25
    assert "Thursday is fine, but not before ten." in page
    assert "Marta Kling &lt;marta@example.org&gt;" in page


def test_pages_are_turned_with_the_same_words(ask: Ask, desk: StandInDesk) -> None:
    """The buttons carry what was sought; at an end they are off."""
    page = ask("/console/mail", {"words": "ten", "which": "all", "where": "subject"}).text
    assert "found" in page
    page = ask("/console/mail", {}).text
    newer, older = re.findall(r"<button type=\"button\" id=\"turn-\d\".*?hx-vals='([^']*)'([^>]*)>", page)
    assert "disabled" in newer[1]
    assert "disabled" not in older[1]
    assert json.loads(older[0]) == {"words": "", "where": "anywhere", "which": "learned", "reason": "", "page": 1}
    assert "page 2 of 2" in ask("/console/mail", {key: str(value) for key, value in json.loads(older[0]).items()}).text
    assert desk.sought[-1].page == 1


def test_what_the_page_does_not_offer_counts_as_not_chosen(ask: Ask, desk: StandInDesk) -> None:
    """Made-up choices, wild numbers and endless words are brought to what is offered."""
    ask("/console/mail", {"words": "x" * 999, "where": "everywhere", "which": "secret", "page": "-7", "reason": "r"})
    ask("/console/mail", {"page": "many", "which": "left-out", "reason": "a duplicate", "where": "people"})
    assert desk.sought == [
        Search(words="x" * 200),
        Search(where=Where.PEOPLE, which=Which.LEFT_OUT, reason="a duplicate"),
    ]


def test_mail_left_out_says_why_and_offers_no_way_out(ask: Ask) -> None:
    """The reason stands at each mail, and the reasons there are can be picked with their numbers."""
    page = ask("/console/mail", {"which": "left-out"}).text
    assert "2 mails left out." in page
    assert page.count('<span class="chip warn">a duplicate</span>') == 2
    assert "Take it out" not in page
    assert re.search(r'aria-pressed="false">a duplicate <span class="small">2</span>', page)


def test_empty_results_say_what_to_do(ask: Ask, desk: StandInDesk) -> None:
    """No mail at all, none found, and none left out are told apart."""
    assert "Use fewer words" in ask("/console/mail", {"words": "unicorn"}).text
    desk.archive = {}
    assert "cyrano sync" in ask("/console/mail", {}).text
    assert "Nothing is left out." in ask("/console/mail", {"which": "left-out"}).text


def test_taking_out_says_which_adapters_know_it_still(ask: Ask, desk: StandInDesk) -> None:
    """The mail goes; what is put in its place, and what is said aloud, names who learned from it and what to do."""
    response = ask("/console/mail/out", {"message_id": "m0-True-ana@example.org"})
    assert desk.taken_out == [("ana", "m0-True-ana@example.org")]
    assert "ana@v2, ana@v3 know it still" in response.text
    said = json.loads(response.headers["HX-Trigger-After-Settle"])["say"]["words"]
    assert said.startswith("Taken out")
    assert "Train again" in said
    assert "29 mails to learn from" in ask("/console/mail", {}).text


def test_taking_out_what_is_not_there_is_refused_in_words(ask: Ask) -> None:
    """A mail that went meanwhile is a problem with a hint."""
    response = ask("/console/mail/out", {"message_id": "gone"})
    assert response.status_code == 400
    assert response.json["hint"]


def test_what_is_sought_stands_in_no_address(ask: Ask) -> None:
    """Words and ids come in bodies: proxies write addresses of requests into their logs."""
    assert ask("/console/mail?words=harbour").status_code == 405
    assert not re.search(r"hx-get", ask("/console/mail", {}).text)
