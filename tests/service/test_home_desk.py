"""The desk of a home folder: real adapters, a real archive and real runs, as the console shows them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connectors.adapter import WEIGHTS, AdapterCard, folder, publish, set_current, taint, write_learned
from connectors.archive import Archive
from connectors.archive_search import Search, Which
from connectors.errors import StoreError, UsageError
from connectors.evaluation import FILE
from connectors.message import ArchivedEmail
from retrieval.prompt import PROMPT_VERSION
from service.desk import Standing
from service.home_desk import HomeDesk
from service.refresh.runs import Runs, RunState
from service.serving.rollback import BASE
from tests.service.web.standin_desk import StandInOutlook, evaluation, mail


@dataclass
class StandInIndex:
    """Notes what is taken out."""

    removed: list[str] = field(default_factory=list)

    def remove(self, account: str, message_ids: Collection[str]) -> None:
        """Take mails out."""
        assert account == "ana"
        self.removed += message_ids


@dataclass
class Home:
    """A home folder with a desk."""

    adapters: Path
    archive: Archive
    index: StandInIndex = field(default_factory=StandInIndex)
    serving: str | None = None
    problems: dict[str, str] = field(default_factory=dict)
    unable: dict[str, str] = field(default_factory=dict)

    def desk(self) -> HomeDesk:
        """The desk."""
        return HomeDesk(
            adapters=self.adapters,
            archive=self.archive,
            retriever=lambda: self.index,  # type: ignore[arg-type,return-value]  # all that is asked of it
            runs_table=Runs(self.archive.engine),
            in_service=lambda _: self.serving,
            problems=lambda: self.problems,
            why_not=lambda card: self.unable.get(card.name, ""),
            decided=lambda _: StandInOutlook(),
        )

    def publish(self, *, is_approved: bool = True, learned: Collection[str] = ()) -> AdapterCard:
        """Publish an adapter of Ana's."""
        built = self.adapters / "ana" / ".built"
        built.mkdir(parents=True)
        (built / WEIGHTS).write_bytes(b"w" * 1000)
        (built / "report.html").write_text("<h1>How it learned</h1>", encoding="utf-8")
        write_learned(built, learned)
        card = AdapterCard(
            account="ana",
            base_model="base",
            prompt_version=PROMPT_VERSION,
            method="lora",
            created_at="2026-11-21T12:00:00+00:00",
            is_approved=is_approved,
            verdict="good" if is_approved else "worse",
        )
        return publish(self.adapters, built, card)

    def standings(self) -> list[Standing]:
        """How each adapter stands, the newest first."""
        return [each.standing for each in self.desk().shelf("ana")]


@pytest.fixture
def home(tmp_path: Path, archive: Archive) -> Home:
    """A home folder with the account ana."""
    return Home(adapters=tmp_path / "adapters", archive=archive)


def store(home: Home, *ids: str) -> None:
    """Put mail of Ana's into the archive and the index."""
    mails = [ArchivedEmail(account="ana", email=mail(each, "Harbour", f"Walk {each}"), kept=True) for each in ids]
    home.archive.store("ana", mails, cursor=None)
    home.archive.mark_indexed("ana", ids)


def test_each_adapter_stands_where_it_does(home: Home) -> None:
    """The newest first; rejected, serving, ready, and one whose weights are gone are told apart."""
    assert home.standings() == []
    for is_approved in (True, True, True, False):
        home.publish(is_approved=is_approved)
    (folder(home.adapters, "ana", 1) / WEIGHTS).unlink()
    home.serving = "ana@v3"
    set_current(home.adapters, "ana", 3)
    assert home.standings() == [Standing.REJECTED, Standing.SERVING, Standing.READY, Standing.KEPT]
    sizes = [each.size for each in home.desk().shelf("ana")]
    assert sizes[0] > 1000 > sizes[-1] > 0
    assert home.desk().shelf("bob") == []


