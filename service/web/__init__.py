"""The web application: guards, routes and the console's pages joined."""

import json
from collections.abc import Iterator

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException

from connectors.errors import CyranoError
from service.access.door import keep_door, note_refusal
from service.access.hosts import check_host
from service.access.routes import make_pairing
from service.addon.host import is_at_addons_door
from service.feedback_routes import make_feedback
from service.http import HttpSettings
from service.parts import Parts
from service.problems import MEDIA_TYPE, problem
from service.routes import make_routes
from service.web.adapters_page import make_adapters_actions, make_adapters_page
from service.web.browsers_page import make_browsers_page
from service.web.mail_page import make_mail_page
from service.web.pages import make_pages
from service.web.tickets import Tickets
from service.web.usefulness_page import make_usefulness_page
from service.web.words import FILTERS

POLICY = "Content-Security-Policy"
GUARDS = {
    # Nothing but our own files, and no page may frame us. A report has a stricter one of its own.
    POLICY: "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def create_app(parts: Parts, settings: HttpSettings) -> Flask:
    """Return the WSGI application on these parts."""
    app = Flask(__name__, static_folder="static", static_url_path="/static")
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_kb * 1024
    app.jinja_env.filters.update(FILTERS)
    answering = (make_routes(parts, settings), make_feedback(parts), make_pairing(parts))
    for blueprint in (*answering, make_pages(), *_fragments(parts)):
        app.register_blueprint(blueprint)
    if parts.addon is not None:
        from service.addon.routes import make_addon  # noqa: PLC0415  brings google-auth along

        app.register_blueprint(make_addon(parts.addon))
    app.register_error_handler(CyranoError, _say)
    app.register_error_handler(HTTPException, _say)
    app.register_error_handler(Exception, _say)

    @app.before_request
    def guard_host() -> None:
        host = request.environ.get("HTTP_HOST", "")
        if parts.addon is None or not is_at_addons_door(host, request.path, parts.addon.settings):
            check_host(host, settings.allowed_hosts, settings.port)

    keep_door(app, parts, settings)

    @app.after_request
    def guard_answer(response: Response) -> Response:
        own = response.headers.get(POLICY)
        response.headers.update(GUARDS)
        if own:
            response.headers[POLICY] = own
        return response

    return app


def _fragments(parts: Parts) -> Iterator[Blueprint]:
    """Yield what fills the pages."""
    yield make_usefulness_page(parts)
    yield make_adapters_page(parts, parts.desk)
    yield make_adapters_actions(parts, parts.desk, Tickets())
    yield make_mail_page(parts, parts.desk)
    yield make_browsers_page(parts)


def _say(error: Exception) -> Response:
    said = problem(error)
    note_refusal(said.kind)
    return Response(json.dumps(said.as_json()), status=said.status, headers=said.headers, mimetype=MEDIA_TYPE)
