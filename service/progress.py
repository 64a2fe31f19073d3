"""Progress for whatever takes longer than a moment."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

OnProgress = Callable[[int, int | None], None]
"""Called with how many are done, and of how many where that is known."""

QUIET_EVERY_S = 10.0
"""Where nobody sees a bar move (a log, a pipe), a line says so often how far it is."""


@contextmanager
def progress_bars() -> Iterator[Callable[[str], OnProgress]]:
    """Yield a function that opens a bar under a title and returns what moves it."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda title: _lines(console, title)
        return
    title, bar = TextColumn("{task.description}"), BarColumn()
    with Progress(
        SpinnerColumn(), title, bar, MofNCompleteColumn(), TimeRemainingColumn(), console=console
    ) as progress:

        def start(title: str) -> OnProgress:
            task = progress.add_task(title, total=None)
            return lambda done, total: progress.update(task, completed=done, total=total)

        yield start


@contextmanager
def waiting(title: str) -> Iterator[Callable[[float], None]]:
    """Yield what shows the seconds waited for one thing."""
    console = Console(stderr=True)
    if not console.is_terminal:
        console.print(f"{title} …")
        yield lambda _: None
        return
    with console.status(f"{title} …") as status:
        yield lambda waited_s: status.update(f"{title} … {waited_s:.0f} s")


def _lines(console: Console, title: str) -> OnProgress:
    said_at = time.monotonic()

    def show(done: int, total: int | None) -> None:
        nonlocal said_at
        if done == total or time.monotonic() - said_at > QUIET_EVERY_S:
            said_at = time.monotonic()
            console.print(f"{title}: {done}" + (f" of {total}" if total else ""))

    return show
