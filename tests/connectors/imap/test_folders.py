"""Finding folders by their use, and guessing where a server does not say it."""

import pytest

from connectors.errors import FolderError
from connectors.imap.folders import DRAFTS, JUNK, SENT, TRASH, Folder, choose_folder, guess, received_folders


def folder(name: str, *flags: str) -> Folder:
    """Make a folder."""
    return Folder(name=name, flags=frozenset(flag.lower() for flag in flags))


@pytest.mark.parametrize(
    ("names", "sent", "drafts"),
    [
        (["INBOX", "Sent", "Drafts", "Trash"], "Sent", "Drafts"),
        (["INBOX", "INBOX.Sent Messages", "INBOX.Drafts"], "INBOX.Sent Messages", "INBOX.Drafts"),
        (["Posteingang", "Gesendete Objekte", "Entwürfe"], "Gesendete Objekte", "Entwürfe"),
        (["INBOX", "[Gmail]/Gesendet", "[Gmail]/Entwürfe"], "[Gmail]/Gesendet", "[Gmail]/Entwürfe"),
        (["INBOX", "Éléments envoyés", "Brouillons"], "Éléments envoyés", "Brouillons"),
        (["INBOX", "Отправленные", "Черновики"], "Отправленные", "Черновики"),
        (["INBOX", "已发送", "草稿箱"], "已发送", "草稿箱"),
        (["INBOX", "Work/Sent", "Sent", "SENT ITEMS"], "Sent", ""),
        (["INBOX", "Sentimental", "Draft laws"], "", ""),
        ([], "", ""),
    ],
)
def test_guesses_by_the_names_in_use(names: list[str], sent: str, drafts: str) -> None:
    """In many languages, below INBOX or not; what only begins alike is no match."""
    assert guess(names, SENT) == sent
    assert guess(names, DRAFTS) == drafts


def test_the_folder_named_wins_over_the_marked_one() -> None:
    """And it must be there."""
    folders = [folder("Sent", SENT), folder("Büro/Ausgang")]
    assert choose_folder(folders, SENT, named="", option="--sent-folder") == "Sent"
    assert choose_folder(folders, SENT, named="Büro/Ausgang", option="--sent-folder") == "Büro/Ausgang"
    with pytest.raises(FolderError, match="Büro/Ausgang") as caught:
        choose_folder(folders, SENT, named="Gesendet", option="--sent-folder")
    assert "--sent-folder" in caught.value.hint


def test_received_mail_lies_everywhere_but_apart() -> None:
    """Not among sent mail, drafts, junk and trash, marked or named so; the inbox comes first, then the archive."""
    folders = [
        folder("Büro"), folder("Archiv", r"\Archive"), folder("Ausgang"), folder("Gesendet", SENT),
        folder("Entwürfe", DRAFTS), folder("Junk", JUNK), folder("Müll", TRASH), folder("Papierkorb"), folder("INBOX"),
    ]  # fmt: skip
    assert received_folders(folders, apart=("Ausgang", "")) == ["INBOX", "Archiv", "Büro"]


def test_where_there_is_a_folder_of_all_mail_it_is_enough() -> None:
    """Gmail's other folders only show parts of it."""
    assert received_folders([folder("INBOX"), folder("Alle Nachrichten", r"\All"), folder("Büro")]) == [
        "Alle Nachrichten"
    ]
