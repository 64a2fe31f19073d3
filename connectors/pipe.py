"""What a trainer and whoever started it say to each other, one JSON object a line. Neither side imports the other.

The trainer says how far it is, and asks for room before it loads the model it trains. Whoever started it answers on
its standard input, and lets go of it by closing that: the trainer then ends at once (see trainer.leash).
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, NonNegativeInt

LEASH = "CYRANO_TRAINER_LEASH"
"""The environment variable that says that standard input is held by whoever started the trainer, and answers it."""


class Room(BaseModel):
    """The question whether there is room to train; the trainer waits for its answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    asks: Literal["room"] = "room"
    needs: NonNegativeInt
    """Bytes that the run holds at its peak, by plan."""
    free: NonNegativeInt
    """Bytes that nobody holds now."""
    device: Literal["cpu", "cuda"] = "cpu"
    """Whose memory that is: the machine's, or its GPU's."""
    advice: tuple[str, ...] = ()
    """Lines for the section [train] with which a run needs less."""


class RoomAnswer(BaseModel):
    """Whether the trainer may begin."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    go: bool
    why: str = ""
    """Why not."""
    hint: str = ""
    """What to do about it."""
