"""Whether a running engine can take over other weights in place, and having it do so (see naming.py).

The rule: only weights of the very same form go in place; all else, another number format or layers that shared a weight
and do so no more, needs a start.
"""

import json
import logging
from typing import Any

from connectors.base_model import find
from connectors.errors import EngineError
from connectors.llm import ModelServer

logger = logging.getLogger(__name__)

_WRITTEN = {"_name_or_path", "transformers_version"}
"""Keys of a configuration that say nothing about the form of the weights."""


def have_same_form(one: str, other: str) -> bool:
    """Tell whether one model's weights fit where the other's are."""
    forms = [_form(model) for model in (one, other)]
    return forms[0] is not None and forms[0] == forms[1]


def swap(server: ModelServer, model: str, name: str, *, drain_s: float) -> bool:
    """Have the engine answer with other weights, under their name; tell whether it does.

    Where it does not it may have ended: it never answers with weights whose name it does not know.
    """
    try:
        server.serve(str(find(model) or model), name, drain_s=drain_s)
    except EngineError as error:
        logger.warning("the engine did not take %s in place, it is started anew: %s", name, error)
        return False
    return True


def answers_as(server: ModelServer) -> str:
    """Return what an engine calls what it serves; "" where it does not say."""
    try:
        return next(iter(server.models()), "")
    except EngineError:
        return ""


def _form(model: str) -> dict[str, Any] | None:
    place = find(model)
    if place is None:
        return None
    try:
        config = json.loads((place / "config.json").read_text(encoding="utf-8"))
        return {key: value for key, value in config.items() if key not in _WRITTEN}
    except (OSError, ValueError, AttributeError):
        return None
