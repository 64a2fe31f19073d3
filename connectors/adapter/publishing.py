"""From a finished folder to an adapter: one rename, after everything is on the disk."""

import json
import shutil
from collections.abc import Collection
from dataclasses import asdict, replace
from pathlib import Path

from connectors.adapter.card import CARD, AdapterCard, all_digests, folder, list_cards, read_card, weights_digest
from connectors.adapter.disk import sync_entry, sync_to_disk
from connectors.adapter.marks import digest, learned_digests, taint_mark, withdraw
from connectors.adapter.pointer import current_version, target
from connectors.adapter.versions import next_version
from connectors.errors import StoreError, UsageError


def publish(
    root: Path, built: Path, card: AdapterCard, *, is_tainted: bool = False, withdrawn: str = ""
) -> AdapterCard:  # fmt: skip
    """Move a finished adapter folder into place under the next version, and return its card.

    One that learned from mail which was forgotten meanwhile is marked so before it can be found, and so is one that is
    not to serve before its owner says so, with the reason in `withdrawn`.

    Raises:
        StoreError: the disk is full or not writable; nothing half-written stays.
    """
    try:
        card = seal(built, replace(card, version=next_version(root, card.account)))
        target = folder(root, card.account, card.version)
        target.parent.mkdir(parents=True, exist_ok=True)
        if is_tainted:
            taint_mark(root, card.account, card.version).touch()
        if withdrawn:
            withdraw(root, card.account, card.version, withdrawn)
        built.rename(target)
        sync_entry(target.parent)
    except StoreError:
        shutil.rmtree(built, ignore_errors=True)
        raise
    except OSError as error:
        shutil.rmtree(built, ignore_errors=True)
        hint = "Free some disk space, then train again."
        raise StoreError(f"The adapter could not be written: {error}", hint=hint) from error
    return card


def seal(built: Path, card: AdapterCard) -> AdapterCard:
    """Write the card of a finished folder, with the digest of each file, flush all to the disk, and return it."""
    files = all_digests(built)
    card = replace(card, files=files, weights_sha256=weights_digest(files))
    (built / CARD).write_text(json.dumps(asdict(card), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    sync_to_disk(built)
    return card


def take(
    root: Path, brought: Path, account: str, base_model: str, *, known: Collection[str] | None = None
) -> AdapterCard:
    """Publish a copy of an adapter that was trained on another machine under the next version; return its card.

    There the base model may lie elsewhere: it is told by the last part of its path, and the copy names it as here.
    Where another adapter writes here than the one it was judged beside, it is withdrawn until its owner puts it in
    service: nobody has measured yet whether it is better than that one.

    Args:
        root: Where adapters lie.
        brought: The folder that was made there.
        account: Whose adapter it is to be.
        base_model: The base model, by its name here.
        known: The ids of all mail of the account, where it is known: an adapter that learned from other mail learned
            from what was forgotten meanwhile, and is tainted.

    Raises:
        UsageError: the folder holds no adapter, or that of another account or base model, or one that is here already.
        StoreError: its files are not those of its card, or the disk is full.
    """
    if not (brought / CARD).is_file():
        hint = "Bring back the whole folder that `cyrano train --from DIR --output FOLDER` made there."
        raise UsageError(f"{brought} holds no adapter: it has no {CARD}.", hint=hint)
    card = read_card(brought)
    _need_own(root, card, account, base_model)
    built = root / account / f".take-{card.weights_sha256[:16]}"
    try:
        shutil.rmtree(built, ignore_errors=True)
        shutil.copytree(brought, built)
    except OSError as error:
        shutil.rmtree(built, ignore_errors=True)
        hint = "Free some disk space, then take it again."
        raise StoreError(f"The adapter could not be copied: {error}", hint=hint) from error
    is_tainted = known is not None and not learned_digests(brought) <= {digest(message_id) for message_id in known}
    taken = replace(card, base_model=base_model)
    return publish(root, built, taken, is_tainted=is_tainted, withdrawn=_why_wait(root, taken))


def _why_wait(root: Path, card: AdapterCard) -> str:
    """Return why an adapter from elsewhere is not to serve yet; "" where it may, or may not at all."""
    current = current_version(root, card.account)
    will = target(root, card.account, is_usable=lambda known: known.base_model == card.base_model)
    serving = f"{card.account}@v{current}" if current else will.name if will else None
    if not card.is_approved or serving in {None, card.parent}:
        return ""
    return f"judged elsewhere beside {card.parent or 'the base model'}, and {serving} writes here"


def _need_own(root: Path, card: AdapterCard, account: str, base_model: str) -> None:
    """See to it that an adapter from elsewhere is for this account and model, and new here."""
    if card.account != account:
        hint = f"Take it for that account, if it is here: --account {card.account}"
        raise UsageError(f"The adapter learned from mail of {card.account}, not of {account}.", hint=hint)
    if Path(card.base_model).name != Path(base_model).name:
        hint = "An adapter is of use only with the model it was trained on: set [engine] model to it, or train again."
        raise UsageError(f"The adapter is for the model {card.base_model}, not for {base_model or 'none'}.", hint=hint)
    for known in list_cards(root, account):
        if known.weights_sha256 == card.weights_sha256:
            raise UsageError(f"The adapter is here already: {known.name}.", hint="See: cyrano adapters")
