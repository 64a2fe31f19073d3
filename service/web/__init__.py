"""The web application: guards, routes and the console page joined."""

import json

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from connectors.errors import CyranoError
from service.auth import check_host
from service.http import HttpSettings
from service.parts import Parts
from service.problems import MEDIA_TYPE, problem
from service.routes import make_routes

GUARDS = {
    # Nothing but our own files, and no page may frame us.
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def create_app(parts: Parts, settings: HttpSettings) -> Flask:
    """Return the WSGI application on these parts."""
    app = Flask(__name__, static_folder="static", static_url_path="/static")
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_kb * 1024
    app.register_blueprint(make_routes(parts, settings))
    app.register_error_handler(CyranoError, _say)
    app.register_error_handler(HTTPException, _say)
    app.register_error_handler(Exception, _say)

    @app.before_request
    def guard_host() -> None:
        check_host(request.environ.get("HTTP_HOST", ""), settings.allowed_hosts, settings.port)

    @app.after_request
    def guard_answer(response: Response) -> Response:
        response.headers.update(GUARDS)
        return response

    @app.get("/")
    def console() -> Response:
        return app.send_static_file("index.html")

    return app


def _say(error: Exception) -> Response:
    said = problem(error)
    return Response(json.dumps(said.as_json()), status=said.status, headers=said.headers, mimetype=MEDIA_TYPE)
