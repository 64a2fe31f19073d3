"""Which of several versions of one draft counts. Pure.

Whoever has a draft changed three times asked for one mail, not for four. Of the versions that hang together counts the
one that was sent, else the one put into the mail last, else the newest; where that one was to be changed and nothing
came of it, none does.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.feedback import FeedbackKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A draft that its reader got to see."""

    draft_id: str
    replaces: str
    """The draft it is a changed version of; "" for a first one."""
    created_at: datetime
    is_sent: bool
    """Whether a mail was made from it."""
    last: FeedbackKind | None
    """What was done with it last, where its reader said so."""
    inserted_at: datetime | None
    """When it was put into a mail, unless it was thrown away after."""


def counting(versions: Sequence[Version]) -> frozenset[str]:
    """Return the ids of the drafts that count, one of each family at most."""
    chosen = (_chosen(family) for family in _families(versions))
    return frozenset(version.draft_id for version in chosen if version is not None)


def _families(versions: Sequence[Version]) -> Iterable[list[Version]]:
    """Yield versions that hang together."""
    by_id = {version.draft_id: version for version in versions}
    families: defaultdict[str, list[Version]] = defaultdict(list)
    for version in versions:
        first, seen = version, {version.draft_id}
        while (before := by_id.get(first.replaces)) is not None and before.draft_id not in seen:
            seen.add(before.draft_id)
            first = before
        families[first.replaces or first.draft_id].append(version)  # what it replaces may be forgotten
    return families.values()


def _chosen(family: list[Version]) -> Version | None:
    if sent := [version for version in family if version.is_sent]:
        return max(sent, key=lambda version: version.created_at)
    if inserted := [(version.inserted_at, version.draft_id, version) for version in family if version.inserted_at]:
        return max(inserted)[2]
    newest = max(family, key=lambda version: version.created_at)
    return None if newest.last is FeedbackKind.REFINED else newest
