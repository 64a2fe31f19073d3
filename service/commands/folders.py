"""Asking once which folders hold sent mail and drafts, where the server does not say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import click

from connectors.account import AccountRecord
from connectors.errors import FolderError
from connectors.imap.folders import DRAFTS, SENT, Folder, choose_folder, guess, list_folders
from connectors.imap.session import ImapSettings, close_session, imap_errors, open_session
from connectors.oauth.tokens import Credential
from connectors.settings import read_settings

Ask = Callable[[str, str, Sequence[str]], str]
"""Asks a question; gets a suggestion ("" for none) and the answers there are."""

_USES = ((SENT, "sent_folder", "--sent-folder", "sent mail"), (DRAFTS, "drafts_folder", "--drafts-folder", "drafts"))


def with_folders(record: AccountRecord, credential: Credential, ask: Ask | None) -> AccountRecord:
    """Return an IMAP account with the folders named that its server does not mark.

    Raises:
        AccountError: the server does not let us in.
        FolderError: a folder is not there, or there is nobody to ask.
    """
    settings = read_settings(ImapSettings, record)
    client = open_session(settings, credential)
    try:
        with imap_errors(settings.host):
            folders = list_folders(client)
    finally:
        close_session(client)
    return replace(record, settings={**record.settings, **name_folders(folders, record.settings, ask)})


def name_folders(
    folders: Sequence[Folder], settings: Mapping[str, str | int | bool], ask: Ask | None
) -> dict[str, str]:
    """Return the folders that are neither marked nor named yet, as a person names them.

    Raises:
        FolderError: there is nobody to ask, or the folder named is not there.
    """
    answers: dict[str, str] = {}
    for flag, key, option, use in _USES:
        named = str(settings.get(key, ""))
        try:
            choose_folder(folders, flag, named=named, option=option)
        except FolderError:
            if named or ask is None:
                raise
            names = [folder.name for folder in folders]
            answers[key] = ask(f"The server does not say which folder holds {use}. Which?", guess(names, flag), names)
    return answers


def ask_for_folder(question: str, suggestion: str, names: Sequence[str]) -> str:
    """Ask on the terminal."""
    return str(click.prompt(question, default=suggestion or None, type=click.Choice(list(names))))
