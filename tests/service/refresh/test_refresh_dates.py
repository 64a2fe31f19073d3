"""A refresh where clocks were set back and mail comes from the future."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import update

from connectors import schema
from connectors.archive import Archive
from connectors.errors import TooFewMails
from connectors.message import ArchivedEmail
from service.refresh.runs import RunState
from tests.service.refresh.house import House, replace_settings
from tests.trainer.mails import mail


def test_after_the_clock_was_set_back_a_failing_run_is_held_up_all_the_same(house: House) -> None:
    """What was noted in the future does not hide what failed just now."""
    noon = house.now
    house.pass_time(days=400)
    house.refresher.turn("ana")
    house.now = noon
    house.send(3)
    house.sync()
    house.pass_time(days=3)
    house.order_fails = TooFewMails("There are too few.")
    tries = [house.refresher.turn("ana").is_due]
    house.pass_time(seconds=15)
    tries += [house.refresher.turn("ana").is_due]
    assert (tries, house.last().state) == ([False, False], RunState.FAILED)
    assert house.last().ended_at == house.now - timedelta(seconds=15)


def test_one_mail_of_the_future_in_the_first_adapter_stops_nothing(archive: Archive, tmp_path: Path) -> None:
    """The card says that its newest mail is of 2099; what was sent since it was made is new."""
    house = House(archive, tmp_path / "home")
    late = replace(mail(900), sent_at=datetime(2099, 1, 1, tzinfo=UTC))
    archive.store("ana", [ArchivedEmail(account="ana", email=late, kept=True)], "1")
    card = house.learn_first()
    assert str(card.data["newest"]).startswith("2099")
    house.mailbox = [replace(mail(100 + each), sent_at=house.now + timedelta(days=1, hours=each)) for each in range(4)]
    house.sync()
    house.pass_time(days=3)
    assert house.refresher.decision("ana").why == "4 new mails since ana@v1."


def test_dates_in_the_future_count_for_nothing(house: House) -> None:
    """A mail of 2099 neither hides what is new, nor is it new for ever."""
    message = schema.message
    with house.archive.engine.begin() as connection:
        last = message.c.message_id.like("m12@%")
        connection.execute(update(message).where(last).values(sent_at=house.now.replace(year=2099)))
    house.settings = replace_settings(house, new_mails=2)
    house.refresher.turn("ana")
    assert (house.last().adapter, house.last().why) == ("ana@v2", "2 new mails since ana@v1.")
    house.pass_time(hours=1)
    for count, is_due in ((1, False), (1, True)):
        house.send(count)
        house.sync()
        assert house.refresher.decision("ana").is_due is is_due
