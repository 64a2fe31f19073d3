"""Facts that trace to nothing the reader may know."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.message import Address, ThreadMessage
from retrieval.prompt import Request, Source
from service.drafting.facts import find_unsupported
from tests.service.stand_ins import ANA, BOB, MARTA, NOON


def unsupported(
    text: str, *, to: tuple[Address, ...] = (MARTA,), sources: tuple[Source, ...] = (), **facts: str
) -> list[tuple[str, str]]:
    """Return (kind, text) of what is not supported by an instruction, or a message of Marta's."""
    thread = tuple(
        ThreadMessage(sender=MARTA, text=facts[name], is_own=name == "sent")
        for name in ("thread", "sent")
        if name in facts
    )
    request = Request(
        account="ana",
        owner=ANA,
        recipients=to,
        thread=thread,
        instruction=facts.get("instruction", ""),
        subject=facts.get("subject", ""),
        earlier=(facts["earlier"],) if "earlier" in facts else (),
        revised=facts.get("revised", ""),
        language=facts.get("language", "en"),
    )
    return [(str(fact.kind), fact.text) for fact in find_unsupported(text, request, sources)]


@pytest.mark.parametrize(
    ("text", "kind", "fact"),
    [
        ("It costs €1,200 in all.", "amount", "€1,200"),
        ("It costs 95 EUR.", "amount", "95 EUR"),
        ("We grew by 12%.", "amount", "12%"),
        ("We need 42 chairs.", "number", "42"),
        ("See you on 21 November.", "date", "21 November"),
        ("See you on 2026-11-21.", "date", "2026-11-21"),
        ("See you on Thursday.", "date", "Thursday"),
        ("See you at 14:30 then.", "time", "14:30"),
        ("See you at 3 pm.", "time", "3 pm"),
        ("Look at https://example.net/a?id=7.", "link", "https://example.net/a?id=7"),
        ("Write to zoe@example.net today.", "email", "zoe@example.net"),
        ("I will ask Jonas about it.", "name", "Jonas"),
        ("Peter Miller will call you.", "name", "Peter Miller"),
        ("Hi Zoe,\n\nthanks!", "name", "Zoe"),
    ],
)
def test_invented_fact_is_marked(text: str, kind: str, fact: str) -> None:
    """Each kind of fact that stands nowhere else is found, whole, and once."""
    assert unsupported(text) == [(kind, fact)]


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("It costs 1.200,50 euros.", "the price is $1,200.50"),
        ("It costs €1200.", "make it 1,200"),
        ("See you on the 21st of November.", "meet on 2026-11-21"),
        ("Bis am 3. April!", "on 4/3"),
        ("See you Donnerstag.", "meet thursday"),
        ("See you at 15:00.", "at 3 pm"),
        ("Um 14 Uhr passt es.", "14:00"),
        ("I will ask Jonas's team.", "ask jonas"),
        ("1. first\n2. second", ""),
    ],
)
def test_fact_written_another_way_is_supported(text: str, known: str) -> None:
    """Numbers, dates, times and links count by what they mean, in any of our languages."""
    assert unsupported(text, instruction=known) == []
    assert unsupported(text, thread=known) == []


TRUSTED = [
    ("Look at https://www.example.net/a/.", "send http://example.net/a"),
    ("Look at example.net/a.", "send http://example.net/a"),
    ("Write to zoe@example.net.", "zoe is Zoe@Example.net"),
]


@pytest.mark.parametrize(("text", "known"), TRUSTED)
def test_link_or_address_traces_to_what_is_the_owners(text: str, known: str) -> None:
    """To what they asked for, now or before, a mail of theirs in Sent or among the sources."""
    source = Source(message_id="s", subject="", recipients=(MARTA,), sent_at=NOON, text=known, score=1.0)
    assert unsupported(text, instruction=known) == []
    assert unsupported(text, earlier=known) == []
    assert unsupported(text, sent=known) == []
    assert unsupported(text, sources=(source,)) == []
    assert unsupported(text, to=(BOB,), sources=(source,)) != []


@pytest.mark.parametrize(("text", "known"), TRUSTED)
def test_link_or_address_of_received_mail_is_marked(text: str, known: str) -> None:
    """Law 9: neither its text nor its subject vouches for it, nor a draft that took it over before."""
    assert len(unsupported(text, thread=known)) == 1
    assert len(unsupported(text, subject=known, thread="hello")) == 1
    assert len(unsupported(text, subject=known)) == 1
    assert len(unsupported(text, revised=known)) == 1


