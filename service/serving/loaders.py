"""The two ways in which an engine comes to an adapter: it is told over HTTP, or finds it by itself in a folder.

The second is for several engines behind one address. A request reaches any one of them, and each loads an adapter when
it is first asked for it, also after it was started anew: vLLM's plugin `lora_filesystem_resolver` looks into one folder
that all of them see. It takes an adapter only if its configuration names the base model by the very path the engine
loaded it from; as that differs from machine to machine, the folder holds a configuration of its own, and links to the
rest. The links are relative: the engines may see the disk at another place.
"""

import json
import logging
import os
import re
import shutil
from pathlib import Path
from typing import Protocol

from connectors.adapter.disk import fresh_name
from connectors.base_model import find
from connectors.errors import EngineDown, EngineError, StoreError

logger = logging.getLogger(__name__)

SERVED = "@served"
"""Where engines find adapters by themselves, beside the accounts' folders; no account is called so."""
_CONFIG = "adapter_config.json"
_BASE = "base_model_name_or_path"
NAME = re.compile(r"(?P<account>.+)@v(?P<version>\d+)")


class Server(Protocol):
    """An engine, asked over HTTP: `connectors.llm.ModelServer`."""

    def places(self) -> dict[str, str]:
        """Return what it loaded each of its models and adapters from, by their names; "" where it does not say."""

    def base_path(self) -> str:
        """Return what it loaded its base model from."""

    def load_adapter(self, name: str, path: Path) -> None:
        """Load an adapter under a name."""

    def unload_adapter(self, name: str) -> None:
        """Forget it."""

    def probe(self, model: str) -> None:
        """Raise unless this very model answers."""


class Loader(Protocol):
    """A way in which an engine comes to an adapter."""

    def names(self) -> list[str]:
        """Return the names of our adapters that the engine can be asked for, as it says now."""

    def put(self, name: str, path: Path) -> None:
        """Have the engine know a folder by a name; that another process did so already is no error."""

    def remove(self, name: str) -> None:
        """Have it forget a name."""


class ByRequest:
    """The engine is told over HTTP. Other homes may use it too: what they loaded is neither asked nor unloaded."""

    def __init__(self, server: Server, root: Path) -> None:
        self._server = server
        self._root = root

    def names(self) -> list[str]:
        """Return what the engine has loaded from our folders."""
        return [name for name, place in self._server.places().items() if self._is_ours(place)]

    def put(self, name: str, path: Path) -> None:
        """Load it.

        Raises:
            EngineError: the engine does not take it, or has another home's adapter of that name.
        """
        try:
            self._server.load_adapter(name, path.resolve())
        except EngineDown:
            raise
        except EngineError as error:
            place = self._server.places().get(name)
            if place is None:
                raise
            if not self._is_ours(place):
                hint = "Another home uses this server: give each account a name of its own, or each home a server."
                raise EngineError(f"The model server has another {name}, from {place}.", hint=hint) from error
            # else another process was quicker

    def remove(self, name: str) -> None:
        """Unload it; that it was not loaded is no error."""
        if name in self.names():
            _unload(self._server, name)

    def _is_ours(self, place: str) -> bool:
        """Tell whether something was loaded from our folders; of a server that does not say, all is."""
        return not place or Path(place).is_relative_to(self._root.resolve())


class ByFolder:
    """The engines find it by themselves."""

    def __init__(self, server: Server, root: Path) -> None:
        self._server = server
        self._place = root / SERVED

    def names(self) -> list[str]:
        """Return what lies in the folder and names the base model as the engine does."""
        base = self._base()
        return [path.name for path in sorted(self._place.glob("*@v*")) if _base_of(path) == base]

    def put(self, name: str, path: Path) -> None:
        """Lay it into the folder."""
        try:
            self._lay(name, path)
        except OSError as error:
            hint = "Free some disk space; it is tried again by itself."
            raise StoreError(f"{name} could not be laid where the engines look: {error}", hint=hint) from error
        except (ValueError, TypeError) as error:
            raise StoreError(f"The {_CONFIG} of {name} cannot be read.", hint="Train again: cyrano train.") from error

    def remove(self, name: str) -> None:
        """Take it out of the folder, and have the engine that happens to listen forget it; each comes round in time."""
        shutil.rmtree(self._place / name, ignore_errors=True)
        if NAME.fullmatch(name):
            _unload(self._server, name)

    def _base(self) -> str:
        """Return the path by which the engine compares: offline, it resolves a hub's name to the folder it is in."""
        said = self._server.base_path()
        return str(find(said) or said)

    def _lay(self, name: str, path: Path) -> None:
        laid = self._place / name
        fresh = fresh_name(laid)
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        try:
            for file in path.iterdir():
                if file.name != _CONFIG:
                    (fresh / file.name).symlink_to(os.path.relpath(file, laid))
            config = json.loads((path / _CONFIG).read_text(encoding="utf-8"))
            (fresh / _CONFIG).write_text(json.dumps(config | {_BASE: self._base()}, indent=2) + "\n", encoding="utf-8")
            _take_place(fresh, laid)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def _take_place(fresh: Path, laid: Path) -> None:
    """Put a folder in its place, unless another process has just laid the same there."""
    if _content(laid) == _content(fresh):
        return
    shutil.rmtree(laid, ignore_errors=True)
    try:
        fresh.rename(laid)
    except OSError:
        if _content(laid) != _content(fresh):
            raise


def _content(path: Path) -> dict[str, str]:
    """Return what a folder holds: links by where they lead, files by their text."""
    try:
        return {each.name: str(each.readlink()) if each.is_symlink() else each.read_text() for each in path.iterdir()}
    except (OSError, ValueError):
        return {}


def _base_of(path: Path) -> str:
    try:
        return str(json.loads((path / _CONFIG).read_text(encoding="utf-8"))[_BASE])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _unload(server: Server, name: str) -> None:
    try:
        server.unload_adapter(name)
    except EngineDown:
        raise
    except EngineError as error:
        logger.debug("adapter %s was not loaded: %s", name, error)