def test_what_is_wrong_with_an_adapter_stands_by_it(home: Home) -> None:
    """Problems the keeper found, and taint, come with the adapter they are about."""
    home.publish()
    home.publish()
    taint(home.adapters, "ana", 1)
    home.problems["ana@v2"] = "The base model changed since. Train again."
    newest, oldest = home.desk().shelf("ana")
    assert (newest.problem, newest.is_tainted) == ("The base model changed since. Train again.", False)
    assert (oldest.problem, oldest.is_tainted) == ("", True)
    assert newest.pages == ("report.html",)


def test_going_back_is_the_rollback_of_the_command_line(home: Home) -> None:
    """To an earlier one, to the base model, and forward again; an adapter that cannot serve is refused with the why."""
    for _ in range(3):
        home.publish()
    set_current(home.adapters, "ana", 3)
    home.serving = "ana@v3"
    back = home.desk().roll_back("ana", "ana@v2")
    assert back is not None
    assert back.name == "ana@v2"
    home.serving = "ana@v2"
    assert home.standings() == [Standing.WITHDRAWN, Standing.SERVING, Standing.READY]
    assert home.desk().shelf("ana")[0].withdrawn
    assert home.desk().roll_back("ana", BASE) is None
    home.unable["ana@v3"] = "The base model changed since."
    with pytest.raises(UsageError, match="base model changed"):
        home.desk().roll_back("ana", "ana@v3")
    for nowhere in ("ana@v9", "", "bob@v1"):
        with pytest.raises(UsageError):
            home.desk().roll_back("ana", nowhere)


def test_taking_out_leaves_archive_index_and_says_who_knows_it(home: Home) -> None:
    """The mail is not learned from any more, the index has it no more, and adapters that learned from it are named."""
    store(home, "m1@x", "m2@x")
    home.publish(learned=["m1@x"])
    home.publish(learned=["m2@x"])
    assert home.desk().take_out("ana", "m1@x") == ["ana@v1"]
    assert home.index.removed == ["m1@x"]
    assert home.archive.outdated("ana") == []
    assert [each.email.message_id for each in home.desk().search("ana", Search()).mails] == ["m2@x"]
    assert home.desk().search("ana", Search(which=Which.LEFT_OUT)).total == 1
    assert home.desk().stock("ana").learned == 1
    with pytest.raises(UsageError):
        home.desk().take_out("ana", "m9@x")


def test_adapter_whose_weights_are_gone_knows_nothing_any_more(home: Home) -> None:
    """What cannot write cannot give a mail away."""
    store(home, "m1@x")
    home.publish(learned=["m1@x"])
    (folder(home.adapters, "ana", 1) / WEIGHTS).unlink()
    assert home.desk().take_out("ana", "m1@x") == []


def test_reports_are_read_and_nothing_else_is(home: Home) -> None:
    """Only the two reports, only of this account's adapters; what is not there is said."""
    home.publish()
    desk = home.desk()
    assert desk.page("ana", 1, "report.html") == b"<h1>How it learned</h1>"
    for version, name in ((1, "evaluation.html"), (1, "card.json"), (1, "../../@last.json"), (2, "report.html")):
        with pytest.raises(UsageError):
            desk.page("ana", version, name)


def test_evaluation_is_read_from_the_folder(home: Home) -> None:
    """As it was written, none where none was, and an error that says what to do where it is broken."""
    home.publish()
    file = folder(home.adapters, "ana", 1) / FILE
    assert home.desk().evaluation("ana", 1) is None
    file.write_text(evaluation(1).model_dump_json(), encoding="utf-8")
    assert home.desk().evaluation("ana", 1) == evaluation(1)
    file.write_text("{", encoding="utf-8")
    with pytest.raises(StoreError):
        home.desk().evaluation("ana", 1)


def test_run_is_asked_for_once(home: Home) -> None:
    """Who asks twice gets the run that is waiting already, and it is the first in the list."""
    asked = home.desk().ask_run("ana")
    assert asked.state is RunState.ASKED
    assert home.desk().ask_run("ana").run_id == asked.run_id
    assert [run.run_id for run in home.desk().runs("ana", 5)] == [asked.run_id]
    assert home.desk().runs("bob", 5) == []
