"""A draft as server-sent events: `meta`, `token`…, then `done` or `error`; comments where nothing else is said."""

import json
from collections.abc import Iterator

from service.drafting.draft import DraftEvent, Meta, Token
from service.problems import problem
from service.pump import Pump
from service.wire import TokenItem, draft_answer, meta_item

MEDIA_TYPE = "text/event-stream"
GRACE_S = 0.25
"""An error that comes sooner has a status of its own; later the answer has begun, and the error is an event."""

_BEAT = b": still there\n\n"


def events(pump: Pump, beat_s: float) -> Iterator[bytes]:
    """Yield a draft's events as they go over the wire, and stop the draft when nobody takes them any more.

    The first piece is ready before this returns; later, `beat_s` of silence yield a comment.

    Raises:
        CyranoError: the draft failed within its first moments.
    """
    first: list[DraftEvent] = []
    try:
        while len(first) < 2 and (event := pump.take(GRACE_S)):  # noqa: PLR2004  `meta`, and the first token
            first.append(event)
    except TimeoutError:
        pass
    return _stream(first, pump, beat_s)


def _stream(first: list[DraftEvent], pump: Pump, beat_s: float) -> Iterator[bytes]:
    try:
        yield from map(_encode, first)
        while True:
            try:
                event = pump.take(beat_s)
            except TimeoutError:
                yield _BEAT
                continue
            if event is None:
                return
            yield _encode(event)
    except Exception as error:  # noqa: BLE001  the answer has begun: whatever happens can only be told in it
        yield _event("error", json.dumps(problem(error).as_json()))
    finally:
        pump.stop()


def _encode(event: DraftEvent) -> bytes:
    if isinstance(event, Meta):
        return _event("meta", meta_item(event).model_dump_json())
    if isinstance(event, Token):
        return _event("token", TokenItem(text=event.text).model_dump_json())
    return _event("done", draft_answer(event).model_dump_json())


def _event(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()
