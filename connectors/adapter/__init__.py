"""Adapters on disk: where trainer and service meet.

The rules this package keeps:
1. An adapter is a folder `<root>/<account>/v<N>` that appears whole (renamed into place) and never changes, but for its
   weights: they may be deleted when it is old (garbage.py), and what is left is history.
2. Its card, `card.json`, names the digest of every other file; `read_card` refuses a folder whose files differ.
3. The pointer `<root>/<account>/current` holds the version in service; it is replaced atomically, and only by
   whoever saw the engine answer with that version. Which version it is to be is never written down: `target` says it
   anew each time, from the cards and the marks.
4. A version is never given twice, not even after its account was removed and added again: engines keep what they
   computed under a name. `<root>/@last.json` remembers the last version of every account there ever was.
5. `learned.json` in the folder tells by digests which mails the adapter learned from. One that learned from a mail that
   its owner has forgotten since is tainted: the mark `<root>/<account>/v<N>.tainted` says so.
6. One that its owner took out of service stays out until they want it back: the mark `v<N>.withdrawn` says why.
"""

from connectors.adapter.card import (
    CARD,
    LORA,
    MERGED,
    WEIGHTS,
    AdapterCard,
    damaged,
    folder,
    has_weights,
    list_cards,
    read_card,
)
from connectors.adapter.garbage import collect
from connectors.adapter.marks import (
    LEARNED,
    has_learned,
    is_tainted,
    is_withdrawn,
    reinstate,
    taint,
    withdraw,
    withdrawn_because,
    write_learned,
)
from connectors.adapter.pointer import clear_current, current_version, set_current, target
from connectors.adapter.publishing import publish, seal, take
from connectors.adapter.versions import LAST, remember_versions

__all__ = [
    "CARD",
    "LAST",
    "LEARNED",
    "LORA",
    "MERGED",
    "WEIGHTS",
    "AdapterCard",
    "clear_current",
    "collect",
    "current_version",
    "damaged",
    "folder",
    "has_learned",
    "has_weights",
    "is_tainted",
    "is_withdrawn",
    "list_cards",
    "publish",
    "read_card",
    "reinstate",
    "remember_versions",
    "seal",
    "set_current",
    "taint",
    "take",
    "target",
    "withdraw",
    "withdrawn_because",
    "write_learned",
]
