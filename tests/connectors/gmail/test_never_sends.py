"""Law: Cyrano never sends mail. Here on the wire, where Gmail would do it if it were asked."""

import pytest

from connectors.errors import AccountError
from connectors.gmail.account import GmailAccount
from connectors.gmail.mailbox import GmailMailbox
from connectors.gmail.wire import METHODS
from connectors.mailbox import Place
from tests.connectors.samples import account_record, raw_mail
from tests.gmail.discovery import Discovery
from tests.gmail.faults import Fault
from tests.gmail.standin import COMPOSE, Gmail, connect
from tests.gmail.tokens import Tokens

RECORD = account_record(kind="gmail", writes_drafts=True)


def use_everything(gmail: Gmail) -> None:
    """Do all that can be done with a Gmail account."""
    account = GmailAccount(RECORD, Tokens("good"), wire=connect(gmail))
    account.count_since(None)
    cursors = [message.cursor for message in account.sent_since(None)]
    list(account.sent_since(cursors[-1] if cursors else None))
    list(account.received(["m1@example.org"]))
    with GmailMailbox.open(RECORD, Tokens("good"), folder="Answer", wire=connect(gmail)) as mailbox:
        cursor = mailbox.arrivals("all", None).cursor
        for trigger in ("flagged", "folder", "all", "off"):
            mailbox.arrivals(trigger, cursor)  # type: ignore[arg-type]
        for place in Place:
            mailbox.find(place, "m1@example.org")
            mailbox.find_answers(place, "m1@example.org")
        mailbox.append_draft(raw_mail(50), answers="m1@example.org")
        mailbox.append_draft(raw_mail(51, body="large " * 500_000))
        for draft in mailbox.drafts():
            mailbox.fetch(draft.ref)
        mailbox.append_draft(raw_mail(52), replaces=mailbox.drafts()[0].ref)
        for draft in mailbox.drafts():
            mailbox.remove_draft(draft.ref)
        mailbox.wait_for_change(0)


@pytest.mark.server
def test_nothing_that_goes_over_the_wire_sends(gmail: Gmail) -> None:
    """All that can be asked of a mailbox asks Gmail for what is on the list, for all of it, and for nothing else."""
    gmail.make_label("Answer")
    for number in range(30):
        gmail.send(raw_mail(number))
    gmail.deliver(raw_mail(1))
    sent = gmail.mailbox.ask("GET", "/gmail/v1/users/me/messages", "labelIds=SENT&maxResults=500").json["messages"]
    use_everything(gmail)
    assert set(gmail.methods()) == METHODS
    assert not [path for path in gmail.paths if "send" in path.lower()]
    assert {path for path in gmail.paths if "/batch" in path} == {"POST /batch"}
    after = gmail.mailbox.ask("GET", "/gmail/v1/users/me/messages", "labelIds=SENT&maxResults=500").json["messages"]
    assert after == sent


@pytest.mark.server
@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_nor_does_it_when_all_goes_wrong(gmail: Gmail, status: int) -> None:
    """No other way is tried."""
    gmail.send(raw_mail(1))
    gmail.faults.add(Fault(method="", skip=6, times=10_000, status=status))
    with pytest.raises(AccountError):
        use_everything(gmail)
    assert set(gmail.methods()) <= METHODS
    assert not [path for path in gmail.paths if "send" in path.lower()]


def test_no_method_on_the_list_sends() -> None:
    """Of what the consent for drafts would allow, nothing that sends, imports or forwards is on the list."""
    allowed = {
        method["id"] for _, _, method, _ in Discovery()._methods if COMPOSE in method["scopes"]
    }  # fmt: skip
    assert {"gmail.users.messages.send", "gmail.users.drafts.send"} <= allowed - METHODS
    assert not [name for name in METHODS if any(word in name for word in ("send", "import", "insert", "orward"))]


@pytest.mark.server
def test_sending_would_be_noticed(gmail: Gmail) -> None:
    """The stand-in remembers it, and the test that did it fails."""
    draft = gmail.write_draft(raw_mail(1))
    answer = gmail.serve(
        "POST", "/gmail/v1/users/me/drafts/send", "good", "application/json",
        b'{"id": "%s"}' % draft.encode(), in_batch=False,
    )  # fmt: skip
    assert answer.said.status == 200
    assert gmail.violations == ["gmail.users.drafts.send: a program made Gmail send"]
    gmail.violations.clear()
