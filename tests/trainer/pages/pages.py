"""Pages for tests, with text of the kind that a stranger may send."""

from trainer.pages.page import Page, Plot, Section, Table

NASTY = (
    "</text></td><script>alert(1)</script> $x^2$ `a` | **b** "
    '<img src="http://evil.example/x"> id="q" #000101 \x00\u202e'
)


def nasty_page() -> Page:
    """Return a page with nasty text wherever text can stand."""
    table = Table(f"table {NASTY}", ("name", f"column {NASTY}"), ((NASTY, 1.5), ("b", None)), NASTY)
    plots = tuple(
        Plot(
            f"{kind} {NASTY}",
            kind,
            NASTY,
            NASTY,
            {f"_{NASTY}": [(NASTY, 1.0), ("b", None)], "c": [("b", 2.0)]},
            NASTY,
            {f"_{NASTY}": [(0.5, 1.5), (0.0, 0.0)], "c": [(1.0, 2.5)]},
        )
        for kind in ("lines", "bars", "points", "intervals")
    )
    section = Section(NASTY, (NASTY,), tables=(table,), plots=plots, samples=((NASTY, f"{NASTY}\n```\n{NASTY}"),))
    return Page(NASTY, ((NASTY, NASTY),), (section,))
