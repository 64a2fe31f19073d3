"""Looks whether an engine can run here, and builds its command."""

import ipaddress
import os
from pathlib import Path

from connectors.errors import EngineError, ModelMissing
from service.engine.command import Command, engine_command
from service.engine.log import missing_model
from service.engine.machine import inspect_machine
from service.engine.settings import EngineSettings
from service.serving.loaders import SERVED


def prepare(settings: EngineSettings, name: str = "", *, adapters: Path | None = None) -> Command:
    """Build the command for this machine, after looking whether it can work.

    Args:
        settings: Which model, and how.
        name: What the engine calls it; "" for its own name.
        adapters: The folder of all accounts' adapters, for an engine that finds them by itself.

    Raises:
        ModelMissing: no model is set, or it is a folder and there is none.
        EngineError: vLLM is not installed, or its development routes would be open to other machines.
    """
    if settings.sleep_mode and not _is_loopback(settings.host):
        raise EngineError(
            f"[engine] sleep_mode opens routes by which anybody who reaches {settings.host} could run the engine.",
            hint='Set [engine] host = "127.0.0.1", or sleep_mode = false.',
        )
    if not settings.model:
        raise ModelMissing("No base model is set.", hint="Set [engine] model in cyrano.toml.")
    model = Path(settings.model)
    is_folder = (model / "config.json").is_file()
    if model.is_absolute() and not is_folder:
        raise missing_model(settings.model)
    if is_folder:
        # Not `resolve`: a link has a name of its own, and that is the one drafts ask for.
        settings = settings.model_copy(update={"model": str(model.absolute())})
    served = adapters / SERVED if adapters and settings.resolver else None
    if served:
        served.mkdir(parents=True, exist_ok=True)  # the engine does not start without it
    return engine_command(settings, inspect_machine(), os.environ, name=name, served=served)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
