"""From the press of the button to the first words: what browser and extension add to the service's own time."""

from collections.abc import Callable

import pytest

from tests.bench.button import PIECE_S, ROUNDS, THINKS_S, Probe, limit_ms, load, median, presses, row, table
from tests.extension.services import Service
from tests.extension.windows import Mail

pytestmark = pytest.mark.browser


def test_the_button_adds_little(mail: Mail, service: Service, show: Callable[[str], None]) -> None:
    """The median of 20 presses, printed: 50 ms on a quiet machine, more where other tests run beside, which is said."""
    load_before = load()
    service.thinks(THINKS_S, PIECE_S)
    token = service.house.tokens.create("ana", "latency")
    measured = presses(mail, Probe(port=service.front.port, token=token, ledger=service.house.engine))
    show(table(load_before, row(f"{ROUNDS} presses, a stand-in writes", measured)))
    assert median(each.added for each in measured) <= limit_ms(load_before)
