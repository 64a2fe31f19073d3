"""What the pages are filled with: HTML in answer to a token, never without one."""

import json

from flask import Response, make_response, render_template


def fragment(name: str, **shown: object) -> str:
    """Return a piece of a page."""
    return render_template(f"parts/{name}.html", **shown)


def told(html: str, *, words: str, has_changed: bool = False) -> Response:
    """Return a piece of a page, with words that are said aloud; where something changed, the page is read anew."""
    response = make_response(html)
    events = {"say": {"words": words}, **({"changed": {}} if has_changed else {})}
    # After it stands in the page: the event is for whoever is there then.
    response.headers["HX-Trigger-After-Settle"] = json.dumps(events)
    return response
