"""The command line's own way to the running service: `POST /draft` as server-sent events, over loopback."""

import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.errors import CyranoError, EngineDown

NOT_RUNNING = "Start it: cyrano up"


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
        yield from _events(response)
    except OSError as error:
        raise EngineDown(f"No Cyrano answers on http://{host}:{port}.", hint=NOT_RUNNING) from error
    finally:
        connection.close()


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
