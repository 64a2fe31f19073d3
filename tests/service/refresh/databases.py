"""The databases that leases and runs are tried on: SQLite, and a PostgreSQL server where one is installed."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from connectors.database import open_database
from tests.e2e.cyrano import wait_for
from tests.ports import free_port

USER = "cyrano"
INSTALL = "apt-get install --no-install-recommends postgresql; pip install 'psycopg[binary]'"
_PLACES = ("/usr/lib/postgresql", "/usr/local/pgsql")


def is_installed() -> bool:
    """Tell whether there is a server, and what Python speaks with it by."""
    return _programs() is not None and importlib.util.find_spec("psycopg") is not None


def _programs() -> Path | None:
    """Return the folder of PostgreSQL's programs; Debian keeps them out of the search path."""
    on_path = shutil.which("initdb")
    found = [path for place in _PLACES for path in sorted(Path(place).glob("**/bin/initdb"))]
    found += [Path(on_path).resolve()] if on_path else []
    return found[-1].parent if found else None


@contextmanager
def running_postgres() -> Iterator[str]:
    """Run a server of its own; yield the SQLAlchemy URL of an empty database."""
    programs, port = _programs(), free_port()
    assert programs is not None
    # PostgreSQL refuses to run as root.
    as_whom: dict[str, Any] = {"user": "nobody", "group": "nogroup"} if os.getuid() == 0 else {}
    with tempfile.TemporaryDirectory() as folder:
        if as_whom:
            shutil.chown(folder, **as_whom)
        data = f"{folder}/data"
        made = [programs / "initdb", "-D", data, "-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8"]
        subprocess.run(made, check=True, capture_output=True, cwd=folder, **as_whom)
        options = ["-p", str(port), "-h", "127.0.0.1", "-k", folder, "-F"]
        with Path(folder, "server.log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, *options], stdout=log, stderr=log, cwd=folder, **as_whom
            )
        try:
            asked = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
            wait_for("PostgreSQL", lambda: subprocess.run(asked, check=False).returncode == 0, within_s=30)
            yield f"postgresql+psycopg://{USER}@127.0.0.1:{port}/postgres"
        finally:
            server.terminate()
            server.wait(20)


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """Open a database for the block."""
    engine = open_database(url)
    try:
        yield engine
    finally:
        engine.dispose()
