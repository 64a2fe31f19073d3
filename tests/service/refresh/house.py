"""A home whose refreshes can be watched: real tables and folders, a mailbox and a trainer of a few lines."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.adapter import WEIGHTS, AdapterCard, publish, set_current
from connectors.archive import Archive
from connectors.job import TrainJob
from connectors.message import ArchivedEmail, Email
from service.refresh.facts import Looker
from service.refresh.lease import Leases
from service.refresh.refresh import Refresher, Work
from service.refresh.reporter import Reporter
from service.refresh.runs import RunRecord, Runs
from service.refresh.settings import RefreshSettings
from service.training import RESULT, Stage
from tests.trainer.mails import mail

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
SETTINGS = RefreshSettings(new_mails=3, hours="")
Trainer = Callable[[Path, str, Reporter], Mapping[str, Any]]


@dataclass
class House:
    """A home with the account ana, and what happens in it."""

    archive: Archive
    home: Path
    now: datetime = START
    settings: RefreshSettings = SETTINGS
    mailbox: list[Email] = field(default_factory=list)
    """What was sent and not yet synced."""
    sync_fails: Exception | None = None
    order_fails: Exception | None = None
    trainer: Trainer | None = None
    """None for one that publishes an approved adapter."""
    flips: bool = True
    """Whether somebody puts adapters in service."""
    why_not: str = ""
    told: list[RunRecord] = field(default_factory=list)
    is_told: bool = True
    collected: list[str] = field(default_factory=list)
    orders: list[TrainJob] = field(default_factory=list)
    """What the trainer was told to do, each time it was started."""
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.runs = Runs(self.archive.engine, clock=lambda: self.now)
        self.leases = Leases(self.archive.engine)
        self.looker = Looker(self.archive.engine, self.runs, self.adapters, clock=lambda: self.now)
        self.refresher = self.make_refresher()

    @property
    def adapters(self) -> Path:
        """Where adapters lie."""
        return self.home / "adapters"

    @property
    def folder(self) -> Path:
        """Where runs lie."""
        return self.home / "runs"

    def make_refresher(self, leases: Leases | None = None, **parts: Any) -> Refresher:
        """Return a refresher of this home; several are those of several processes."""
        work = Work(
            look=self.looker.look,
            stock=self.looker.stock,
            settings=lambda _: self.settings,
            sync=self._sync,
            order=self._order,
            train=self._train,
            is_account=lambda name: name in {record.name for record in self.archive.accounts()},
            forget=lambda account: self.collected.append(f"forget {account}"),
            collect=self.collected.append,
            why_not=lambda _: self.why_not,
            help_flip=self._flip,
            tell=self._tell,
        )
        return Refresher(
            replace(work, **parts), self.runs, leases or self.leases, folder=self.folder, adapters=self.adapters,
            stop=self.stop, flip_within_s=0.3,
        )  # fmt: skip

    def send(self, count: int) -> None:
        """Let the owner send mails; the next sync brings them in."""
        number = self.archive.count("ana").total + len(self.mailbox)
        self.mailbox += [mail(number + each) for each in range(count)]

    def sync(self) -> None:
        """Bring in what was sent."""
        mails = [ArchivedEmail(account="ana", email=email, kept=True) for email in self.mailbox]
        self.archive.store("ana", mails, "1")
        self.mailbox.clear()

    def learn_first(self, count: int = 10) -> AdapterCard:
        """Have a first adapter, as `cyrano train` makes it."""
        self.send(count)
        self.sync()
        newest = max(each.email.sent_at for each in self.archive.mails("ana") if each.email.sent_at)
        card = self.publish(data={"mails": count, "newest": newest.isoformat()})
        set_current(self.adapters, "ana", card.version)
        self.pass_time(hours=1)
        return card

    def publish(self, *, is_approved: bool = True, verdict: str = "It is good.", **changes: Any) -> AdapterCard:
        """Publish an adapter."""
        built = self.home / "built"
        built.mkdir(parents=True)
        (built / WEIGHTS).write_bytes(b"weights")
        card = AdapterCard(
            account="ana", base_model="tiny", prompt_version="1", method="lora", created_at=self.now.isoformat(),
            is_approved=is_approved, verdict=verdict, **changes,
        )  # fmt: skip
        return publish(self.adapters, built, card)

    def pass_time(self, **how: float) -> None:
        """Let time pass."""
        self.now += timedelta(**how)

    def last(self) -> RunRecord:
        """Return the newest run."""
        return self.runs.recent("ana", most=1)[0]

    def finish(self, folder: Path, reporter: Reporter, **changes: Any) -> Mapping[str, Any]:
        """Do as a trainer does that comes to an adapter."""
        for name in ("playback", "examples", "train", "evaluate"):
            reporter.follow(Stage(name=name, done=1, total=1, note=""))
            reporter.check()
        card = self.publish(config={"run": folder.name}, **changes)
        result = {"adapter": card.name, "is_approved": card.is_approved, "report": [card.verdict]}
        (folder / RESULT).write_text(json.dumps(result), "utf-8")
        return result

    def _sync(self, _account: str, reporter: Reporter) -> None:
        if self.sync_fails is not None:
            raise self.sync_fails
        reporter.enter("sync", 0, len(self.mailbox))
        self.sync()

    def _order(self, account: str) -> TrainJob:
        if self.order_fails is not None:
            raise self.order_fails
        return TrainJob(
            run="", account=account, home=self.home, model="tiny", prompt_budget=700, adapters=self.adapters
        )  # fmt: skip

    def _train(self, folder: Path, account: str, reporter: Reporter) -> Mapping[str, Any]:
        self.orders.append(TrainJob.model_validate_json((folder / "job.json").read_bytes()))
        return self.trainer(folder, account, reporter) if self.trainer else self.finish(folder, reporter)

    def _flip(self) -> None:
        versions = [int(path.name[1:]) for path in (self.adapters / "ana").glob("v*") if path.is_dir()]
        if self.flips:
            set_current(self.adapters, "ana", max(versions))

    def _tell(self, record: RunRecord) -> bool:
        self.told.append(record)
        return self.is_told


def rejecting(house: House) -> Callable[..., Mapping[str, Any]]:
    """A trainer whose adapter does not pass."""
    verdict = "Undecided: 3 more mails are needed."
    return lambda folder, _account, reporter: house.finish(folder, reporter, is_approved=False, verdict=verdict)


def checked(house: House, is_so: Callable[[], bool]) -> Callable[..., Mapping[str, Any]]:
    """A trainer that sees to it that something is so when it begins."""

    def train(folder: Path, _account: str, reporter: Reporter) -> Mapping[str, Any]:
        assert is_so()
        return house.finish(folder, reporter)

    return train


def replace_settings(house: House, **changes: Any) -> Any:
    """Return the settings with some changed."""
    return house.settings.model_copy(update=changes)
