"""Changing a draft: from what was asked to a request that knows what the draft so far was asked by.

The rule this module keeps: only an account's own drafts on request can be changed this way. One that answers a watched
mail has a place in Drafts, and is replaced by the watcher alone.
"""

from dataclasses import replace

from connectors.account import AccountRecord
from connectors.reason import Reason
from service.body import DraftBody
from service.drafting.draft import DraftRequest
from service.ledger import Ledger
from service.problems import InvalidBody

MOST = 20
"""Of more changes to a draft the last count, and what it was asked by at first."""


def read_request(body: DraftBody, record: AccountRecord, ledger: Ledger) -> DraftRequest:
    """Return what a body asks for.

    Raises:
        InvalidBody: the draft that is to be changed is not known, or another account's.
    """
    request = body.to_request(record)
    if not body.refines:
        return DraftRequest(request=request)
    earlier = asked_by(ledger, record.name, body.refines)
    if earlier is None:
        fault = {"where": "refines", "what": "this draft is not known"}
        hint = "Leave it out: the draft so far and the instruction are enough."
        said = "refines: this draft is not known."
        raise InvalidBody(said, hint=hint, faults=[fault], reason=Reason.UNKNOWN_DRAFT)
    return DraftRequest(request=replace(request, earlier=earlier), replaces=body.refines)


def asked_by(ledger: Ledger, account: str, draft_id: str) -> tuple[str, ...] | None:
    """Return what an account's draft on request was asked by: the first instruction, then each change.

    The first is "" where it was forgotten: no change may pass for what the mail is about. None where there is no such
    draft.
    """
    rows = ledger.lineage(account, draft_id)
    if not rows:
        return None
    first, *changes = [*([""] if rows[0].replaces else []), *(row.instruction for row in rows)]
    return (first, *changes[1 - MOST :])
