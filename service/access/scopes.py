"""What a token may do."""

from collections.abc import Iterable
from enum import StrEnum

from service.problems import WrongScope


class Scope(StrEnum):
    """A kind of request."""

    DRAFT = "draft"
    """Ask for drafts, and say what was done with them."""
    READ = "read"
    """See drafts, numbers and the console's pages."""
    MANAGE = "manage"
    """Do what the console's buttons do; let browsers in."""


ALL = tuple(Scope)

READING = frozenset({"GET", "HEAD"})
"""Methods that only look."""


def scope_of(method: str) -> Scope:
    """Return what a method needs where nothing else is said: to look is to read, all else is to manage."""
    return Scope.READ if method in READING else Scope.MANAGE


def read_scopes(names: Iterable[str]) -> frozenset[Scope]:
    """Return the scopes of these names; one that is not known allows nothing."""
    known = set(Scope)
    return frozenset(Scope(name) for name in names if name in known)


def check_scope(scopes: Iterable[Scope], needed: Scope) -> None:
    """Refuse what a token may not do.

    Raises:
        WrongScope: the scope is not among its own.
    """
    if needed not in scopes:
        hint = f"Use a token with this scope: cyrano token create --label NAME --scope {needed}"
        raise WrongScope(f'This token is not made for that: it lacks the scope "{needed}".', hint=hint)
