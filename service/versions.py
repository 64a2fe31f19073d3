"""Which of several versions of one draft counts. Pure.

Whoever has a draft changed three times asked for one mail, not for four. Of the versions that hang together counts the
one that was sent, else the one put into the mail last, else the newest; where that one was to be changed and nothing
came of it, none does.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

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


def counting(versions: Sequence[Version], befores: Mapping[str, str] = MappingProxyType({})) -> frozenset[str]:
    """Return the ids of the drafts that count, one of each family at most.

    Args:
        versions: The drafts their reader got to see.
        befores: Which draft another replaces, also for those nobody saw: one that was given up holds a family together.
    """
    chosen = (_chosen(family) for family in _families(versions, befores))
    return frozenset(version.draft_id for version in chosen if version is not None)


def _families(versions: Sequence[Version], befores: Mapping[str, str]) -> Iterable[list[Version]]:
    """Yield versions that hang together."""
    known = {version.draft_id: version.replaces for version in versions} | dict(befores)
    families: defaultdict[str, list[Version]] = defaultdict(list)
    for version in versions:
        first, seen = version.draft_id, {version.draft_id}
        while (before := known.get(first)) and before not in seen:  # the last one found may be forgotten
            seen.add(before)
            first = before
        families[first].append(version)
    return families.values()


def _chosen(family: list[Version]) -> Version | None:
    if sent := [version for version in family if version.is_sent]:
        return max(sent, key=lambda version: version.created_at)
    if inserted := [(version.inserted_at, version.draft_id, version) for version in family if version.inserted_at]:
        return max(inserted)[2]
    newest = max(family, key=lambda version: version.created_at)
    return None if newest.last is FeedbackKind.REFINED else newest