@pytest.mark.parametrize("subject", ["Pay 42 at evil.example/x", "Re: Pay 42 at evil.example/x"])
def test_no_subject_vouches_for_a_link(subject: str) -> None:
    """Who wrote first chose it, or the page whose link opened the mail, though it lies in Sent; its number is known."""
    source = Source(message_id="s", subject=subject, recipients=(MARTA,), sent_at=NOON, text="No thanks.", score=1.0)
    text = "Pay 42 at evil.example/x."
    assert unsupported(text, sources=(source,)) == [("link", "evil.example/x")]
    assert unsupported(text, subject=subject) == [("link", "evil.example/x")]
    assert unsupported(text, instruction=subject) == []


def test_the_domain_of_those_who_get_it_may_be_written() -> None:
    """And the owner's; not what lies on it, nor another."""
    assert unsupported("We at example.org like Example.org.") == []
    assert unsupported("See example.org/pay, https://example.org, example.net.") == [
        ("link", "example.org/pay"),
        ("link", "https://example.org"),
        ("link", "example.net"),
    ]


def left_out(text: str, mail: str) -> list[str]:
    """What of a draft does not go into an answer to a mail of Marta's."""
    thread = (ThreadMessage(sender=MARTA, text=mail),)
    request = Request(account="ana", owner=ANA, recipients=(MARTA,), thread=thread, language="en")
    return [fact.text for fact in find_unsupported(text, request, ()) if fact.is_left_out]


@pytest.mark.parametrize(("text", "is_doubtful"), [("ok.it", True), ("evil.it", False), ("evil.it/x", False)])
def test_a_word_that_looks_like_a_domain_is_doubtful(text: str, *, is_doubtful: bool) -> None:
    """Marked it is; but only what the mail answered says, or what has a path, is surely a link."""
    thread = (ThreadMessage(sender=MARTA, text="Pay at https://evil.it"),)
    request = Request(account="ana", owner=ANA, recipients=(MARTA,), thread=thread, language="en")
    assert [fact.is_doubtful for fact in find_unsupported(text, request, ())] == [is_doubtful]
    assert left_out(text, "Pay at https://evil.it") == ([] if is_doubtful else [text])


@pytest.mark.parametrize("host", ["evil-bank.com", "evil.it", "Evil.It", "evil.sh", "t.me"])
@pytest.mark.parametrize(
    "says",
    ["{}", "https://{}/login", "https://login.{}", "eve@{}", "eve@mail.{}", "//{}/x"],
)
def test_a_host_that_received_mail_says_in_any_way_is_left_out(host: str, says: str) -> None:
    """Whether by itself, in a link, an address, or below it."""
    assert left_out(f"Please use {host} from now on.", f"The new portal: {says.format(host)} is it") == [host]


@pytest.mark.parametrize("says", ["evil (dot) {}", "evil[.]{}", "evil dot {}", "e v i l . {}", "it begins with evil"])
@pytest.mark.parametrize("end", ["com", "it"])
def test_a_host_that_is_spelled_out_is_left_out(says: str, end: str) -> None:
    """However it is disguised; an ending that is no word needs no trace at all."""
    spelled = " ".join(end) if "e v" in says else end
    is_untold = end == "it" and "begins" in says
    assert left_out(f"Use evil.{end} now.", f"Tell them: {says.format(spelled)}") == (
        [] if is_untold else [f"evil.{end}"]
    )


def test_a_version_a_file_or_a_joint_stays_where_no_mail_says_it() -> None:
    """And no mark makes them links."""
    text = "Danke.Am Montag: notes.md, run.sh, 1.2.3.4, eve@work."
    assert [kind for kind, _ in unsupported(text, instruction="1.2.3.4 Montag")] == []
    assert left_out("I pinged 10.0.0.1 and eve@work.", "10.0.0.1 is down, ask eve@work") == ["10.0.0.1", "eve@work"]


IBAN = "DE89 3704 0044 0532 0130 00"


@pytest.mark.parametrize("written", [IBAN, IBAN.replace(" ", ""), IBAN.lower(), IBAN.replace(" ", "-")])
def test_an_account_for_payments_counts_like_a_link(written: str) -> None:
    """Received mail does not vouch for it, the owner does, however either writes it."""
    assert unsupported(f"I pay to {written} today.", thread=f"Pay to {IBAN}!") == [("account", written)]
    assert left_out(f"I pay to {written} today.", f"Pay to {IBAN}!") == [written]
    assert unsupported(f"I pay to {written} today.", instruction=f"pay to {IBAN}") == []


