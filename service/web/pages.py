"""The console's pages: shells that hold no data and need no token. What fills them is asked for with one."""

from collections.abc import Callable

from flask import Blueprint, render_template

PAGES = {"/": "write", "/adapters": "adapters", "/mail": "mail", "/usefulness": "usefulness", "/browsers": "browsers"}


def make_pages() -> Blueprint:
    """Return the shells."""
    pages = Blueprint("pages", __name__)
    for path, name in PAGES.items():
        pages.add_url_rule(path, name, _shell(name))
    return pages


def _shell(name: str) -> Callable[[], str]:
    def shell() -> str:
        return render_template(f"{name}.html", page=name)

    return shell
