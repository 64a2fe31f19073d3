"""What stands in for the model, its retriever and its server: it writes a sentence nobody else writes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from connectors.errors import EngineDown, EngineError
from service.draft_row import Written
from service.drafting.draft import DraftEvent, DraftRequest, Token
from service.ledger import Ledger

SAID = "Thank you for asking, I will gladly bring the papers along"


def text_of(draft_id: str) -> str:
    """Return what is written for a draft; no two are equal."""
    return f"{SAID}, numbered {draft_id[:12]}."


@dataclass
class StandInWriter:
    """Writes as `service.drafting.draft.Drafter` does, ledger and all."""

    ledger: Ledger
    is_down: bool = False
    is_failing: bool = False
    """It answers, and writes nothing."""
    asked: list[DraftRequest] = field(default_factory=list)
    while_writing: Callable[[], None] = lambda: None

    def draft(self, asked: DraftRequest) -> Iterator[DraftEvent]:
        """Move the row along."""
        draft_id = asked.draft_id or ""
        self.asked.append(asked)
        if self.is_down:
            raise EngineDown("The model server sleeps.", hint="Wait.", retry_after_s=5)
        self.ledger.set_generating(draft_id)
        yield Token(text="Thank you")
        self.while_writing()
        if self.is_failing:
            self.ledger.fail(draft_id, "It wrote nothing.")
            raise EngineError("It wrote nothing.")
        self.ledger.keep_text(draft_id, Written(text=text_of(draft_id), language="en"))
