"""The page Adapters: what writes, what is in the making, what was made before and how it was judged."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, make_response, request

from connectors.errors import StoreError, UsageError
from connectors.evaluation import Evaluation
from service.access.asking import allowed_by
from service.desk import Desk, Outlook, Shelved, Standing
from service.parts import Parts
from service.refresh.runs import RunRecord, RunState, Stage
from service.web.expected import Expected
from service.web.fragments import fragment, told
from service.web.judged import can_go_back, compare, learned, losses
from service.web.plots import split
from service.web.tickets import Shown, Tickets
from service.web.words import RUN_STATES
from service.web.words import stage as words_of

RUNS = 12
UNDER_WAY = (RunState.ASKED, RunState.RUNNING)
BAD = (RunState.REJECTED, RunState.FAILED, RunState.INTERRUPTED, RunState.WAITING)
# A report is one file with its styles in it: it may have those and nothing else, not even an origin.
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a page has shown: one that comes back with it is told what is new."""

    writer: str
    """The adapter that writes; "" for the base model."""
    run: str
    """The run under way and where it is; "" where none is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """How things are with an account's adapters."""

    serving: Shelved | None
    is_empty: bool
    """Whether no adapter was ever made."""
    run: RunRecord | None
    """What is asked for or under way."""
    last: RunRecord | None
    """The last run that ended."""
    gone_back_from: str
    """The newest adapter, where its owner went back behind it."""
    outlook: Outlook | None
    """When the next run is; None while there is one."""
    notices: Sequence[str]

    @property
    def is_bad(self) -> bool:
        """Whether the last run ended in a way that its owner should know of."""
        return self.run is None and self.last is not None and self.last.state in BAD

    @property
    def seen(self) -> Seen:
        """What a page that shows this has shown."""
        run = self.run
        return Seen(
            writer=self.serving.card.name if self.serving else "",
            run=f"{run.run_id} {run.state} {run.stage}" if run else "",
        )


def make_adapters_page(parts: Parts, desk: Desk) -> Blueprint:
    """Return the fragments that show adapters and runs."""
    page = Blueprint("adapters_page", __name__)
    allowed, expected = allowed_by(parts), Expected(desk.outlook)

    def look(account: str, *, anew: bool = False) -> Now:
        shelf, runs = desk.shelf(account), desk.runs(account, RUNS)
        run = next((each for each in runs if each.state in UNDER_WAY), None)
        last = next((each for each in runs if each.state not in UNDER_WAY), None)
        return Now(
            serving=next((each for each in shelf if each.standing is Standing.SERVING), None),
            is_empty=not shelf,
            run=run,
            last=last,
            gone_back_from=shelf[0].card.name if shelf and shelf[0].standing is Standing.WITHDRAWN else "",
            outlook=None if run else expected.of(account, last, anew=anew),
            notices=[notice.text for notice in parts.notices(account)],
        )

    @page.get("/console/adapters")
    def adapters() -> str:
        account = allowed().account
        shelf = desk.shelf(account)
        ended = [run for run in desk.runs(account, RUNS) if run.state not in UNDER_WAY]
        can_leave, now = any(each.standing is Standing.SERVING for each in shelf), look(account, anew=True)
        return fragment("adapters", now=now, shelf=shelf, ended=ended, stages=Stage, split=split, can_leave=can_leave)

    @page.get("/console/adapters/now")
    def now() -> Response:
        shown = look(allowed().account)
        html = fragment("now", now=shown, stages=Stage)
        known = Seen(writer=request.args.get("writer", ""), run=request.args.get("run", ""))
        if known == shown.seen:
            return make_response(html)
        has_changed = known.writer != shown.seen.writer or not (known.run and shown.seen.run)
        return told(html, words=_say(shown, known), has_changed=has_changed)

    @page.get("/console/adapters/<int:version>")
    def adapter(version: int) -> str:
        account = allowed().account
        shelf = desk.shelf(account)
        shelved = _find(shelf, account, version)
        evaluation, problem = _evaluation(desk, account, version)
        return fragment(
            "adapter",
            shelved=shelved,
            evaluation=evaluation,
            problem=problem,
            measures=compare(evaluation) if evaluation else (),
            table=evaluation.table if evaluation else losses(shelved),
            curves=learned(shelved),
            can_go_back=can_go_back(shelf, shelved),
        )

    return page


def make_adapters_actions(parts: Parts, desk: Desk, tickets: Tickets) -> Blueprint:
    """Return what the page's buttons do."""
    actions = Blueprint("adapters_actions", __name__)
    allowed = allowed_by(parts)

    @actions.post("/console/train")
    def train() -> Response:
        desk.ask_run(allowed().account)
        return told("", words="Asked for. The run begins as soon as it can.", has_changed=True)

    @actions.post("/console/rollback")
    def roll_back() -> Response:
        card = desk.roll_back(allowed().account, request.form.get("to", ""))
        who = card.name if card else "the base model"
        return told("", words=f"Going back: {who} takes over within seconds.", has_changed=True)

    @actions.post("/console/adapters/<int:version>/report/<name>")
    def report(version: int, name: str) -> Response:
        account = allowed().account
        desk.page(account, version, name)
        # A browser sends no token along when it opens a page: the address itself must let in, for a while.
        ticket = tickets.give(Shown(account=account, version=version, name=name))
        return Response(status=204, headers={"HX-Redirect": f"/console/report/{ticket}"})

    @actions.get("/console/report/<ticket>")
    def shown(ticket: str) -> Response:
        opened = tickets.take(ticket)
        html = desk.page(opened.account, opened.version, opened.name)
        return Response(html, mimetype="text/html", headers={"Content-Security-Policy": REPORT_POLICY})

    return actions


def _say(now: Now, known: Seen) -> str:
    """Say what is new to whoever knows what was before."""
    if known.writer != now.seen.writer:
        return f"{now.serving.card.name if now.serving else 'The base model'} writes your drafts now."
    if now.run:
        return f"{words_of(now.run.stage)}." if now.run.stage else f"A run is {RUN_STATES[now.run.state]}."
    if now.last:
        return f"The run has ended: {RUN_STATES[now.last.state]}. {now.last.reason} {now.last.hint}".strip()
    return "The run has ended."


def _find(shelf: Sequence[Shelved], account: str, version: int) -> Shelved:
    for each in shelf:
        if each.card.version == version:
            return each
    raise UsageError(f"There is no adapter {account}@v{version}.", hint="Load the page again: it may be gone.")


def _evaluation(desk: Desk, account: str, version: int) -> tuple[Evaluation | None, str]:
    """Return how an adapter was judged, or why that cannot be read: the rest is worth showing all the same."""
    try:
        return desk.evaluation(account, version), ""
    except StoreError as error:
        return None, f"{error} {error.hint}"
