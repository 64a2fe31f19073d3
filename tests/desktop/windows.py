"""What a person does in Thunderbird's windows: looks into Drafts, opens a draft, types, saves."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.desktop.marionette import Marionette
from tests.e2e.cyrano import wait_for

_WITHIN_S = 40.0

_MAIN = """
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const server = MailServices.accounts.allServers.find(each => each.type == "imap");
const main = Services.wm.getMostRecentWindow("mail:3pane");
const pane = main.document.getElementById("tabmail").currentAbout3Pane;
const drafts = server.rootFolder.getFolderWithFlags(Ci.nsMsgFolderFlags.Drafts);
"""

# Reading this property loads the password; an account without one is not expanded, and nobody is told.
_CONNECT = "if (!drafts && !server.passwordPromptRequired) server.performExpand(main.msgWindow); return !!drafts;"

_SUBJECTS = """
const subjects = () => Array.from(
  { length: pane.gDBView.rowCount }, (_, row) => pane.gDBView.cellTextForColumn(row, "subjectCol"));
"""

_LOOK = f"""
{_SUBJECTS}
if (pane.gFolder != drafts) pane.displayFolder(drafts.URI);
drafts.updateFolder(main.msgWindow);
return pane.gDBView ? subjects() : [];
"""

_HAS_DRAFT_BAR = """
const message = pane.messageBrowser.contentWindow;
return message.msgLoaded && !!message.document.querySelector("notification-message[value=draftMsgContent]");
"""

_SHOWN = """
const pills = row => Array.from(document.querySelectorAll(`#${row} mail-address-pill`), pill => pill.fullAddress);
return [
  document.getElementById("msgIdentity").value,
  pills("addressRowTo"),
  pills("addressRowCc"),
  document.getElementById("msgSubject").value,
  document.getElementById("messageEditor").contentDocument.body.innerText,
];
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a window for writing shows."""

    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    text: str
    """As it is to be read, the quote included."""


class MailProgram:
    """The person's Thunderbird, with its main window."""

    def __init__(self, program: Marionette) -> None:
        self._program = program
        (self._main,) = program.windows()

    def wait_for_drafts(self, *subjects: str) -> None:
        """Look into Drafts until it lists exactly these."""
        self._until("The Drafts folder", _CONNECT)
        wait_for(f"{subjects} in Thunderbird", lambda: self._do(_LOOK) == list(subjects), within_s=_WITHIN_S)

    def select_draft(self, subject: str) -> None:
        """Click on a draft, so that it is shown, with the bar that says what it is."""
        self._do(_SUBJECTS + "pane.threadTree.selectedIndex = subjects().indexOf(args[0]);", subject)
        self._until("The bar over the draft", _HAS_DRAFT_BAR)

    def delete_draft(self, subject: str) -> None:
        """Press Delete on a draft."""
        self.select_draft(subject)
        self._do('pane.commandController.doCommand("cmd_delete");')

    @contextmanager
    def editing(self, subject: str) -> Iterator["ComposeWindow"]:
        """Press Edit on a draft, and close the window at the end."""
        self.select_draft(subject)
        self._do('pane.commandController.doCommand("cmd_editDraftMsg");')
        window = wait_for("The window for writing", self._other_window, within_s=_WITHIN_S)
        self._program.switch_to(window)
        try:
            opened = ComposeWindow(self._program)
            opened.wait_until_ready()
            yield opened
        finally:
            self._program.switch_to(self._main)  # a window that is closed answers no more
            self._do('Services.wm.getMostRecentWindow("msgcompose").close();')

    def take_picture(self, path: Path) -> None:
        """Keep what the main window looks like."""
        self._program.take_picture(path)

    def _other_window(self) -> str | None:
        return next((window for window in self._program.windows() if window != self._main), None)

    def _until(self, what: str, script: str) -> None:
        wait_for(what, lambda: self._do(script), within_s=_WITHIN_S)

    def _do(self, script: str, *arguments: object) -> Any:
        return self._program.run(_MAIN + script, *arguments)


class ComposeWindow:
    """A window in which a mail is written."""

    def __init__(self, program: Marionette) -> None:
        self._program = program

    def wait_until_ready(self) -> None:
        """Wait until the draft is loaded into the editor."""
        ready = 'return !!window.gMsgCompose?.editor && document.getElementById("msgSubject").value.length > 0;'
        wait_for("The draft in the editor", lambda: self._program.run(ready), within_s=_WITHIN_S)

    def read(self) -> Shown:
        """Return what it shows."""
        shown = self._program.run(_SHOWN)
        return Shown(sender=shown[0], to=tuple(shown[1]), cc=tuple(shown[2]), subject=shown[3], text=shown[4])

    def type_at_start(self, text: str) -> None:
        """Type where the text begins."""
        self._program.run("const it = GetCurrentEditor(); it.beginningOfDocument(); it.insertText(args[0]);", text)

    def save(self) -> None:
        """Press Save, and wait until it is done."""
        self._program.run('goDoCommand("cmd_saveAsDraft");')
        is_done = "return !gSaveOperationInProgress && !gContentChanged;"
        wait_for("The end of saving", lambda: self._program.run(is_done), within_s=_WITHIN_S)

    def take_picture(self, path: Path) -> None:
        """Keep what it looks like."""
        self._program.take_picture(path)
