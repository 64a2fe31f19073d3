"""`cyrano forget` on a whole home folder: of what is forgotten no file tells any more, and it does not come back."""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select

from connectors import schema
from connectors.adapter import WEIGHTS, AdapterCard, is_tainted, publish, set_current, write_learned
from connectors.archive import Archive
from connectors.database import open_database
from connectors.errors import StoreBusy
from connectors.forgotten import forgotten
from connectors.instruction import Instruction
from connectors.job import TrainJob, write_job
from connectors.message import Address
from service.__main__ import main
from service.app import App
from service.config import Settings
from service.draft_row import DraftKind, Written
from service.engine.order import Order, Served, read_order, write_order
from service.feedback import Feedback, FeedbackKind
from service.forget import retrain_note, retrain_notice
from service.ledger import Ledger
from service.notices import NoticeKind
from service.removal import remove_account
from service.watching.deserves import Incoming, Rules, why_no_draft
from tests.connectors.samples import account_record, archived, as_mbox, raw_mail
from tests.ports import free_port

CANARY = "kanarienvogel@example.net"
CANARIES = (b"kanarienvogel", b"xylographica")
"""Two words that stand nowhere but in what is to be forgotten: in its addresses and ids, and in its texts."""
HELD = f"<{CANARY}>"

Cyrano = Callable[..., str]


def canary_mail(body: str) -> bytes:
    """A mail of Ana's to the person to be forgotten, months before all others."""
    lines = (
        "From: Ana <ana@example.org>",
        f"To: Karla Kanarienvogel {HELD}",
        "Date: Wed, 24 Dec 2025 08:00:00 +0000",
        "Subject: The xylographica",
        f"Message-ID: {HELD}",
        "Content-Type: text/plain; charset=utf-8",
        "",
        body,
    )
    return "\n".join(lines).encode()


def reply_to_it(number: int = 50) -> bytes:
    """A mail to somebody else that quotes it."""
    reply = raw_mail(
        number, body="Hello Ben, see below what I once wrote about plants.\n\nBest,\nAna\n\n> My xylographica.\n"
    )
    return reply.replace(b"Subject:", f"In-Reply-To: {HELD}\nReferences: {HELD}\nSubject:".encode(), 1)


