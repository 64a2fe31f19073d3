"""The command line: what a person types, in this process, on a home folder of its own."""

import io
import json
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.adapter import WEIGHTS, AdapterCard, publish, set_current
from connectors.database import open_database
from retrieval.prompt import PROMPT_VERSION
from service.__main__ import COMMANDS, main
from service.access.audit import Audit, Use
from service.access.pairing import Pairings, State
from service.lock import hold_home
from tests.connectors.samples import as_mbox, raw_mail
from trainer.tiny import make_tiny_model

MAILS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What it printed, by line."""
        return self.out.splitlines()


Cyrano = Callable[..., Said]


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder, with nothing set in the environment and ports nobody uses."""
    for name in [name for name in os.environ if name.startswith("CYRANO_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("CYRANO_HOME", str(folder))
    monkeypatch.setenv("CYRANO_HTTP__PORT", str(free_port()))
    monkeypatch.setenv("CYRANO_ENGINE__PORT", str(free_port()))
    return folder


@pytest.fixture
def cyrano(home: Path, capsys: pytest.CaptureFixture[str]) -> Cyrano:
    """Run a command to its end."""
    assert not home.exists()

    def call(*arguments: str | Path) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Said(code=int(ended.value.code or 0), out=out, err=err)

    return call


@pytest.fixture
def mbox(tmp_path: Path) -> Path:
    """A file with a few of Ana's mails, and one of another sender."""
    path = tmp_path / "Sent.mbox"
    path.write_bytes(as_mbox([*map(raw_mail, range(MAILS)), raw_mail(MAILS, sender="Ben <ben@example.net>")]))
    return path


@pytest.fixture
def ana(cyrano: Cyrano, mbox: Path) -> None:
    """An account "ana" on that file."""
    assert cyrano("account", "add", "mbox", "--path", mbox, "--address", "Ana@Example.org", "--owner", "Ana").code == 0


@pytest.fixture
def synced(cyrano: Cyrano, ana: None) -> Said:  # noqa: ARG001  the account must be there
    """What the first sync of it said."""
    return cyrano("sync")


def test_every_command_explains_itself(cyrano: Cyrano) -> None:
    """All commands of the table are there, and `--help` of each works."""
    for name in COMMANDS:
        said = cyrano(name, "--help")
        assert said.code == 0
        assert said.out.startswith(f"Usage: cyrano {name} ")


@pytest.mark.parametrize("arguments", [("fly",), ("account", "fly"), ("sync", "--fly")])
def test_an_unknown_word_is_a_usage_error(cyrano: Cyrano, arguments: tuple[str, ...]) -> None:
    """It is named, and the exit code is 2."""
    said = cyrano(*arguments)
    assert said.code == 2
    assert "fly" in said.err


def test_an_unknown_key_is_named_with_the_one_meant(cyrano: Cyrano, home: Path) -> None:
    """A slip in cyrano.toml ends every command with one line and exit code 2."""
    home.mkdir()
    (home / "cyrano.toml").write_text("[http]\nprot = 1\n")
    said = cyrano("account", "list")
    assert said.code == 2
    assert "http.prot" in said.err
    assert "port" in said.err


def test_a_home_that_cannot_be_made_is_said(cyrano: Cyrano, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says where it would be, and what to set."""
    monkeypatch.setenv("CYRANO_HOME", "/proc/home")
    said = cyrano("account", "list")
    assert said.code == 2
    assert "/proc/home" in said.err
    assert "CYRANO_HOME" in said.err


class TestAccounts:
    """`cyrano account`."""

    @pytest.mark.usefixtures("ana")
    def test_one_is_added_listed_and_removed(self, cyrano: Cyrano) -> None:
        """The list tells name, kind, owner and counts; after removal it is empty."""
        assert cyrano("account", "list").out.startswith("ana  mbox  Ana <ana@example.org>  0 mails")
        assert cyrano("account", "remove", "ana", "--yes").code == 0
        assert "No accounts yet" in cyrano("account", "list").out

    @pytest.mark.usefixtures("ana")
    def test_the_same_one_twice_is_refused(self, cyrano: Cyrano, mbox: Path) -> None:
        """The hint tells how to go on."""
        said = cyrano("account", "add", "mbox", "--path", mbox, "--address", "ana@example.com")
        assert said.code == 2
        assert "already an account" in said.err
        assert "account remove ana" in said.err

    @pytest.mark.usefixtures("ana")
    def test_a_kept_password_goes_to_no_other_server(self, cyrano: Cyrano, monkeypatch: pytest.MonkeyPatch) -> None:
        """A mailbox whose name is taken is refused before anything is asked or sent."""
        monkeypatch.setenv("CYRANO_ANA_PASSWORD", "secret")
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(0.1)
            port = str(server.getsockname()[1])
            place = ("--host", "127.0.0.1", "--port", port, "--security", "plain")
            said = cyrano("account", "add", "imap", *place, "--user", "ana@example.com")
            assert said.code == 2
            assert "already an account" in said.err
            with pytest.raises(TimeoutError):
                server.accept()

    @pytest.mark.parametrize(
        ("path", "address", "named"),
        [("missing.mbox", "me@example.org", "missing.mbox"), ("Sent.mbox", "example.org", "example.org")],
    )
    def test_what_cannot_be_is_refused(  # noqa: PLR0917  a case has many parts
        self, cyrano: Cyrano, mbox: Path, home: Path, path: str, address: str, named: str
    ) -> None:
        """A file that is not there, an address that is none: named, and nothing is left behind."""
        said = cyrano("account", "add", "mbox", "--path", mbox.parent / path, "--address", address)
        assert said.code == 2
        assert named in said.err
        assert not home.exists() or "No accounts yet" in cyrano("account", "list").out

    def test_a_server_that_does_not_answer_is_said(self, cyrano: Cyrano, monkeypatch: pytest.MonkeyPatch) -> None:
        """No account is added, and the exit code is 1."""
        monkeypatch.setenv("CYRANO_ME_PASSWORD", "secret")
        place = ("--host", "127.0.0.1", "--port", str(free_port()))
        said = cyrano("account", "add", "imap", *place, "--user", "me@example.org")
        assert said.code == 1
        assert "127.0.0.1" in said.err
        assert "No accounts yet" in cyrano("account", "list").out

    @pytest.mark.usefixtures("ana")
    def test_removal_leaves_nothing_of_it_and_all_of_others(self, cyrano: Cyrano, mbox: Path, home: Path) -> None:
        """Adapters, runs and the local token go; those of "ana-maria" stay."""
        cyrano("account", "add", "mbox", "--path", mbox, "--address", "ana-maria@example.org")
        cyrano("token", "create", "--account", "ana", "--label", "browser")
        for name in ("ana", "ana-maria"):
            (home / "adapters" / name / "v1").mkdir(parents=True)
            (home / "runs" / f"{name}-20261121-120000").mkdir(parents=True)
            (home / "run" / "tokens").mkdir(parents=True, exist_ok=True)
            (home / "run" / "tokens" / name).touch()
        assert cyrano("account", "remove", "ana", "--yes").code == 0
        left = [path.name for path in home.glob("*/*") if path.name.startswith("ana")]
        assert sorted(left) == ["ana-maria", "ana-maria-20261121-120000"]
        assert [path.name for path in (home / "run" / "tokens").iterdir()] == ["ana-maria"]
        assert "No tokens yet" in cyrano("token", "list").out


class TestMail:
    """`cyrano sync`, `export`, `exclude`, `reindex` and `instructions`."""

    def test_sync_reports_and_does_nothing_twice(self, cyrano: Cyrano, synced: Said) -> None:
        """The second sync finds nothing new."""
        assert f"{MAILS + 1} new mails, {MAILS} of them learned from" in synced.out
        assert "0 new mails" in cyrano("sync").out

    def test_without_accounts_sync_says_how_to_add_one(self, cyrano: Cyrano) -> None:
        """A newcomer is told the next step."""
        said = cyrano("sync")
        assert said.code == 2
        assert "account add" in said.err

    @pytest.mark.usefixtures("ana")
    def test_a_file_that_went_away_is_said(self, cyrano: Cyrano, mbox: Path) -> None:
        """The account and the file are named, and the exit code is not 0."""
        mbox.unlink()
        said = cyrano("sync")
        assert said.code == 1
        assert said.err.splitlines()[-2].startswith("ana: ")
        assert str(mbox) in said.err

    @pytest.mark.usefixtures("synced")
    def test_export_shows_what_is_learned_from_and_all_else_with_its_reason(self, cyrano: Cyrano) -> None:
        """One JSON object a line."""
        learned = [json.loads(line) for line in cyrano("export").lines]
        everything = [json.loads(line) for line in cyrano("export", "--all").lines]
        assert [mail["message_id"] for mail in learned] == [f"m{number}@example.org" for number in range(MAILS)]
        assert learned[0].keys() >= {"sent_at", "to", "subject", "text", "quoted", "signature", "language", "kind"}
        assert [mail["reason"] for mail in everything if not mail["kept"]] == ["another sender"]

    @pytest.mark.process
    @pytest.mark.usefixtures("synced")
    def test_export_shows_examples_as_the_model_reads_them(
        self, cyrano: Cyrano, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The trainer makes them, and what it made of mail stays nowhere else; a mail that was taken out is gone."""
        monkeypatch.setenv("CYRANO_ENGINE__MODEL", str(make_tiny_model(tmp_path / "tiny")))
        monkeypatch.setenv("CYRANO_TRAIN__MIN_MAILS", str(MAILS))
        monkeypatch.setenv("CYRANO_TRAIN__RETRIEVAL_PROBABILITY", "0")
        examples = [json.loads(line) for line in cyrano("export", "--examples").lines]
        assert {each["message_id"] for each in examples} == {f"m{number}@example.org" for number in range(MAILS)}
        assert {each["part"] for each in examples} == {"learned", "validation", "held out"}
        assert "this is mail number 0" in examples[0]["reply"]
        assert examples[0]["instruction"] == "extract"
        assert list((home / "runs").iterdir()) == []

        cyrano("exclude", "m0@example.org")
        too_few = cyrano("export", "--examples")
        assert (too_few.code, f"{MAILS - 1} mails to learn from" in too_few.err) == (1, True)

    @pytest.mark.usefixtures("synced")
    def test_what_is_excluded_stays_so(self, cyrano: Cyrano) -> None:
        """Neither another sync nor a new index brings it back."""
        assert cyrano("exclude", "<m1@example.org>").code == 0
        cyrano("sync")
        assert cyrano("reindex").code == 0
        assert "m1@example.org" not in cyrano("export").out
        assert cyrano("exclude", "nobody@example.org").code == 2

    @pytest.mark.usefixtures("synced")
    def test_instructions_are_brought_in(self, cyrano: Cyrano, tmp_path: Path) -> None:
        """Blank lines do no harm, nor what only looks like the end of a line; it is told how many have a mail."""
        rows = [{"message_id": f"<m{number}@example.org>", "instruction": "Write\u2028Ben."} for number in (0, 99)]
        file = tmp_path / "given.jsonl"
        file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n\n", encoding="utf-8")
        assert cyrano("instructions", file).out == "2 instructions for ana; it holds 1 of the mails they are for.\n"

    @pytest.mark.usefixtures("ana")
    @pytest.mark.parametrize("line", ["{", "[]", '{"message_id": "a@b"}', '{"message_id": "a@b", "instruction": 5}'])
    def test_a_broken_line_of_instructions_is_named(self, cyrano: Cyrano, tmp_path: Path, line: str) -> None:
        """By its number; nothing is stored."""
        file = tmp_path / "given.jsonl"
        file.write_text('{"message_id": "a@b", "instruction": "Write to Ben."}\n' + line)
        said = cyrano("instructions", file)
        assert said.code == 2
        assert "line 2" in said.err

    @pytest.mark.usefixtures("ana")
    @pytest.mark.parametrize("command", [("sync",), ("reindex",), ("account", "remove", "ana", "--yes")])
    def test_a_second_process_is_told_so(self, cyrano: Cyrano, home: Path, command: tuple[str, ...]) -> None:
        """Who holds the embedded stores, and what to do."""
        with hold_home(home):
            said = cyrano(*command)
        assert said.code == 1
        assert f"process {os.getpid()}" in said.err
        assert "Stop it first" in said.err


class TestTokens:
    """`cyrano token`."""

    @pytest.mark.usefixtures("ana")
    def test_one_is_made_listed_and_revoked(self, cyrano: Cyrano) -> None:
        """It is shown once; the list knows its label only; revoked, it is gone."""
        token = cyrano("token", "create", "--label", "browser").out.strip()
        listed = cyrano("token", "list").out
        assert token.startswith("cyr_")
        assert listed.startswith("ana  browser  made ")
        assert "last used never" in listed
        assert token not in listed
        assert cyrano("token", "revoke", "browser").out == "Revoked 1 of ana's tokens.\n"
        assert "No tokens yet" in cyrano("token", "list").out

    @pytest.mark.usefixtures("ana")
    def test_an_unknown_label_is_said(self, cyrano: Cyrano) -> None:
        """Nobody believes a token gone that is still good."""
        assert cyrano("token", "revoke", "browser").code == 2

    @pytest.mark.usefixtures("ana")
    def test_it_may_what_it_was_made_for(self, cyrano: Cyrano) -> None:
        """All where nothing is said; else the scopes given; one that is none is refused."""
        cyrano("token", "create", "--label", "all")
        cyrano("token", "create", "--label", "some", "--scope", "read", "--scope", "draft")
        everything, some = cyrano("token", "list").lines
        assert everything.endswith("  may draft, read, manage")
        assert some.endswith("  may draft, read")
        assert cyrano("token", "create", "--label", "x", "--scope", "fly").code == 2

    @pytest.mark.usefixtures("ana")
    def test_the_audit_says_who_was_let_in(self, cyrano: Cyrano, home: Path) -> None:
        """By the hour; of one account, or of all and of strangers; gone with the account, as is a code for it."""
        assert cyrano("token", "audit").out == "Nobody asked in this time.\n"
        audit = Audit(open_database(f"sqlite:///{home / 'cyrano.db'}"))
        for use in (Use(account="ana", label="phone", action="POST /draft"), Use(action="GET /", outcome="wrong-host")):
            audit.note(use)
        audit.flush()
        code = Pairings(audit._engine).make(["ana"])
        assert {line.partition("UTC  ")[2] for line in cyrano("token", "audit").lines} == {
            "ana  phone  POST /draft  ok  1",
            "somebody  GET /  wrong-host  1",
        }
        assert len(cyrano("token", "audit", "--account", "ana").lines) == 1
        assert cyrano("account", "remove", "ana", "--yes").code == 0
        (left,) = cyrano("token", "audit").lines
        assert left.endswith("wrong-host  1")
        assert Pairings(audit._engine).state(code.key) is State.REPLACED

    def test_without_an_account_there_is_none(self, cyrano: Cyrano) -> None:
        """A token opens an account; there must be one."""
        assert cyrano("token", "create", "--label", "browser").code == 2


class TestTraining:
    """`cyrano train` and `cyrano adapters`, as far as they go without an engine."""

    @pytest.fixture
    def model(self, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A configured folder for the model, with nothing in it."""
        assert home  # it clears the environment first
        monkeypatch.setenv("CYRANO_ENGINE__MODEL", str(tmp_path / "model"))
        return tmp_path / "model"

    @pytest.mark.usefixtures("ana")
    def test_without_a_model_it_says_where_to_set_one(self, cyrano: Cyrano) -> None:
        """The key is named."""
        said = cyrano("train")
        assert said.code == 1
        assert "[engine] model" in said.err

    @pytest.mark.usefixtures("model", "synced")
    def test_too_few_mails_are_told_before_an_engine_starts(self, cyrano: Cyrano, home: Path) -> None:
        """How many there are, how many are needed, and how to find out why."""
        said = cyrano("train")
        assert said.code == 1
        assert f"{MAILS} mails to learn from, of {MAILS + 1}; 20 are needed" in said.err
        assert "export --all" in said.err
        assert not (home / "logs").exists()
        assert not (home / "runs").exists()

    @pytest.mark.usefixtures("synced")
    def test_a_missing_model_is_named(self, cyrano: Cyrano, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """With the way to get it; no run is begun."""
        monkeypatch.setenv("CYRANO_TRAIN__MIN_MAILS", str(MAILS))
        said = cyrano("train")
        assert said.code == 1
        assert f"The model '{model}' is not on this machine." in said.err
        assert "hf download" in said.err

    @pytest.mark.usefixtures("ana", "model")
    @pytest.mark.parametrize("asked", [{"RANK": "64"}, {"AS_LORA": "64", "METHOD": "rosa"}])
    def test_an_adapter_the_engine_could_not_load_is_not_trained(
        self, cyrano: Cyrano, monkeypatch: pytest.MonkeyPatch, asked: dict[str, str]
    ) -> None:
        """A rank above the engine's is told at once, not after hours; merged, any rank will do."""
        for name, value in asked.items():
            monkeypatch.setenv(f"CYRANO_TRAIN__{name}", value)
        said = cyrano("train")
        assert said.code == 2
        assert "max_lora_rank" in said.err
        monkeypatch.setenv("CYRANO_ENGINE__SERVING", "merged")
        assert "max_lora_rank" not in cyrano("train").err

    @pytest.mark.usefixtures("ana")
    def test_adapters_are_listed_with_their_verdicts(self, cyrano: Cyrano, home: Path, tmp_path: Path) -> None:
        """A star marks the one in service."""
        assert "no adapter yet" in cyrano("adapters").out
        for is_approved in (True, False):
            built = tmp_path / "built"
            built.mkdir()
            (built / WEIGHTS).write_bytes(b"weights")
            card = AdapterCard(
                account="ana",
                base_model="tiny",
                prompt_version="1",
                method="lora",
                created_at="2026-11-21T12:00:00+00:00",
                is_approved=is_approved,
                verdict="approved: better" if is_approved else "not approved: worse",
                data={"mails": 200},
            )
            publish(home / "adapters", built, card)
        set_current(home / "adapters", "ana", 1)
        assert cyrano("adapters").lines == [
            "* ana@v1  2026-11-21T12:00  200 mails  approved: better",
            "  ana@v2  2026-11-21T12:00  200 mails  not approved: worse",
        ]


class TestAdapters:
    """`cyrano rollback`, and what `cyrano adapters` says of what became of them."""

    @pytest.fixture(autouse=True)
    def three(self, ana: None, home: Path, tmp_path: Path) -> None:  # noqa: ARG002  the account must be there
        """Three approved adapters of Ana's; the third writes."""
        for number in (1, 2, 3):
            built = tmp_path / "built"
            built.mkdir()
            (built / WEIGHTS).write_bytes(b"weights %d" % number)
            card = AdapterCard(
                account="ana", base_model="", prompt_version=PROMPT_VERSION, method="lora", created_at="",
                is_approved=True, verdict="approved",
            )  # fmt: skip
            publish(home / "adapters", built, card)
        set_current(home / "adapters", "ana", 3)

    def test_a_rollback_says_who_is_to_write_and_when(self, cyrano: Cyrano) -> None:
        """Where nothing runs, it takes effect later; the list says what was withdrawn and why."""
        said = cyrano("rollback")
        assert said.lines == [
            "ana@v2 is to write for ana; what is newer is withdrawn.",
            "It takes effect when the service starts: cyrano up",
        ]
        listed = cyrano("adapters").lines
        assert listed[2].endswith("approved (withdrawn: rolled back to ana@v2)")
        assert "the base model is to write for ana" in cyrano("rollback", "--to", "base").out

    def test_what_cannot_be_gone_back_to_is_said(self, cyrano: Cyrano, home: Path) -> None:
        """With the names there are, or why one cannot serve; nothing changes."""
        said = cyrano("rollback", "--to", "ana@v7")
        assert said.code == 2
        assert "no adapter ana@v7" in said.err
        assert "cyrano adapters" in said.err
        (home / "adapters" / "ana" / "v1" / WEIGHTS).unlink()
        assert "no weights any more" in cyrano("rollback", "--to", "v1").err
        assert "withdrawn" not in cyrano("adapters").out

    def test_history_and_damage_are_listed(self, cyrano: Cyrano, home: Path) -> None:
        """Neither looks like an adapter that could serve."""
        (home / "adapters" / "ana" / "v1" / WEIGHTS).unlink()
        (home / "adapters" / "ana" / "v2" / "card.json").write_text("{")
        listed = cyrano("adapters").lines
        assert listed[0].endswith("approved (history: its weights were deleted)")
        assert listed[-1].startswith("  ana@v2  broken: ")


class TestState:
    """`cyrano status`, `doctor` and `draft` where nothing runs."""

    @pytest.mark.usefixtures("ana")
    def test_status_says_that_nothing_runs_and_what_there_is(self, cyrano: Cyrano) -> None:
        """With the exit code that scripts go by."""
        said = cyrano("status")
        assert said.code == 1
        assert said.lines == [
            "Cyrano is not running. Start it: cyrano up",
            "ana: 0 mails, 0 learned from, no adapter yet: cyrano train",
        ]

    @pytest.mark.usefixtures("ana")
    def test_status_tells_the_last_sync_whoever_began_it(self, cyrano: Cyrano, mbox: Path) -> None:
        """Also one by hand, and what was wrong with it."""
        cyrano("sync")
        assert any(line.startswith("    sync  ok, just now: 9 new mails") for line in cyrano("status").lines)
        mbox.unlink()
        cyrano("sync")
        said = cyrano("status").lines
        assert "    sync  failed, just now" in said
        assert any(f"There is no file {mbox}. It last went well just now." in line for line in said)

    @pytest.mark.usefixtures("ana")
    def test_a_question_without_a_terminal_is_an_error_that_says_so(
        self, cyrano: Cyrano, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Under a service manager or cron nobody answers; that nothing was done must not look like an accident."""
        monkeypatch.setattr(sys, "stdin", io.StringIO(""))
        said = cyrano("account", "remove", "ana")
        assert said.code == 2
        assert "nobody answered" in said.err
        assert "ana" in cyrano("account", "list").out

    @pytest.mark.usefixtures("ana")
    def test_draft_says_how_to_start_the_service(self, cyrano: Cyrano) -> None:
        """It does not start one behind one's back."""
        said = cyrano("draft", "Thank Ben.")
        assert said.code == 1
        assert "cyrano up" in said.err

    @pytest.mark.usefixtures("ana")
    def test_doctor_looks_at_each_part(self, cyrano: Cyrano, home: Path) -> None:
        """What is well has a tick; without a model the engine has a cross, and a hint below."""
        said = cyrano("doctor")
        marks = {line[2:].split(":")[0]: line[0] for line in said.lines if line[0] in "✓✗"}
        assert said.code == 1
        assert marks.keys() == {"home", "disk", "archive", "index", "engine", "trainer", "account ana"}
        assert {marks[part] for part in ("home", "archive", "index", "account ana")} == {"✓"}
        assert marks["engine"] == "✗"
        assert f"✓ home: all state lies under {home}" in said.lines
        assert "    Set [engine] model in cyrano.toml." in said.lines

    @pytest.mark.usefixtures("ana")
    def test_doctor_sees_a_file_that_went_away(self, cyrano: Cyrano, mbox: Path) -> None:
        """A mailbox that is said to be readable was read."""
        mbox.unlink()
        assert f"✗ account ana: There is no file {mbox}." in cyrano("doctor").lines

    @pytest.mark.usefixtures("ana")
    def test_doctor_leaves_a_running_service_alone(self, cyrano: Cyrano, home: Path) -> None:
        """The embedded index is not opened under it."""
        with hold_home(home):
            assert "✓ index: in use by a running Cyrano" in cyrano("doctor").lines
