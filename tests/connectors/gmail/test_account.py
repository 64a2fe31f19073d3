"""Sent mail from Gmail, against a stand-in that fails on order."""

import random
from collections.abc import Callable, Collection

import pytest

from connectors.errors import AccountError, AuthError, Unreachable
from connectors.gmail.account import GmailAccount
from tests.connectors.samples import account_record, raw_mail
from tests.gmail.faults import Fault
from tests.gmail.standin import READONLY, Gmail, connect
from tests.gmail.tokens import Tokens

pytestmark = pytest.mark.server

GET, LIST = "gmail.users.messages.get", "gmail.users.messages.list"
HISTORY = "gmail.users.history.list"


class Store:
    """What an archive does: it keeps mail, then the cursor."""

    def __init__(self) -> None:
        self.mails: dict[str, bytes] = {}
        self.cursor: str | None = None
        self.doubles = 0

    def known(self, ids: Collection[str]) -> set[str]:
        """Tell which of these are kept."""
        return set(ids) & self.mails.keys()

    def read(self, gmail: Gmail, *, most: int | None = None, consent: str = "good", max_bytes: int = 25 << 20) -> int:
        """Keep what is new, and break off after so many."""
        account = GmailAccount(
            account_record(kind="gmail"), Tokens(consent), is_known=self.known,
            max_message_bytes=max_bytes, wire=connect(gmail, consent),
        )  # fmt: skip
        read = 0
        try:
            for message in account.sent_since(self.cursor):
                self.doubles += message.server_id in self.mails
                self.mails[message.server_id] = message.raw
                self.cursor = message.cursor
                read += 1
                if read == most:
                    break
        finally:
            account.close()
        return read


@pytest.fixture
def store() -> Store:
    """An empty archive."""
    return Store()


def send(gmail: Gmail, numbers: Collection[int]) -> dict[str, bytes]:
    """Let the owner send mails."""
    return {gmail.send(raw_mail(number)): raw_mail(number) for number in numbers}


def test_the_first_reading_lists_by_pages_and_fetches_in_batches(gmail: Gmail, store: Store) -> None:
    """Each message is fetched once, in batches of 25; a token that may only read is enough."""
    gmail.tokens["reader"] = frozenset({READONLY})
    gmail.mailbox.page = 20
    sent = send(gmail, range(60))
    assert store.read(gmail, consent="reader") == 60
    assert store.mails == sent
    assert list(store.mails) == list(sent)
    assert gmail.batches == [25, 25, 10]
    assert gmail.methods().count(GET) == 60


def test_goes_on_at_any_message(gmail: Gmail, store: Store) -> None:
    """A first reading that is broken off again and again fetches nothing twice but what was on its way."""
    sent = send(gmail, range(12))
    for _ in range(12):
        assert store.read(gmail, most=1) == 1
    assert store.mails == sent
    assert store.doubles == 0
    assert store.cursor is not None
    assert store.cursor.startswith("history:")


def test_after_that_the_history_tells(gmail: Gmail, store: Store) -> None:
    """Nothing is listed any more; where nothing is new, one small call is made."""
    send(gmail, range(3))
    store.read(gmail)
    gmail.calls.clear()
    assert store.read(gmail) == 0
    assert gmail.methods() == [HISTORY]
    more = send(gmail, [7, 8])
    gmail.deliver(raw_mail(9))
    assert store.read(gmail) == 2
    assert store.mails.items() >= more.items()
    assert gmail.methods() == [HISTORY, HISTORY, GET, GET]


def test_what_was_sent_while_all_was_read_is_not_lost(gmail: Gmail, store: Store) -> None:
    """It is in the history since before."""
    sent = send(gmail, range(4))
    store.read(gmail, most=2)
    sent |= send(gmail, [10])
    store.read(gmail, most=1)
    sent |= send(gmail, [11])
    while store.read(gmail):
        pass
    assert store.mails == sent


@pytest.mark.parametrize("moment", ["before it is finished", "after"])
def test_forgotten_history_loses_nothing(gmail: Gmail, store: Store, moment: str) -> None:
    """All is listed, only what is missing is fetched, and the history serves again afterwards."""
    sent = send(gmail, range(30))
    store.read(gmail, most=10 if moment == "before it is finished" else None)
    had = len(store.mails)
    sent |= send(gmail, [40, 41])
    gmail.forget_history()
    sent |= send(gmail, [42])
    gmail.calls.clear()
    while store.read(gmail):
        pass
    assert store.mails == sent
    assert store.doubles <= 1
    assert gmail.methods().count(GET) <= len(sent) - had + 1
    gmail.calls.clear()
    store.read(gmail)
    assert gmail.methods() == [HISTORY]


