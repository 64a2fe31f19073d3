"""Between the door and the desk: who was let in is served, and whatever goes wrong is said on a card."""

from collections.abc import Callable
from contextlib import suppress

from flask import g

from connectors.account import AccountRecord
from service.access.door import note_refusal
from service.access.tokens import Access
from service.addon import answers
from service.addon.cards import Json
from service.addon.desk import Desk, Gone, Visit, Wrap
from service.addon.door import ConsentNeeded, Knock, Replayed, Stranger, account_of, let_in
from service.addon.parts import AddonParts
from service.addon.sentences import Spoken
from service.addon.words import Say, speak

LABEL = "Workspace add-on"

Handler = Callable[[Visit], Json]


class Front:
    """Answers requests. Safe to share between threads."""

    def __init__(self, parts: AddonParts, desk: Desk) -> None:
        self._parts = parts
        self._desk = desk

    def answer(self, handler: Handler, wrap: Wrap, knock: Knock, began: float) -> Json:
        """Answer a request, which came at `began` by the clock of the parts.

        Raises:
            Refused, Unreachable, StoreError, InvalidBody: nobody was let in.
        """
        try:
            address = let_in(knock, self._parts)
            say = _say(knock)
            return self._served(handler, wrap, lambda: self._visit(address, knock, say, began), say)
        except ConsentNeeded as needed:
            return answers.consent_wanted(needed.scopes)
        except Replayed as replayed:
            return wrap(self._turned_away(replayed, _say(knock)))

    def _served(self, handler: Handler, wrap: Wrap, visit: Callable[[], Visit], say: Say) -> Json:
        try:
            return self._handled(handler, visit())
        except ConsentNeeded:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is: Gmail shows cards, and nothing else
            return wrap(self._desk.trouble(error, say))

    def _handled(self, handler: Handler, visit: Visit) -> Json:
        try:
            return handler(visit)
        except Gone:
            return self._desk.gone(visit)

    def _visit(self, address: str, knock: Knock, say: Say, began: float) -> Visit:
        return Visit(record=self._known(address, say), event=knock.letter.event, say=say, began=began)

    def _known(self, address: str, say: Say) -> AccountRecord:
        record = account_of(address, self._parts.accounts(), say)
        # For the audit: whoever is let in here shows no token of ours.
        g.access = Access(account=record.name, token_id="", label=LABEL)
        return record

    def _turned_away(self, replayed: Replayed, say: Say) -> Json:
        """Return a card that says nothing of anybody's: where none comes, Gmail shows an error that helps nobody."""
        note_refusal(replayed.word)
        with suppress(Stranger):
            self._known(replayed.address, say)
        return self._desk.trouble(Spoken(say("replayed"), hint=say("replayed_hint")), say)


def _say(knock: Knock) -> Say:
    """Speak with whoever was let in, or sent the same before: to nobody else anything is said."""
    return speak(knock.letter.event.locale)
