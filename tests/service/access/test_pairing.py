"""The code that lets one browser in."""

import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from connectors.database import open_database
from connectors.schema import account, pairing
from service.access.pairing import TRIES, Paired, Pairings, State
from service.access.scopes import Scope
from service.access.tokens import Tokens
from service.problems import NotAllowed, PairingRefused
from tests.clock import Clock
from tests.service.racing import race
from tests.service.stand_ins import add_people

CHROME = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"
FIREFOX = "moz-extension://4f1c0a52-9e4c-4a5e-8f0b-1b6a0d6a7c11"
WORKER = """
import sys
from connectors.database import open_database
from service.access.pairing import Pairings
from service.problems import PairingRefused
url, origin, *codes = sys.argv[1:]
pairings = Pairings(open_database(url))
print("ready", flush=True)
sys.stdin.readline()
let_in = 0
for code in codes:
    try:
        let_in += len(pairings.redeem(code, origin=origin, label="a browser")) > 0
    except PairingRefused:
        pass
print(let_in, flush=True)
"""


@pytest.fixture
def pairings(engine: Engine, clock: Clock[datetime]) -> Pairings:
    """Codes that count up from 000042."""
    drawn = iter(range(42, 1_000_000))
    return Pairings(engine, clock=clock, draw=lambda _: next(drawn))


def redeem(pairings: Pairings, code: str, origin: str = CHROME) -> list[Paired]:
    """Show a code."""
    return list(pairings.redeem(code, origin=origin, label="Chrome on Linux"))


def is_refused(pairings: Pairings, code: str) -> bool:
    """Show a code, and tell whether it is refused."""
    try:
        redeem(pairings, code)
    except PairingRefused:
        return True
    return False


def test_a_code_opens_its_accounts_once(pairings: Pairings, engine: Engine) -> None:
    """A token that drafts and no more, for each account, bound to who showed the code; the second time nothing."""
    made = pairings.make(["ana", "bob"])
    assert made.code == "000042"
    assert pairings.state(made.key) is State.LIVE
    opened = redeem(pairings, made.code)
    assert [each.account for each in opened] == ["ana", "bob"]
    for each in opened:
        access = Tokens(engine).check(f"Bearer {each.token}")
        assert (access.account, access.origin, access.label) == (each.account, CHROME, "Chrome on Linux")
        assert access.scopes == {Scope.DRAFT}
    assert pairings.state(made.key) is State.USED
    assert is_refused(pairings, made.code)
    assert pairings.state(made.key) is State.USED


def test_a_code_may_be_typed_as_it_is_shown(pairings: Pairings) -> None:
    """With the gap in the middle."""
    pairings.make(["ana"])
    assert redeem(pairings, " 000 042 ")


def test_the_time_runs_out(pairings: Pairings, clock: Clock[datetime]) -> None:
    """Good for two minutes, to the second."""
    made = pairings.make(["ana"])
    clock.now = made.expires_at
    assert pairings.state(made.key) is State.OVER
    assert is_refused(pairings, made.code)
    made = pairings.make(["ana"])
    clock.now = made.expires_at - timedelta(seconds=1)
    assert not is_refused(pairings, made.code)


def test_five_wrong_ones_end_it(pairings: Pairings) -> None:
    """The right one comes too late then."""
    made = pairings.make(["ana"])
    for number in range(TRIES):
        assert pairings.state(made.key) is State.LIVE
        assert is_refused(pairings, f"{number:06}")
    assert pairings.state(made.key) is State.TRIED
    assert is_refused(pairings, made.code)


@pytest.mark.parametrize("code", ["", "42", "0000042", "00004२", "٠٠٠٠٤٢", "000042\0", "abcdef", "-00042", "00004.2"])
def test_what_is_no_code_is_no_try(pairings: Pairings, code: str) -> None:
    """It is refused like a wrong one, and five of them leave the code good."""
    made = pairings.make(["ana"])
    for _ in range(TRIES):
        assert is_refused(pairings, code)
    assert not is_refused(pairings, made.code)


def test_one_code_lives_at_a_time(pairings: Pairings) -> None:
    """A new one ends the one before, whoever made it."""
    first, second = pairings.make(["ana"]), pairings.make(["bob"])
    assert pairings.state(first.key) is State.REPLACED
    assert is_refused(pairings, first.code)
    assert [each.account for each in redeem(pairings, second.code)] == ["bob"]


def test_every_refusal_is_the_same(pairings: Pairings, clock: Clock[datetime]) -> None:
    """Wrong, used, run out, never made: who guesses learns nothing."""
    said = set()

    def show(code: str) -> None:
        with pytest.raises(PairingRefused) as caught:
            redeem(pairings, code)
        said.add((str(caught.value), caught.value.hint))

    show("000042")
    made = pairings.make(["ana"])
    show("999999")
    redeem(pairings, made.code)
    show(made.code)
    made = pairings.make(["ana"])
    clock.now = made.expires_at
    show(made.code)
    assert len(said) == 1


