r"""Finding folders: by what the server says they are for (SPECIAL-USE), by the name in the settings, or by a guess.

Names are localised, so a name alone is never trusted: a guess is only a suggestion for a person to confirm.
"""

import imaplib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from imapclient import IMAPClient
from imapclient.imap_utf7 import decode as decode_utf7
from imapclient.response_parser import parse_response

from connectors.errors import FolderError

INBOX = "INBOX"
SENT, DRAFTS, ARCHIVE, ALL, JUNK, TRASH = r"\Sent", r"\Drafts", r"\Archive", r"\All", r"\Junk", r"\Trash"

_UNREADABLE = frozenset({r"\noselect", r"\nonexistent"})
_NOT_RECEIVED = frozenset(flag.lower() for flag in (SENT, DRAFTS, JUNK, TRASH))

# What mail programs and servers call them, without case; the commonest first.
_USUAL_NAMES = {
    SENT: (
        "sent", "sent items", "sent messages", "sent mail", "gesendet", "gesendete objekte", "gesendete elemente",
        "gesendete nachrichten", "envoyés", "éléments envoyés", "messages envoyés", "enviados", "elementos enviados",
        "mensajes enviados", "itens enviados", "inviata", "posta inviata", "inviati", "verzonden", "verzonden items",
        "skickat", "sendt", "sendt post", "lähetetyt", "wysłane", "odeslané", "отправленные", "надіслані", "送信済み",
        "送信済みアイテム", "已发送", "已发送邮件", "寄件備份", "보낸편지함", "gönderilmiş öğeler", "المرسلة", "נשלח",
    ),
    DRAFTS: (
        "drafts", "draft", "entwürfe", "entwurf", "brouillons", "borradores", "rascunhos", "bozze", "concepten",
        "utkast", "kladder", "luonnokset", "robocze", "szkice", "koncepty", "rozepsané", "черновики", "чернетки",
        "下書き", "草稿", "草稿箱", "임시보관함", "taslaklar", "المسودات", "טיוטות",
    ),
    JUNK: (
        "junk", "spam", "junk e-mail", "junk email", "bulk mail", "junk-e-mail", "indésirables", "correo no deseado",
        "posta indesiderata", "ongewenste e-mail", "skräppost", "спам", "迷惑メール", "垃圾邮件", "스팸메일함",
    ),
    TRASH: (
        "trash", "deleted items", "deleted messages", "deleted", "bin", "papierkorb", "gelöschte objekte",
        "gelöschte elemente", "corbeille", "éléments supprimés", "papelera", "elementos eliminados", "lixeira",
        "cestino", "prullenbak", "papperskorgen", "kosz", "корзина", "ゴミ箱", "已删除", "휴지통",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    r"""A folder that can be opened. `flags` are in lower case (`\sent`)."""

    name: str
    flags: frozenset[str] = frozenset()
    separator: str = "/"

    def is_for(self, flag: str) -> bool:
        """Tell whether the server says so."""
        return flag.lower() in self.flags


def list_folders(client: IMAPClient) -> list[Folder]:
    """Return the folders that hold mail. One whose name is broken is passed over: it could not be opened."""
    found = _list(client)
    can_ask = client.has_capability("SPECIAL-USE") and client.has_capability("LIST-EXTENDED")
    if can_ask and not any(marked(found, flag) for flag in (SENT, DRAFTS)):
        return _list(client, "RETURN (SPECIAL-USE)")  # RFC 6154: a server may tell only whoever asks
    return found


def _list(client: IMAPClient, *options: str) -> list[Folder]:
    imap = client._imap  # noqa: SLF001  imapclient has no options, and fails on one broken name
    kind, data = imap._simple_command("LIST", '""', '"*"', *options)  # noqa: SLF001
    if kind != "OK":
        raise imaplib.IMAP4.error(f"it lists no folders: {data!r}")
    _, data = imap._untagged_response(kind, data, "LIST")  # noqa: SLF001
    listed = parse_response([item for item in data if item])
    folders = []
    for flags, separator, name in zip(listed[::3], listed[1::3], listed[2::3], strict=True):
        folder = _folder(flags, separator or b"", name if isinstance(name, bytes) else str(name).encode())
        if folder is not None and not folder.flags & _UNREADABLE:
            folders.append(folder)
    return folders


def _folder(flags: Iterable[bytes], separator: bytes, name: bytes) -> Folder | None:
    try:
        return Folder(
            name=decode_utf7(name),
            flags=frozenset(flag.decode("ascii", "replace").lower() for flag in flags),
            separator=separator.decode("ascii", "replace"),
        )
    except ValueError:
        return None


def choose_folder(folders: Sequence[Folder], flag: str, *, named: str, option: str) -> str:
    r"""Return the folder named in the settings, else the one the server marks with a SPECIAL-USE flag (`\Sent`).

    Raises:
        FolderError: there is none.
    """
    names = [folder.name for folder in folders]
    found = [named] if named in names else [] if named else marked(folders, flag)
    if found:
        return found[0]
    missing = f'There is no folder "{named}"' if named else f"The server marks no folder as {flag}"
    raise FolderError(f"{missing}; there are: {', '.join(names) or 'none'}.", hint=f"Name it: {option} NAME")


def marked(folders: Iterable[Folder], flag: str) -> list[str]:
    """Return the folders the server marks for a use."""
    return [folder.name for folder in folders if folder.is_for(flag)]


def guess(names: Iterable[str], flag: str) -> str:
    r"""Return the folder that by its name is most likely for a use (`\Sent`, `\Drafts`, …), or ""."""
    usual = _USUAL_NAMES.get(flag, ())
    ranked = [
        (usual.index(last), name.count("/") + name.count("."), name) for name in names if (last := _last(name)) in usual
    ]
    return min(ranked, default=(0, 0, ""))[2]


def received_folders(folders: Sequence[Folder], *, apart: Iterable[str] = ()) -> list[str]:
    r"""Return where mail from others lies: the folder of all mail where there is one, else all but what is apart.

    Args:
        folders: All folders.
        apart: Folders that the settings name for sent mail and drafts.
    """
    if everything := marked(folders, ALL):
        return everything[:1]
    without = {*apart, guess(_names(folders), JUNK), guess(_names(folders), TRASH)}
    kept = [folder.name for folder in folders if folder.name not in without and not folder.flags & _NOT_RECEIVED]
    return sorted(kept, key=lambda name: (name.upper() != INBOX, name not in marked(folders, ARCHIVE)))


def select(client: IMAPClient, folder: str, *, readonly: bool) -> dict[bytes, int]:
    """Select a folder and return what the server says of it (UIDVALIDITY, UIDNEXT, EXISTS, HIGHESTMODSEQ).

    Raises:
        FolderError: it is not there, or may not be opened so.
    """
    try:
        return dict(client.select_folder(folder, readonly=readonly))
    except imaplib.IMAP4.readonly as error:
        hint = "Take another folder, or give this user the right to change it."
        raise FolderError(f'The folder "{folder}" may only be read.', hint=hint) from error
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        raise FolderError(f'The folder "{folder}" cannot be opened: {error}', hint="Check its name.") from error


def _names(folders: Iterable[Folder]) -> list[str]:
    return [folder.name for folder in folders]


def _last(name: str) -> str:
    """Return the last part of a folder's path, without case: servers put folders below INBOX, with "/" or "."."""
    return name.replace(".", "/").rpartition("/")[2].casefold()