def test_forgotten_history_without_anything_new_is_asked_for_once(gmail: Gmail, store: Store) -> None:
    """One message that is known carries the cursor on, so that not every sync lists everything."""
    send(gmail, range(3))
    store.read(gmail)
    gmail.forget_history()
    assert store.read(gmail) == 1
    assert store.doubles == 1
    gmail.calls.clear()
    assert store.read(gmail) == 0
    assert gmail.methods() == [HISTORY]


def mended(**wrong: object) -> Callable[[], Fault]:
    """Describe something that goes wrong."""
    return lambda: Fault(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        (mended(method=GET, times=5, skip=3, status=429, reason="rateLimitExceeded"), 5),
        (mended(method=GET, times=2, status=403, reason="userRateLimitExceeded"), 2),
        (mended(method=GET, times=3, skip=20, status=500), 3),
        (mended(method=GET, times=1, is_cut=True), 1),
        (mended(method="batch", times=1, status=503), 0),
        (mended(method="batch", times=1, is_dropped=True), 0),
        (mended(method="batch", times=1, is_lost=True), 25),
        (mended(method="batch", times=1, delay_s=0.3), 0),
        (mended(method=LIST, times=1, is_cut=True), 0),
        (mended(method=LIST, times=2, status=429), 0),
    ],
    ids=["429 in a 200", "403 in a 200", "500 in a 200", "part cut", "503", "dropped", "lost", "slow", "cut", "429"],
)
def test_only_what_failed_is_asked_again(gmail: Gmail, store: Store, fault: Callable[[], Fault], again: int) -> None:
    """Whatever goes wrong for a while, all comes, and no more is fetched than was missing."""
    sent = send(gmail, range(30))
    gmail.faults.add(fault())
    assert store.read(gmail) == 30
    assert store.mails == sent
    assert list(store.mails) == list(sent)
    assert gmail.methods().count(GET) == 30 + again


def test_a_batch_that_is_cut_off_keeps_its_whole_parts(gmail: Gmail, store: Store) -> None:
    """The half that came is not fetched again."""
    sent = send(gmail, range(30))
    gmail.faults.add(Fault(method="batch", is_cut=True))
    store.read(gmail)
    assert store.mails == sent
    assert 30 < gmail.methods().count(GET) < 50


def test_what_goes_wrong_for_good_keeps_what_was_read(gmail: Gmail, store: Store) -> None:
    """The reading ends with an error that says so, and the next one goes on."""
    sent = send(gmail, range(60))
    gmail.faults.add(Fault(method="batch", skip=1, times=99, status=500))
    gmail.faults.add(Fault(method="", skip=28, times=99, status=500))
    with pytest.raises(Unreachable):
        store.read(gmail)
    assert len(store.mails) == 25
    gmail.faults.clear()
    store.read(gmail)
    assert store.mails == sent


@pytest.mark.parametrize("others", [3, 30])
def test_one_message_that_google_cannot_hand_over_stops_nothing(gmail: Gmail, others: int) -> None:
    """It is put aside with its reason, in batches and alone; the rest comes."""
    broken, *good = send(gmail, range(others + 1))
    gmail.faults.add(Fault(method=GET, where=broken, times=999, status=500))
    account = GmailAccount(account_record(kind="gmail"), Tokens("good"), wire=connect(gmail))
    found = {message.server_id: message.left_out for message in account.sent_since(None)}
    assert found == {broken: "Gmail does not hand it over"} | dict.fromkeys(good, "")


@pytest.mark.parametrize("others", [3, 30])
def test_trouble_with_one_message_that_passes_puts_nothing_aside(gmail: Gmail, others: int) -> None:
    """It is asked for twelve times, with a minute of waiting, before it is given up."""
    ids = [*send(gmail, range(others + 1))]
    gmail.faults.add(Fault(method=GET, where=ids[1], times=10, status=500))
    account = GmailAccount(account_record(kind="gmail"), Tokens("good"), wire=connect(gmail))
    found = {message.server_id: message.left_out for message in account.sent_since(None)}
    assert found == dict.fromkeys(ids, "")


