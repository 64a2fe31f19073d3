"""An account leaves, with everything that was made from its mail.

The account itself goes last: as long as it is there, a removal that broke off can be run again.
"""

import glob
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.adapter import remember_versions
from connectors.errors import StoreError
from connectors.forget import empty, shred
from connectors.oauth.store import TokenStore
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
    forget_local_token(app.home, name)
    app.secrets.delete(name)
    TokenStore(name, app.secrets, app.home).forget()
    app.retriever.rewrite()
    empty(app.archive.engine, name)
    shred(app.archive.engine)
    app.archive.remove_account(name)


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
