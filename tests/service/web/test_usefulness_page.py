"""The page Usefulness: the ledger's weeks, drawn and in a table that says the same."""

import re
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from connectors import schema
from service.draft_row import Written
from service.feedback import Feedback, FeedbackKind
from tests.service.stand_ins import House
from tests.service.web.conftest import Ask


def note(house: House, account: str, adapter: str, verdicts: list[str], *, weeks_ago: int) -> None:
    """Note what became of drafts that an adapter wrote."""
    at = datetime.now(UTC) - timedelta(weeks=weeks_ago)
    for number, verdict in enumerate(verdicts):
        draft_id = f"{account}-{adapter}-{weeks_ago}-{number}"
        made = {"draft_id": draft_id, "account": account, "state": "done", "source_ids": [], "adapter": adapter}
        end = {"sent_id": draft_id, "sent_at": at, "distance": 0.1, "edits": ["greeting"], "adapter": adapter}
        with house.engine.begin() as connection:
            connection.execute(insert(schema.draft).values(**made, text="x", created_at=at, changed_at=at))
            connection.execute(
                insert(schema.outcome).values(draft_id=draft_id, account=account, verdict=verdict, **end)
            )


def test_no_drafts_yet_says_what_to_do(ask: Ask) -> None:
    """An empty ledger leads to where drafts come from."""
    page = ask("/console/usefulness").text
    assert "There were no drafts" in page
    assert '<a href="/">' in page
    assert "<svg" not in page


def test_weeks_are_drawn_and_told(house: House, ask: Ask) -> None:
    """Each adapter's share, each week's bar, and a row of numbers for each week and writer."""
    note(house, "ana", "", ["rewritten", "ignored"], weeks_ago=3)
    note(house, "ana", "ana@v1", ["as_is", "as_is", "light", "rewritten"], weeks_ago=1)
    note(house, "bob", "bob@v1", ["as_is"], weeks_ago=1)
    page = ask("/console/usefulness").text
    assert re.findall(r'<span class="share">([^<]+)</span>', page) == ["75%", "0%"]
    assert re.findall(r'<rect class="(\w+)"', page) == ["rewritten", "ignored", "as_is", "light", "rewritten"]
    rows = [re.findall(r"<td[^>]*>([^<]+)</td>", row) for row in re.findall(r"<tr><th scope=\"row\">.*?</tr>", page)]
    assert rows == [["ana@v1", "2", "1", "1", "0", "0", "0"], ["base model", "0", "0", "1", "1", "0", "0"]]
    assert "greeting 6" in page
    assert "bob" not in page


def test_what_was_put_into_mails_is_told(house: House, ask: Ask) -> None:
    """The last number of the row; what was thrown away is ignored at once, what was changed is not there at all."""
    first, second, third = (house.ledger.begin("ana", replaces="") for _ in range(3))
    for draft_id, kind in ((first, "inserted"), (second, "discarded"), (third, "refined")):
        house.ledger.finish(draft_id, Written(text="x", adapter="ana@v1"))
        Feedback(house.engine).give("ana", draft_id, FeedbackKind(kind))
    page = ask("/console/usefulness").text
    row = re.search(r"<tr><th scope=\"row\">.*?</tr>", page)
    assert row is not None
    assert re.findall(r"<td[^>]*>([^<]+)</td>", row[0]) == ["ana@v1", "0", "0", "0", "1", "1", "1"]
