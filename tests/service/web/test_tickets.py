"""Short-lived addresses: one report, for some minutes, and only if we gave them."""

import pytest

from service.problems import NotAllowed
from service.web.tickets import GOOD_FOR_S, Shown, Tickets

SHOWN = Shown(account="ana", version=3, name="report.html")


def test_ticket_opens_what_it_was_given_for_until_it_is_old() -> None:
    """It is good again and again, and then not any more."""
    clock = iter([0.0, 1.0, GOOD_FOR_S, GOOD_FOR_S + 1])
    tickets = Tickets(clock=lambda: next(clock))
    ticket = tickets.give(SHOWN)
    assert tickets.take(ticket) == SHOWN
    assert tickets.take(ticket) == SHOWN
    with pytest.raises(NotAllowed):
        tickets.take(ticket)


def test_ticket_of_another_process_or_changed_by_a_letter_opens_nothing() -> None:
    """Whatever is altered, cut off or made up is refused."""
    tickets = Tickets()
    ticket = tickets.give(SHOWN)
    forged = [Tickets().give(SHOWN), "", "ä", "A" * 43, ticket[:-8], ticket[8:]]
    forged += [ticket[:place] + ("A" if ticket[place] != "A" else "B") + ticket[place + 1 :] for place in range(60)]
    for each in forged:
        with pytest.raises(NotAllowed):
            tickets.take(each)