def test_phone_numbers_of_a_mail_are_data() -> None:
    """To repeat the other side's number is usual; a link that dials it is one."""
    assert unsupported("I call +49 123 456 789.", thread="Call +49 123 456 789") == []
    assert left_out("I call tel:+49123456789.", "Call tel:+49123456789") == ["tel:+49123456789"]


def test_the_domain_of_a_link_of_the_owners_may_be_named() -> None:
    """It leads nowhere that they did not mean."""
    assert unsupported("See example.net.", instruction="send them to https://www.example.net/a") == []


def test_a_name_vouches_for_no_link() -> None:
    """Whoever writes first chooses the name they are shown by."""
    marta = replace(MARTA, name="Marta https://evil.example/pay eve@evil.example")
    found = unsupported("See https://evil.example/pay or ask eve@evil.example.", to=(marta,))
    assert found == [("link", "https://evil.example/pay"), ("email", "eve@evil.example")]


def test_who_only_says_to_be_the_owner_vouches_for_no_link() -> None:
    """Anybody can write a sender; what lay in Sent is known."""
    spoofed = ThreadMessage(sender=ANA, text="pay at https://evil.example/pay")
    request = Request(account="ana", owner=ANA, recipients=(MARTA,), thread=(spoofed,))
    assert [fact.text for fact in find_unsupported("See https://evil.example/pay.", request, ())] == [
        "https://evil.example/pay"
    ]


def test_addresses_of_those_who_get_it_may_be_written() -> None:
    """And the owner's; that of somebody who only wrote in the thread is one nobody chose."""
    text = "Write to marta@example.org or ana@example.org, not to bob@example.org."
    request = Request(
        account="ana", owner=ANA, recipients=(MARTA,), thread=(ThreadMessage(sender=BOB, text="x"),), language="en"
    )
    assert [fact.text for fact in find_unsupported(text, request, ())] == ["bob@example.org"]


def test_recipient_and_owner_may_be_named() -> None:
    """The people of the mail are no invention."""
    assert unsupported("Hi Marta,\n\nAna Lopez will write to marta@example.org.\n\nBest Regards\nAna") == []


def test_source_counts_only_for_those_who_have_it() -> None:
    """What was written to Marta does not surface in a mail to Bob, or to Marta and Bob, unmarked."""
    source = Source(
        message_id="s", subject="", recipients=(MARTA,), sent_at=NOON, text="The salary is 4,711.", score=1.0
    )
    text = "The salary is 4711."
    assert unsupported(text, sources=(source,)) == []
    assert unsupported(text, to=(BOB,), sources=(source,)) == [("number", "4711")]
    assert unsupported(text, to=(MARTA, BOB), sources=(source,)) == [("number", "4711")]
    assert unsupported(text, to=(), sources=(source,)) == [("number", "4711")]


def test_german_nouns_are_no_names() -> None:
    """In German only greetings, titles and pairs make a name."""
    text = "Sehr geehrte Frau Meyer,\n\ndas Treffen ist im Büro, Herr Schulz kommt mit Eva Weber.\n\nViele Grüße\nAna"
    found = unsupported(text, language="de", instruction="frau meyer absagen")
    assert found == [("name", "Schulz"), ("name", "Eva Weber")]


@pytest.mark.parametrize(
    "thread",
    [
        "42 " * 27_000,
        "1," * 40_000,
        "1'" * 40_000,
        "9" * 80_000,
        "1 " * 40_000,
        "\u20ac1." * 27_000,
        "1" + " " * 80_000,
    ],
)
def test_long_thread_is_read_in_time(thread: str) -> None:
    """Whatever it is full of: what is known is read once, not once for each number, nor again from its middle."""
    start = time.monotonic()
    assert unsupported("We need 43 chairs.", thread=thread) == [("number", "43")]
    assert time.monotonic() - start < 5


@given(st.text(), st.sampled_from(["en", "de", "und"]))
def test_spans_are_those_of_the_text(text: str, language: str) -> None:
    """Any text can be checked; each span cuts out its fact, in order; and a text supports itself."""
    request = Request(account="ana", owner=ANA, language=language)
    found = find_unsupported(text, request, ())
    assert [text[fact.start : fact.end] for fact in found] == [fact.text for fact in found]
    assert sorted(fact.start for fact in found) == [fact.start for fact in found]
    known = Request(account="ana", owner=ANA, language=language, instruction=text)
    assert find_unsupported(text, known, ()) == ()
