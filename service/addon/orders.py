"""What a draft is ordered by: a card's boxes, or how to change a draft. Without tokens, so it can be ordered again."""

from dataclasses import dataclass

from service.addon.pages import Place
from service.addon.wishes import Wish, wish_of
from service.drafting.draft import DraftRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """A draft from what stands in a card's boxes."""

    place: Place
    wish: Wish

    @property
    def message_id(self) -> str:
        """The mail it answers; "" for a new one."""
        return self.place.message_id if self.place.name == "message" else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A draft written anew as told; what it needs is known."""

    asked: DraftRequest

    @property
    def wish(self) -> Wish:
        """What was asked for in all, to be asked for once more where the draft is lost."""
        return wish_of(self.asked.request)


Order = Fresh | Change
