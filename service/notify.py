"""Telling an account's owner that a run ended badly, and what to do: a webhook, a draft to themselves, or both.

Rules:
1. No mail, no words of mail: what is told is the run, its reason and its hint.
2. Each of the two is told once, across crashes: what was told is on disk, the draft is looked for before it is made,
   and a webhook that hears of something again gets the same key.
3. What cannot be told does no harm to anything else; after a day it is given up.
4. Nothing is sent: a draft is put into the owner's own Drafts folder, for themselves.
"""

import json
import logging
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from connectors.account import AccountRecord
from connectors.composing.notice import compose_notice, notice_message_id
from connectors.errors import CyranoError
from connectors.mailbox import Mailbox, Place
from service.refresh.runs import RunRecord, RunState
from service.training import is_run_of
from service.webhook import Webhook, check_address

logger = logging.getLogger(__name__)

FILE = "told.json"
GIVE_UP = timedelta(days=1)
WEBHOOK, DRAFT = "webhook", "draft"


class NotifySettings(BaseModel):
    """Who is told when a run was rejected or failed. The section `[notify]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    webhook: str = ""
    """An address of yours that gets a JSON object by POST: account, run, how it ended and what to do; no mail."""
    draft: bool = False
    """Whether a draft addressed to yourself says so, in the account's own Drafts folder."""

    @field_validator("webhook")
    @classmethod
    def _check(cls, url: str) -> str:
        return check_address(url) if url else url


class Notifier:
    """Tells owners how their runs ended."""

    def __init__(
        self,
        settings: NotifySettings,
        home: Path,
        *,
        webhook: Webhook | None,
        account: Callable[[str], AccountRecord],
        connect: Callable[[AccountRecord], Mailbox | None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Join the parts.

        Args:
            settings: Who is told.
            home: Where it is remembered what was told.
            webhook: The address, where one is set.
            account: Returns the account of a name.
            connect: Opens an account's mailbox; None where it keeps no drafts.
            clock: Now, aware.
        """
        self._settings = settings
        self._webhook = webhook
        self._account = account
        self._connect = connect
        self._clock = clock
        self._told = _Told(home / "run" / FILE)
        self._problems: dict[str, str] = {}

    @property
    def problems(self) -> dict[str, str]:
        """Account to why its owner could not be told, in a sentence."""
        return dict(self._problems)

    def tell(self, run: RunRecord) -> bool:
        """Tell how a run ended; return whether that is done, be it because it was given up."""
        waiting = [self._tell_by(way, run) for way in self._ways()]
        if not any(waiting):
            self._told.forget(run.run_id)
            return True
        ended = run.ended_at or run.changed_at
        return self._clock() - ended > GIVE_UP

    def forget(self, account: str) -> None:
        """Forget what was told of an account's runs."""
        self._problems.pop(account, None)
        self._told.forget_account(account)

    def _ways(self) -> list[str]:
        # The draft first: it is found again after a crash, where a webhook can only be told the same once more.
        return [DRAFT] * self._settings.draft + [WEBHOOK] * (self._webhook is not None)

    def _tell_by(self, way: str, run: RunRecord) -> bool:
        """Tell in one way; return whether it is still to be tried."""
        key = f"{way} {_end_of(run)}"
        if self._told.has(run.run_id, key):
            return False
        try:
            (self._draft if way == DRAFT else self._post)(run)
        except CyranoError as error:
            logger.warning("account %s, run %s: its owner could not be told: %s", run.account, run.run_id, error)
            self._problems[run.account] = f"You could not be told how {run.run_id} ended: {error} {error.hint}".strip()
            return not getattr(error, "permanent", False)
        self._problems.pop(run.account, None)
        self._told.add(run.run_id, key)
        logger.info("account %s, run %s: told by %s", run.account, run.run_id, way)
        return False

    def _post(self, run: RunRecord) -> None:
        assert self._webhook is not None
        self._webhook.post(payload(run), key=_end_of(run))

    def _draft(self, run: RunRecord) -> None:
        record = self._account(run.account)
        mailbox = self._connect(record)
        if mailbox is None:
            return
        message_id = notice_message_id(run.account, _end_of(run), record.owner)
        with closing(mailbox):
            if mailbox.find(Place.DRAFTS, message_id):
                return
            raw = compose_notice(
                words(run), title=title(run), owner=record.owner, message_id=message_id, date=self._clock()
            )
            mailbox.append_draft(raw)


def _end_of(run: RunRecord) -> str:
    """Return what tells an end of a run from all others: it may go on, and end anew."""
    return f"{run.run_id}-{run.ended_at or run.changed_at:%Y%m%dT%H%M%S}"


def title(run: RunRecord) -> str:
    """Return in a line what is told of a run."""
    if run.state is RunState.REJECTED:
        return f"Cyrano: {run.adapter or 'the new adapter'} of {run.account} does not write; the one before goes on"
    return f"Cyrano: learning from {run.account}'s mail failed"


def words(run: RunRecord) -> str:
    """Return what is told of a run, for a person."""
    ended = run.ended_at or run.changed_at
    first = title(run).removeprefix("Cyrano: ")
    parts = [
        f"{first[0].upper()}{first[1:]}.",
        f"What happened: {run.reason}" if run.reason else "",
        f"What to do: {run.hint}" if run.hint else "",
        f"Run {run.run_id}, {ended:%Y-%m-%d %H:%M} UTC. Drafts are written as before.",
    ]
    return "\n\n".join(part for part in parts if part)


def payload(run: RunRecord) -> dict[str, Any]:
    """Return what a webhook is told of a run; `text` says it all, for chat rooms that show no more."""
    ended = run.ended_at or run.changed_at
    return {
        "event": f"run.{run.state}",
        "account": run.account,
        "run": run.run_id,
        "state": str(run.state),
        "adapter": run.adapter,
        "trigger": run.trigger,
        "why": run.why,
        "reason": run.reason,
        "hint": run.hint,
        "ended_at": ended.isoformat(timespec="seconds"),
        "text": "\n".join(part for part in (title(run), run.reason, run.hint) if part),
    }


class _Told:
    """What was told of runs of which not all is told yet, in a file. A file that is broken is as good as none."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def has(self, run_id: str, key: str) -> bool:
        return key in self._read().get(run_id, [])

    def add(self, run_id: str, key: str) -> None:
        told = self._read()
        self._write({**told, run_id: [*told.get(run_id, []), key]})

    def forget(self, run_id: str) -> None:
        told = self._read()
        if told.pop(run_id, None) is not None:
            self._write(told)

    def forget_account(self, account: str) -> None:
        told = self._read()
        kept = {run_id: keys for run_id, keys in told.items() if not is_run_of(run_id, account)}
        if kept != told:
            self._write(kept)

    def _read(self) -> dict[str, list[str]]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        is_whole = isinstance(found, dict) and all(isinstance(keys, list) for keys in found.values())
        return found if is_whole else {}

    def _write(self, told: dict[str, list[str]]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_name(f"{FILE}.new")
            fresh.write_text(json.dumps(told) + "\n", encoding="utf-8")
            fresh.replace(self._path)
        except OSError as error:
            logger.warning("it could not be written down what was told: %s", error.strerror)