def test_the_code_itself_is_not_kept(pairings: Pairings, engine: Engine) -> None:
    """What is in the table is salted: two codes of the same digits look different."""
    made = pairings.make(["ana"])
    with engine.connect() as connection:
        (row,) = connection.execute(select(pairing)).all()
    assert made.code not in str(row)
    again = Pairings(engine, draw=lambda _: 42).make(["ana"])
    assert (again.code, again.key != made.key) == (made.code, True)


def test_a_second_browser_does_not_throw_the_first_out(pairings: Pairings, engine: Engine) -> None:
    """Chrome gives an extension the same origin in every profile and on every machine; each has tokens of its own."""
    tokens = Tokens(engine)
    (firefox,) = redeem(pairings, pairings.make(["ana"]).code, FIREFOX)
    first = redeem(pairings, pairings.make(["ana", "bob"]).code)
    (second,) = redeem(pairings, pairings.make(["ana"]).code)
    for each in (firefox, *first, second):
        assert tokens.check(f"Bearer {each.token}").account == each.account
    tokens.revoke_one("ana", tokens.check(f"Bearer {first[0].token}").token_id)
    with pytest.raises(NotAllowed):
        tokens.check(f"Bearer {first[0].token}")
    assert tokens.check(f"Bearer {second.token}").account == "ana"


def test_an_account_that_is_named_twice_is_opened_once(pairings: Pairings, engine: Engine) -> None:
    """No token is left that nobody holds."""
    assert len(redeem(pairings, pairings.make(["ana", "bob", "ana"]).code)) == 2
    assert len(Tokens(engine).list("ana")) == 1


def test_an_account_that_went_meanwhile_is_not_opened(pairings: Pairings, engine: Engine) -> None:
    """The others are."""
    made = pairings.make(["ana", "bob"])
    with engine.begin() as connection:
        connection.execute(account.delete().where(account.c.name == "ana"))
    assert [each.account for each in redeem(pairings, made.code)] == ["bob"]


def test_removing_an_account_drops_a_code_that_opens_it(pairings: Pairings) -> None:
    """No code outlives what it was made for."""
    made = pairings.make(["ana"])
    pairings.drop("bob")
    assert pairings.state(made.key) is State.LIVE
    pairings.drop("ana")
    assert is_refused(pairings, made.code)


def a_real_database(folder: Path) -> str:
    """A database as the service opens it, with Ana in it; return where."""
    url = f"sqlite:///{folder / 'real.db'}"
    row = {"name": "ana", "kind": "mbox", "owner_name": "Ana", "owner_addr": "a@x", "addresses": [], "settings": {}}
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(account.insert().values(row))
    engine.dispose()
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.server, pytest.mark.process])])
def real(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """A database as the service opens it."""
    if request.param == "sqlite":
        return open_database(a_real_database(tmp_path))
    server: Engine = request.getfixturevalue("postgres")
    with server.begin() as connection:
        connection.execute(pairing.delete())
        connection.execute(account.delete())
    add_people(server)
    return server


def test_of_many_threads_with_the_right_code_one_gets_in(real: Engine) -> None:
    """Single use holds for a race."""
    pairings = Pairings(real)
    made = pairings.make(["ana"])
    start, let_in = threading.Barrier(12), []

    def run() -> None:
        start.wait()
        if not is_refused(pairings, made.code):
            let_in.append(1)

    threads = [threading.Thread(target=run) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(let_in) == 1


def test_of_many_threads_that_guess_five_count(real: Engine) -> None:
    """However many guess at once, the sixth guess is none, not even with the right code."""
    pairings = Pairings(real, draw=lambda _: 7)
    made = pairings.make(["ana"])
    start = threading.Barrier(TRIES + 7)

    def run(number: int) -> None:
        start.wait()
        is_refused(pairings, f"{900_000 + number}")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(TRIES + 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert pairings.state(made.key) is State.TRIED
    assert is_refused(pairings, made.code)


def run_processes(url: str, codes: list[str]) -> int:
    """Let two processes show codes at the same moment; return how often they were let in."""
    return race(WORKER, url, CHROME, *codes, processes=2)


def test_of_two_processes_with_the_right_code_one_gets_in(tmp_path: Path) -> None:
    """The database decides, not a lock of ours."""
    url = a_real_database(tmp_path)
    made = Pairings(open_database(url)).make(["ana"])
    assert run_processes(url, [made.code] * 3) == 1
    assert len(Tokens(open_database(url)).list("ana")) == 1


def test_two_processes_have_five_guesses_together(tmp_path: Path) -> None:
    """Whoever comes first uses them up: the right code behind five wrong ones opens nothing, in either."""
    url = a_real_database(tmp_path)
    pairings = Pairings(open_database(url), draw=lambda _: 7)
    made = pairings.make(["ana"])
    assert run_processes(url, ["900001", "900002", "900003", "900004", "900005", made.code]) == 0
    assert pairings.state(made.key) is State.TRIED
