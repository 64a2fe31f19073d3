"""The command line's own way to the running service: over loopback, and past any proxy of the environment."""

import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.errors import CyranoError, EngineDown

NOT_RUNNING = "Start it: cyrano up"
LOOK_TIMEOUT_S = 10.0
"""How long the service may take to say how it does."""


def stream_draft(host: str, port: int, token: str, body: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Ask for a draft and yield its events, (name, data), as they come.

    Raises:
        EngineDown: no service answers there.
        CyranoError: the service answered with a problem; its words are kept.
    """
    connection = http.client.HTTPConnection(host, port, timeout=180)
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream", "Content-Type": "application/json"}
    try:
        connection.request("POST", "/draft", json.dumps(body), headers)
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise _problem(response.read())
        name = ""
        for name, data in _events(response):
            yield name, data
        if name not in {"done", "error"}:
            raise EngineDown("The service stopped in the middle of the draft.", hint=NOT_RUNNING)
    except (OSError, http.client.HTTPException) as error:
        raise EngineDown(f"No Cyrano answers on http://{host}:{port}.", hint=NOT_RUNNING) from error
    finally:
        connection.close()


def is_up(host: str, port: int) -> bool:
    """Tell whether a service answers, ready or not."""
    return _get(host, port, "/healthz", {}) is not None


def read_readiness(host: str, port: int) -> dict[str, str] | None:
    """Return the running service's word on each of its parts, or None where none answers."""
    answer = _get(host, port, "/readyz", {})
    return dict(answer.get("parts", {})) if answer else None


def read_notices(host: str, port: int, token: str) -> list[str]:
    """Return what the running service has to say about the token's account."""
    answer = _get(host, port, "/accounts", {"Authorization": f"Bearer {token}"}) or {}
    return [notice for account in answer.get("accounts", ()) for notice in account["notices"]]


def _get(host: str, port: int, path: str, headers: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what is answered, whatever its status, or None where nothing or no JSON object is."""
    connection = http.client.HTTPConnection(host, port, timeout=LOOK_TIMEOUT_S)
    try:
        connection.request("GET", path, headers=dict(headers))
        answer = json.loads(connection.getresponse().read())
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return answer if isinstance(answer, dict) else None


def _problem(body: bytes) -> CyranoError:
    try:
        problem = json.loads(body)
        return CyranoError(problem.get("detail") or problem["title"], hint=problem.get("hint", ""))
    except (ValueError, KeyError, AttributeError):
        return CyranoError("The service answered with something that is no draft.", hint="cyrano status")


def _events(lines: Iterator[bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    name = ""
    for raw in lines:
        field, _, value = raw.decode("utf-8").rstrip("\r\n").partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)
