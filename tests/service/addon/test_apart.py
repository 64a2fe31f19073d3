"""Two people with accounts on one Cyrano: what is one's is never the other's."""

from dataclasses import replace

import pytest
from sqlalchemy import delete

from connectors.schema import draft
from tests.service.addon.google import Gmail
from tests.service.addon.house import AddonHouse
from tests.service.addon.pressing import OPEN_MAIL, press, written
from tests.service.addon.reading import buttons, text, title
from tests.service.stand_ins import account

BOB = "bob@example.org"


def test_each_address_reaches_its_own_account(house: AddonHouse) -> None:
    """Law 8: whose drafts are written hangs on the verified address alone."""
    assert "Ana Lopez" in text(house.ask("home"))
    assert "Bob Reed" in text(house.ask("home", gmail=Gmail(email=BOB)))
    press(house, house.ask("compose", gmail=Gmail(email=BOB)), "Write", Gmail(email=BOB), inputs={"instruction": "hi"})
    assert [request.account for request in house.house.retriever.asked] == ["bob"]
    assert house.house.ledger.recent("ana", 5) == []


def test_address_counts_in_any_case_and_any_of_the_accounts(house: AddonHouse) -> None:
    """Addresses know no case, and an account may have several."""
    ana = replace(account("ana"), addresses=frozenset({"ana@example.org", "a.lopez@work.example"}))
    house.accounts = lambda: [ana, account("bob")]
    for email in ("ANA@Example.org", "A.Lopez@work.example"):
        assert "Ana Lopez" in text(house.ask("home", gmail=Gmail(email=email)))


@pytest.mark.parametrize("email", ["eve@example.org", "ana@example.org.evil.example", "ana+x@example.org", ""])
def test_stranger_is_told_so(email: str, house: AddonHouse) -> None:
    """Somebody whom Google vouches for but nobody here knows gets a card that says it, and nothing else."""
    card = house.ask("home", gmail=Gmail(email=email))
    assert title(card) == "That did not work"
    assert f"No mailbox of this Cyrano is {email}." in text(card)
    assert "Ana" not in text(card)
    house.ask("write", gmail=Gmail(email=email), inputs={"instruction": "hi"}, parameters={"place": "compose"})
    assert house.house.retriever.asked == []


def test_address_of_two_accounts_opens_neither(house: AddonHouse) -> None:
    """Where it is not clear whose drafts are meant, nobody's are."""
    shared = frozenset({"office@example.org"})
    house.accounts = lambda: [replace(account(name), addresses=shared) for name in ("ana", "bob")]
    assert "Several accounts" in text(house.ask("home", gmail=Gmail(email="office@example.org")))


@pytest.mark.parametrize("path", ["refresh", "insert", "change", "again"])
def test_draft_of_another_account_is_not_at_hand(path: str, house: AddonHouse) -> None:
    """Whoever learns the number of somebody's draft has learned nothing."""
    mine = buttons(written(house))["Insert"]["parameters"]
    answer = house.ask(path, gmail=Gmail(email=BOB), parameters=mine, inputs={"change": "shorter"})
    assert text(answer).startswith("This draft is not at hand any more.")
    assert "see you soon" not in text(answer)
    assert {request.account for request in house.house.retriever.asked} == {"ana"}


def test_draft_of_another_account_is_not_thrown_away(house: AddonHouse) -> None:
    """Whoever presses Discard with its number is told that it is not at hand; its owner still has it."""
    card = written(house)
    mine = buttons(card)["Discard"]["parameters"]
    answer = house.ask("discard", gmail=Gmail(email=BOB), parameters=mine)
    said = answer["renderActions"]["action"]["notification"]["text"]
    assert said == "This draft is not at hand any more."
    assert "hostAppAction" in press(house, card, "Insert")["renderActions"]


def test_new_account_of_an_old_name_finds_nothing_of_the_former(house: AddonHouse) -> None:
    """An account removed and one made under its name are two people's: neither drafts nor open mails pass on."""
    people = [account("ana")]
    house.accounts = lambda: people
    form = house.ask("message", gmail=Gmail(gmail=OPEN_MAIL))
    mine = buttons(written(house))["Insert"]["parameters"]
    asked = len(house.gmail_server.asked)
    bob = account("bob")
    people[:] = [replace(account("ana"), owner=bob.owner, addresses=bob.addresses)]
    later = Gmail(email=BOB)
    assert text(house.ask("insert", gmail=later, parameters=mine)).startswith("This draft is not at hand any more.")
    assert "Show" not in buttons(house.ask("compose", gmail=later))
    assert "which mail is open" in text(press(house, form, "Write", later))
    assert len(house.gmail_server.asked) == asked


def test_forgotten_draft_is_not_at_hand(house: AddonHouse) -> None:
    """What the ledger has forgotten is not shown from memory, nor kept there."""
    mine = buttons(written(house))["Insert"]["parameters"]
    with house.house.engine.begin() as connection:
        connection.execute(delete(draft))
    assert "Show" not in buttons(house.ask("compose"))
    assert text(house.ask("insert", parameters=mine)).startswith("This draft is not at hand any more.")
    assert house.parts.jobs._jobs == {}


def test_newest_draft_is_offered_to_its_owner_alone(house: AddonHouse) -> None:
    """The compose window of another account does not offer it."""
    written(house)
    assert "Show" in buttons(house.ask("compose"))
    assert "Show" not in buttons(house.ask("compose", gmail=Gmail(email=BOB)))


def test_token_of_an_opened_mail_serves_its_account_alone(house: AddonHouse) -> None:
    """A mail that Ana opened does not open for Bob by its number."""
    form = house.ask("message", gmail=Gmail(gmail=OPEN_MAIL))
    answer = press(house, form, "Write", Gmail(email=BOB))
    assert "which mail is open" in text(answer)
    assert house.gmail_server.asked == []
    assert house.house.retriever.asked == []
