"""A trainer of its own merges; how that ended is told in its words."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectors.adapter import AdapterCard
from connectors.errors import EngineDown, TrainError
from connectors.job import FILE
from connectors.merge_job import MergeJob
from connectors.pipe import Room
from service.serving.merging import merge_by_trainer

CARD = AdapterCard(
    account="ana", version=3, base_model="tiny", prompt_version="1", method="rosa", created_at="", is_approved=True,
    verdict="",
)  # fmt: skip
ANSWER = "import json, shutil, sys; shutil.copy(sys.argv[1] + '/job.json', {seen!r}); print(json.dumps({said!r}))"


def _program(seen: Path, **said: object) -> tuple[str, ...]:
    """A trainer that keeps its order and says something."""
    return (sys.executable, "-c", ANSWER.format(seen=str(seen), said=said))


def test_the_order_names_adapter_base_and_place(tmp_path: Path) -> None:
    """And is gone when it was carried out."""
    program = _program(tmp_path / "seen", result={})
    merge_by_trainer(tmp_path / "adapters", "tiny", program=program)(CARD, tmp_path / "merged" / "ana@v3", lambda: None)
    order = MergeJob.model_validate(json.loads((tmp_path / "seen").read_text()))
    assert order.adapter == tmp_path / "adapters" / "ana" / "v3"
    assert (order.model, order.output) == ("tiny", tmp_path / "merged" / "ana@v3")
    assert not list((tmp_path / "merged").glob(f"*/{FILE}"))


def test_what_the_trainer_says_is_what_went_wrong(tmp_path: Path) -> None:
    """With what to do; nothing of the order stays."""
    program = _program(tmp_path / "seen", error="The disk is full.", hint="Free some.")
    with pytest.raises(TrainError, match="The disk is full") as caught:
        merge_by_trainer(tmp_path, "tiny", program=program)(CARD, tmp_path / "merged" / "ana@v3", lambda: None)
    assert caught.value.hint == "Free some."
    assert list((tmp_path / "merged").iterdir()) == []


@pytest.mark.process
def test_it_is_broken_off_where_somebody_wants_that(tmp_path: Path) -> None:
    """Whoever stops the service does not wait for minutes."""

    def stop() -> None:
        raise EngineDown("Cyrano is stopping.")

    program = (sys.executable, "-c", "import time; time.sleep(60)")
    with pytest.raises(EngineDown):
        merge_by_trainer(tmp_path, "tiny", program=program)(CARD, tmp_path / "merged" / "ana@v3", stop)


ASKING = """
import json, sys
print(json.dumps({"asks": "room", "needs": 7, "free": 5}), flush=True)
answer = json.loads(sys.stdin.readline())
print(json.dumps({"result": {}} if answer["go"] else {"error": answer["why"]}))
"""


def test_room_is_made_for_it_and_given_back(tmp_path: Path) -> None:
    """The engine makes way for as long as the merge lasts, with a reason of its own."""
    seen = []

    @contextmanager
    def made(room: Room, reason: str) -> Iterator[None]:
        seen.append((room.needs, reason))
        yield
        seen.append("over")

    program = (sys.executable, "-c", ASKING)
    merge_by_trainer(tmp_path, "tiny", made=made, program=program)(CARD, tmp_path / "merged" / "ana@v3", lambda: None)
    assert seen == [(7, "while ana@v3 is merged"), "over"]
