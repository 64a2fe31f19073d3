"""`cyrano stats`, on a home folder with a few drafts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.archive import Archive
from service.__main__ import main
from service.draft_row import Written
from service.edits import Edit, Verdict
from service.ledger import Ledger
from service.outcomes import Outcome, Outcomes
from tests.connectors.samples import account_record


def test_shares_are_told_by_week_and_adapter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the drafts of which it is known what became of them; an account without drafts is named too."""
    monkeypatch.setenv("CYRANO_HOME", str(tmp_path))
    now = datetime.now(UTC)
    with Archive.open(f"sqlite:///{tmp_path / 'cyrano.db'}") as archive:
        for name in ("ana", "ben"):
            archive.add_account(account_record(name))
        ledger, outcomes = Ledger(archive.engine), Outcomes(archive.engine)
        for verdict in (Verdict.AS_IS, Verdict.LIGHT, Verdict.LIGHT, Verdict.REWRITTEN, None):
            draft_id = ledger.begin("ana")
            ledger.finish(draft_id, Written(text="Yes.", adapter="ana@v1"))
            if verdict:
                edits = (Edit.TONE, Edit.FACTS) if verdict is Verdict.LIGHT else ()
                found = Outcome(
                    draft_id=draft_id,
                    sent_id="s",
                    sent_at=now,
                    verdict=verdict,
                    distance=0,
                    edits=edits,
                    adapter="ana@v1",
                )
                outcomes.record("ana", [found])
    with pytest.raises(SystemExit) as ended:
        main(["stats", "--weeks", "4"])
    assert not ended.value.code
    monday = (now - timedelta(days=now.weekday())).date()
    assert capsys.readouterr().out.splitlines() == [
        "ana:",
        "week of     written by           drafts  as is  light rewritten ignored  open inserted",
        f"{monday}  ana@v1                    5    25%    50%       25%      0%     1        0",
        "edits: tone 2, facts 2",
        "ben: no drafts in this time",
    ]
