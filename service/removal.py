"""An account leaves, with everything that was made from its mail.

The account itself goes last: as long as it is there, a removal that broke off can be run again.
"""

import glob
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, delete

from connectors.adapter import remember_versions
from connectors.errors import StoreError
from connectors.forget import empty, shred
from connectors.oauth.store import TokenStore
from connectors.schema import clockwork
from service.access.audit import forget_uses
from service.access.pairing import Pairings
from service.engine.order import CONFIGURED, Served, read_order, write_order
from service.forget import made_from_mail_deleted
from service.local import forget_local_token
from service.training import runs_of

if TYPE_CHECKING:
    from service.app import App


def remove_account(app: "App", name: str) -> None:
    """Remove an account and everything made from its mail.

    Raises:
        StoreBusy: a training run is under way.
        StoreError: something could not be deleted.
    """
    app.retriever.forget(name)
    remember_versions(app.adapters_root, name)
    with made_from_mail_deleted(app.home / "runs", app.adapters_root):
        for folder in made_for(app.home, app.adapters_root, name):
            delete_folder(folder)
    _serve_no_more(app.home, name)
    forget_local_token(app.home, name)
    app.notifier.forget(name)
    app.secrets.delete(name)
    TokenStore(name, app.secrets, app.home).forget()
    app.retriever.rewrite()
    Pairings(app.archive.engine).drop(name)
    empty(app.archive.engine, name)
    shred(app.archive.engine)
    _drop_job(app.archive.engine, name)
    app.archive.remove_account(name)
    # A sync or a service under way may have written as long as there was an account.
    forget_uses(app.archive.engine, name)
    app.retriever.forget(name)
    app.retriever.rewrite()


def _serve_no_more(home: Path, name: str) -> None:
    """See to it that nobody tells the engine any more to serve what was merged for an account."""
    order = read_order(home)
    served, before = (CONFIGURED if _is_of(each, name) else each for each in (order.served, order.before))
    refused = None if order.refused and _is_of(order.refused, name) else order.refused
    changed = replace(order, served=served, before=before, refused=refused)
    if changed != order:
        write_order(home, changed)


def _is_of(served: Served, name: str) -> bool:
    return served.name.rpartition("@")[0] == name


def _drop_job(engine: Engine, name: str) -> None:
    """Drop an account's turns; where a clock goes it does so itself."""
    with engine.begin() as connection:
        connection.execute(delete(clockwork).where(clockwork.c.id == name))


def made_for(home: Path, adapters: Path, name: str) -> Iterator[Path]:
    """Yield the folders that hold what was made from an account's mail."""
    yield adapters / name
    yield from runs_of(home / "runs", name)
    for place in (home / "merged", adapters / "@served"):
        yield from place.glob(f"{glob.escape(name)}@v*")


def delete_folder(folder: Path) -> None:
    """Delete a folder, if it is there; silence about what stays would be a lie."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        pass
    except OSError as error:
        hint = "Delete it yourself, then run the command again."
        raise StoreError(f"{folder} could not be deleted: {error.strerror}.", hint=hint) from error