def test_a_message_that_goes_meanwhile_is_left_out(gmail: Gmail) -> None:
    """Deleted or thrown away between being listed and being fetched: it is no sent mail any more."""
    ids = [*send(gmail, range(30))]
    account = GmailAccount(account_record(kind="gmail"), Tokens("good"), wire=connect(gmail))
    assert account.count_since(None) == 30
    gmail.delete(ids[4])
    gmail.label(ids[5], "TRASH")
    gmail.label(ids[6], remove=("SENT",))
    assert [message.server_id for message in account.sent_since(None)] == ids[:4] + ids[7:]


def test_mail_that_becomes_sent_mail_later_is_read(gmail: Gmail, store: Store) -> None:
    """Old mail that another program files as sent is told by the history, however old it is."""
    send(gmail, range(2))
    store.read(gmail)
    late = gmail.deliver(raw_mail(9), "STARRED")
    assert store.read(gmail) == 0
    gmail.label(late, "SENT")
    assert store.read(gmail) == 1
    assert late in store.mails


@pytest.mark.parametrize("others", [2, 40])
def test_what_is_too_large_is_left_out_and_told(gmail: Gmail, others: int) -> None:
    """In a long reading it is not even fetched."""
    ids = [*send(gmail, range(others))]
    big = gmail.send(raw_mail(99, body="x" * (3 << 20)))
    middling = gmail.send(raw_mail(98, body="y" * (3 << 19)))
    account = GmailAccount(account_record(kind="gmail"), Tokens("good"), wire=connect(gmail), max_message_bytes=2 << 20)
    found = {message.server_id: message for message in account.sent_since(None)}
    assert set(found) == {*ids, big, middling}
    assert (found[big].raw, found[big].left_out) == (b"", "larger than 2 MB")
    assert found[middling].raw == raw_mail(98, body="y" * (3 << 19))
    assert gmail.methods().count(GET) == others + (2 if others == 2 else 1)


def test_answered_mail_is_found_by_its_id(gmail: Gmail) -> None:
    """Wherever it lies; drafts, what is not there, and ids made to trip us up are left out."""
    wanted = {f"m{number}@example.org": gmail.deliver(raw_mail(number), "INBOX") for number in range(30)}
    archived = gmail.deliver(raw_mail(31), "UNREAD")
    gmail.write_draft(raw_mail(32))
    account = GmailAccount(account_record(kind="gmail"), Tokens("good"), wire=connect(gmail))
    odd = ["gone@example.org", "m32@example.org", "", "a b", 'x" OR in:inbox', "(", "m31@example.org"]
    found = {message.server_id: message.raw for message in account.received([*wanted, *odd])}
    assert found == {message: raw_mail(int(name[1:].split("@")[0])) for name, message in wanted.items()} | {
        archived: raw_mail(31)
    }


def test_a_wrong_token_is_told(gmail: Gmail, store: Store) -> None:
    """With what to do about it."""
    with pytest.raises(AuthError) as caught:
        store.read(gmail, consent="wrong")
    assert "cyrano account login" in caught.value.hint


@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_ever_lost(gmail: Gmail, seed: int) -> None:
    """Whatever is sent, breaks off, fails or is forgotten, in any order: in the end all sent mail is kept."""
    dice, store, sent = random.Random(seed), Store(), {}  # noqa: S311  dice that are no secrets
    gmail.mailbox.page = dice.choice([3, 500])
    faults = [
        {"status": 429}, {"status": 500}, {"status": 403, "reason": "rateLimitExceeded"}, {"is_cut": True},
        {"is_dropped": True}, {"is_lost": True},
    ]  # fmt: skip
    for step in range(25):
        match dice.randrange(5):
            case 0 | 1:
                sent |= send(gmail, [100 * step + number for number in range(dice.randrange(1, 12))])
            case 2:
                gmail.forget_history()
            case 3:
                method = dice.choice([GET, LIST, HISTORY, "batch", ""])
                wrong = Fault(method=method, times=dice.randrange(1, 9), **dice.choice(faults))  # type: ignore[arg-type]
                gmail.faults.clear()  # too many in a row would be no passing fault
                gmail.faults.add(wrong)
            case 4:
                try:
                    store.read(gmail, most=dice.choice([None, 1, 5]))
                except AccountError:
                    gmail.faults.clear()
    gmail.faults.clear()
    while store.read(gmail):
        pass
    assert store.mails == sent
