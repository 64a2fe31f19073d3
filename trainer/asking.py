"""Asks whoever started the run before it takes what others may need."""

from pydantic import ValidationError

from connectors.errors import TrainError
from connectors.pipe import Room, RoomAnswer
from trainer.progress import Progress


class Asking:
    """Questions to whoever started the run."""

    def __init__(self, say: Progress) -> None:
        self._say = say

    def room(self, room: Room, *, purpose: str = "train") -> None:
        """Ask for memory, and wait until it may be taken: others may have to let go of theirs first.

        Where nobody is there to ask, it may be taken at once.

        Args:
            room: The question.
            purpose: What it is for: "There is no room to train now."

        Raises:
            TrainError: it may not; the message says why.
        """
        said = self._say.ask(room)
        if said is None:
            return
        try:
            answer = RoomAnswer.model_validate_json(said)
        except ValidationError as error:
            hint = "This is a mistake in Cyrano."
            raise TrainError("The question for room was answered in words that are not known.", hint=hint) from error
        if not answer.go:
            raise TrainError(answer.why or f"There is no room to {purpose} now.", hint=answer.hint)