@pytest.fixture
def mbox(tmp_path: Path) -> Path:
    """Sent mail: the canary, an answer that quotes it, two that have nothing to do with it, and one that is broken."""
    path = tmp_path / "Sent.mbox"
    canary = canary_mail("Hello Karla, the xylographica has grown a lot this year, come and see.\n\nBest,\nAna\n")
    path.write_bytes(as_mbox([canary, raw_mail(1), raw_mail(2), reply_to_it()]))
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder; nothing runs."""
    for name in [name for name in os.environ if name.startswith("CYRANO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CYRANO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CYRANO_HTTP__PORT", str(free_port()))
    return tmp_path / "home"


@pytest.fixture
def cyrano(home: Path, capsys: pytest.CaptureFixture[str]) -> Cyrano:
    """Run a command to its end, and return what it said."""
    assert not home.exists()

    def call(*arguments: str | Path, code: int = 0) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert int(ended.value.code or 0) == code, err
        return out + err

    return call


@pytest.fixture
def ana(home: Path, cyrano: Cyrano, mbox: Path) -> None:
    """An account on that file."""
    assert cyrano
    home.mkdir()
    with Archive.open(f"sqlite:///{home / 'cyrano.db'}") as archive:
        archive.add_account(account_record("ana", path=str(mbox)))


@pytest.fixture
def planted(home: Path, cyrano: Cyrano, ana: None) -> Path:  # noqa: ARG001  the account must be there
    """A home folder with the canary in every place that holds anything made from mail."""
    cyrano("sync")
    with Archive.open(f"sqlite:///{home / 'cyrano.db'}") as archive:
        _plant_in_tables(archive)
    for name in ("ana-20261120-080000", "ben-20261120-080000", "ana-20261119-080000"):
        write_job(home / "runs" / name, _job(home, name))
        is_over = name.startswith("ana-20261119")
        made = ("result.json", "{}") if is_over else ("examples.json", '{"learned": ["my xylographica"]}')
        (home / "runs" / name / made[0]).write_text(made[1])
    for learned in ([CANARY, "m1@example.org"], ["m50@example.org"], ["m1@example.org"]):
        _publish(home / "adapters", learned)
    set_current(home / "adapters", "ana", 1)
    return home


def _plant_in_tables(archive: Archive) -> None:
    archive.quarantine("ana", "Sent;9", "no header", canary_mail("xylographica"))
    archive.store_instructions(
        "ana", "1", "m", [Instruction(message_id=CANARY, text="Praise the xylographica.", source="model")]
    )
    ledger = Ledger(archive.engine)
    text = Written(text="The xylographica thrives.", subject="Xylographica", source_ids=[CANARY])
    asked = ledger.begin("ana", instruction="Tell Karla about the xylographica.", recipients=[CANARY])
    ledger.finish(asked, text)
    rows = [
        ledger.want("ana", CANARY, "d1@example.org"),
        ledger.want("ana", "other@example.com", "d2@example.org"),
        ledger.want("ana", "d3", "d3@example.org", kind=DraftKind.INSTRUCTED, original=canary_mail("@cyrano thank")),
    ]
    for row in rows:
        ledger.set_generating(row.draft_id)
        ledger.keep_text(row.draft_id, text)
    kept = ledger.begin("ana", instruction="Thank Ben.", recipients=["ben@example.net"])
    ledger.finish(kept, Written(text="Thank you, Ben.", source_ids=["m1@example.org"]))
    for draft_id in (asked, kept):
        Feedback(archive.engine).give("ana", draft_id, FeedbackKind.INSERTED)


def _job(home: Path, name: str) -> TrainJob:
    place = {"home": home, "adapters": home / "adapters", "archive_url": ""}
    return TrainJob(run=name, account=name.split("-", maxsplit=1)[0], model="m", prompt_budget=700, **place)  # type: ignore[arg-type]


def _publish(root: Path, learned: list[str]) -> None:
    built = root.parent / "built"
    built.mkdir()
    (built / WEIGHTS).write_bytes(b"weights")
    write_learned(built, learned)
    card = AdapterCard(
        account="ana", base_model="m", prompt_version="1", method="lora", created_at="", is_approved=True, verdict=""
    )
    publish(root, built, card)


def telling(home: Path) -> Iterator[str]:
    """Yield the files under the home folder that tell of the canary, by content or by name."""
    for path in sorted(home.rglob("*")):
        content = path.read_bytes().lower() if path.is_file() else b""
        if any(word in content or word in path.name.lower().encode() for word in CANARIES):
            yield str(path.relative_to(home))


def test_nothing_tells_of_what_was_forgotten(planted: Path, cyrano: Cyrano, mbox: Path) -> None:
    """Not the database with its log, not the index, no run; another reading of the mailbox does not bring it back."""
    before = list(telling(planted))
    assert any(name.startswith("cyrano.db") for name in before)
    assert any(name.startswith("index/") for name in before)
    assert any(name.startswith("runs/") for name in before)
    said = cyrano("forget", "--address", CANARY.upper(), "--yes")
    assert list(telling(planted)) == []
    assert "ana: 1 mails, 3 drafts, 1 put aside" in said
    assert "adapters that learned from them: ana@v1, ana@v2" in said
    mbox.write_bytes(mbox.read_bytes() + as_mbox([raw_mail(3)]))
    with Archive.open(f"sqlite:///{planted / 'cyrano.db'}") as archive:
        archive.store("ana", [], "")
    assert "1 new mails" in cyrano("sync")
    assert list(telling(planted)) == []
    with Archive.open(f"sqlite:///{planted / 'cyrano.db'}") as archive, archive.engine.connect() as connection:
        assert len(connection.execute(select(schema.feedback)).all()) == 1
    left = sorted(str(path.relative_to(planted / "runs")) for path in (planted / "runs").glob("*/*.json"))
    orders = [f"{run}/job.json" for run in ("ana-20261119-080000", "ana-20261120-080000", "ben-20261120-080000")]
    assert left == sorted([*orders, "ana-20261119-080000/result.json"])


def test_an_answer_sent_later_does_not_bring_a_message_back(planted: Path, cyrano: Cyrano, mbox: Path) -> None:
    """Neither what it quotes nor the id, which the search for what was answered would write down, too."""
    cyrano("forget", "--message-id", HELD, "--yes")
    mbox.write_bytes(mbox.read_bytes() + as_mbox([reply_to_it(60)]))
    assert "1 new mails" in cyrano("sync")
    with Archive.open(f"sqlite:///{planted / 'cyrano.db'}") as archive:
        found = archive.get("ana", "m60@example.org")
        with archive.engine.connect() as connection:
            assert not connection.execute(select(schema.unfound.c.message_id)).all()
    assert found is not None
    assert "what I once wrote" in found.email.text
    assert (found.email.quoted, found.email.in_reply_to, found.email.references) == ("", "", ())


def test_a_removed_account_leaves_no_trace_either(planted: Path, cyrano: Cyrano) -> None:
    """Nor do files of other accounts' runs hold its mail; the adapters' names are used up all the same."""
    cyrano("account", "remove", "ana", "--yes")
    assert list(telling(planted)) == []
    assert [path.name for path in (planted / "runs").iterdir()] == ["ben-20261120-080000"]
    _publish(planted / "adapters", [])
    assert (planted / "adapters" / "ana" / "v4").is_dir()


def test_a_removed_account_leaves_no_word_of_itself(planted: Path) -> None:
    """No turn of the clock, nothing that was told of its runs, and no merged weights that the engine is to serve."""
    write_order(planted, Order(served=Served(model="x", name="ana@v2"), before=Served(model="y", name="ana@v1")))
    (planted / "run" / "told.json").write_text('{"ana-20261121-030000": ["draft"]}', encoding="utf-8")
    with closing(App(planted, Settings())) as app:
        with app.archive.engine.begin() as connection:
            connection.execute(insert(schema.clockwork).values(id="ana", next_run_time=1.0, job_state=b"ana"))
        remove_account(app, "ana")
        with app.archive.engine.connect() as connection:
            assert connection.execute(select(schema.clockwork.c.id)).all() == []
    assert read_order(planted) == Order()
    assert (planted / "run" / "told.json").read_text(encoding="utf-8") == "{}\n"


def test_mail_that_a_sync_indexes_while_its_account_leaves_goes_too(planted: Path) -> None:
    """A batch may be under way until the account is gone."""
    forgotten = list[int]()
    with closing(App(planted, Settings())) as app:
        forget = app.retriever.forget
        app.retriever.forget = lambda name: (forgotten.append(len(app.account_names())), forget(name))[1]  # type: ignore[method-assign]
        before = len(app.account_names())
        remove_account(app, "ana")
    assert forgotten == [before, before - 1]


def test_a_use_that_is_written_down_while_its_account_leaves_goes_too(planted: Path) -> None:
    """A service beside the command may write until the account is gone."""
    values = "'2026-11-21 12:00:00.000000'", "'ana'", "'browser'", "'POST /draft'", "'ok'", "''", "1"
    late = f"INSERT INTO audit VALUES ({', '.join((*values, values[0]))})"  # noqa: S608  our own words

    def write(_: object, cursor: sqlite3.Cursor, statement: str, *_rest: object) -> None:
        if statement.startswith("DELETE FROM account"):
            cursor.execute(late)

    with closing(App(planted, Settings())) as app:
        event.listen(app.archive.engine, "before_cursor_execute", write)
        remove_account(app, "ana")
    with closing(sqlite3.connect(planted / "cyrano.db")) as database:
        assert database.execute("SELECT count(*) FROM audit WHERE account = 'ana'").fetchone() == (0,)


class HurriedApp(App):
    """Cyrano that does not wait long for others to leave the database."""

    @cached_property
    def archive(self) -> Archive:
        """The mail store."""
        return Archive(open_database(self.archive_url, busy_timeout_s=0.05))


def test_a_removal_that_broke_off_can_be_run_again(planted: Path) -> None:
    """While another process reads the database its files cannot be cleaned: the account stays until they are."""
    with closing(HurriedApp(planted, Settings())) as app:
        with closing(sqlite3.connect(planted / "cyrano.db")) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM message").fetchone()
            with pytest.raises(StoreBusy):
                remove_account(app, "ana")
        remove_account(app, "ana")
        assert app.account_names() == []
    assert list(telling(planted)) == []


def test_what_was_forgotten_gets_no_draft(planted: Path, cyrano: Cyrano) -> None:
    """Although it is flagged in the mailbox, and its row is gone from the ledger."""
    cyrano("forget", "--address", CANARY, "--yes")
    hers = replace(archived(1).email, sender=Address(addr=CANARY), to=(Address(addr="ana@example.org"),))
    with Archive.open(f"sqlite:///{planted / 'cyrano.db'}") as archive:
        rules = Rules(max_age=timedelta(days=9000), is_forgotten=forgotten(archive.engine, "ana"))
        record = archive.account("ana")
    for email, reason in ((hers, "forgotten"), (replace(hers, sender=Address(addr="ben@example.net")), "")):
        assert why_no_draft(Incoming(email=email), record, rules, now=datetime.now(UTC), is_chosen=True) == reason


def test_what_stays_is_whole(planted: Path, cyrano: Cyrano) -> None:
    """Other mail, its quotes apart, other drafts, and the row of a mail that must not be answered twice."""
    cyrano("forget", "--address", CANARY, "--yes")
    with Archive.open(f"sqlite:///{planted / 'cyrano.db'}") as archive:
        mails = {mail.email.message_id: mail.email for mail in archive.mails("ana")}
        rows = Ledger(archive.engine).recent("ana", 10)
    assert mails.keys() == {"m1@example.org", "m2@example.org", "m50@example.org"}
    reply = mails["m50@example.org"]
    assert (reply.quoted, reply.in_reply_to, reply.references) == ("", "", ())
    assert "what I once wrote" in reply.text
    assert sorted((row.answers or "", row.state, row.text) for row in rows) == [
        ("", "done", "Thank you, Ben."),
        ("other@example.com", "withdrawn", ""),
    ]
    assert is_tainted(planted / "adapters", "ana", 1)
    assert not is_tainted(planted / "adapters", "ana", 3)


def test_a_retrain_is_planned(planted: Path, cyrano: Cyrano) -> None:
    """`cyrano status` tells it, until an adapter that never learned from it may take its place."""
    root = planted / "adapters"
    said = cyrano("forget", "--message-id", HELD, "--yes")
    assert "Train again" not in said  # v3 did not learn from it
    set_current(root, "ana", 3)
    cyrano("forget", "--message-id", "m1@example.org", "--yes")
    assert "ana@v3 learned from mail that was forgotten. Train again" in cyrano("status", code=1)
    assert "the base model writes until then" in retrain_note(root, "ana", is_strict=True)
    kinds = [
        notice and notice.kind for notice in (retrain_notice(root, "ana", is_strict=each) for each in (True, False))
    ]
    assert kinds == [NoticeKind.FORGOTTEN_RESTS, NoticeKind.FORGOTTEN_WRITES]
    _publish(root, ["m2@example.org"])
    assert retrain_note(root, "ana", is_strict=False) == ""


def test_a_dry_run_changes_nothing(planted: Path, cyrano: Cyrano) -> None:
    """It says what would go."""
    before = list(telling(planted))
    said = cyrano("forget", "--address", CANARY, "--dry-run")
    assert f"2025-12-24  {CANARY}" in said
    assert "1 mails that answer them lose what they quote" in said
    assert "1 drafts that leaned on them lose their words" in said
    assert list(telling(planted)) == before


@pytest.mark.parametrize(
    "arguments",
    [(), ("--address", "x"), ("--address", "ana@example.org"), ("--address", CANARY, "--before", "2026-01-01")],
)
@pytest.mark.usefixtures("ana")
def test_what_cannot_be_meant_is_refused(cyrano: Cyrano, arguments: tuple[str, ...]) -> None:
    """Nothing or too much to forget, no address, the owner's own."""
    cyrano("forget", *arguments, "--yes", code=2)


def test_while_a_run_is_under_way_nothing_goes(planted: Path, cyrano: Cyrano) -> None:
    """It has mail in its hands, and would publish an adapter that learned from it."""
    with (planted / "runs" / "ana-20261120-080000" / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert "A training run is under way" in cyrano("forget", "--address", CANARY, "--yes", code=1)
    assert not is_tainted(planted / "adapters", "ana", 1)
