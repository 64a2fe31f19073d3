"""Opening mailboxes: which class stands for which kind, and with what it is let in."""

import hashlib
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from threading import Lock

from connectors.account import Account, AccountRecord
from connectors.archive import Archive
from connectors.errors import ConfigError, CyranoError
from connectors.gmail.quota import Quota, QuotaSettings
from connectors.imap.account import ImapAccount
from connectors.imap.mailbox import ImapMailbox
from connectors.mailbox import Mailbox
from connectors.mbox import MboxAccount
from connectors.oauth.store import TokenStore
from connectors.oauth.tokens import Credential, TokenSource, has_tokens, token_source
from connectors.secrets import Secrets, variable_name

MBOX, IMAP, GMAIL = "mbox", "imap", "gmail"


class Mailboxes:
    """The mailboxes of one home folder. Threads may share it; what it opens is for one thread."""

    def __init__(
        self, archive: Archive, secrets: Secrets, home: Path, *, max_message_mb: int, gmail: QuotaSettings
    ) -> None:
        self._archive = archive
        self._secrets = secrets
        self._home = home
        self._max_message_bytes = max_message_mb << 20
        self._gmail = gmail
        self._quotas: dict[str, Quota] = {}
        self._lock = Lock()

    def open_account(self, record: AccountRecord, credential: Credential | None = None) -> Account:
        """Open a mailbox for reading what was sent.

        Args:
            record: Whose it is.
            credential: With what to log in; None stands for what is known.

        Raises:
            ConfigError: there is no password or consent.
        """
        size = self._max_message_bytes
        if record.kind == MBOX:
            return MboxAccount(record, max_message_bytes=size)

        def is_known(server_ids: Collection[str]) -> set[str]:
            return self._archive.known_server_ids(record.name, server_ids)

        if record.kind == GMAIL:
            from connectors.gmail.account import GmailAccount  # noqa: PLC0415  Google's client takes a second to load

            tokens = self._tokens(record) if credential is None or isinstance(credential, str) else credential
            quota = self._quota(record)
            return GmailAccount(record, tokens, max_message_bytes=size, is_known=is_known, quota=quota)
        return ImapAccount(record, credential or self.credential(record), max_message_bytes=size, is_known=is_known)

    def open_mailbox(self, record: AccountRecord, *, folder: str) -> Mailbox:
        """Open a mailbox for finding mail and keeping drafts.

        Args:
            record: Whose it is.
            folder: The folder or label that stands for "answer this".

        Raises:
            AccountError: it does not let us in.
            ConfigError: there is no password or consent.
        """
        if record.kind == GMAIL:
            from connectors.gmail.mailbox import GmailMailbox  # noqa: PLC0415  see above

            return GmailMailbox.open(record, self._tokens(record), folder=folder, quota=self._quota(record))
        return ImapMailbox.open(record, self.credential(record), folder=folder)

    @staticmethod
    def has_drafts(record: AccountRecord) -> bool:
        """Tell whether drafts can be kept in a mailbox: not in a file, nor where nobody was asked for it."""
        return record.kind == IMAP or (record.kind == GMAIL and bool(record.settings.get("writes_drafts")))

    def try_login(self, record: AccountRecord, credential: Credential | None) -> None:
        """Look whether a mailbox lets us in and shows its sent mail, with what is given or known.

        Raises:
            AccountError: it does not; nothing is remembered.
        """
        with closing(self.open_account(record, credential)) as account:
            account.count_since(None)

    def credential(self, record: AccountRecord) -> Credential:
        """Return with what a mailbox is logged in to.

        Raises:
            ConfigError: the password is nowhere to be found.
        """
        return self._tokens(record) if has_tokens(record) else self._password(record)

    def mark(self, record: AccountRecord) -> str:
        """Return what changes when somebody gives new credentials, and not when tokens are renewed. It tells none."""
        try:
            consented_at = TokenStore(record.name, self._secrets, self._home).read().consented_at
            known = [self._secrets.find(record.name) or "", str(consented_at)]
        except CyranoError as error:
            known = [str(error)]
        return hashlib.sha256("\0".join([repr(dict(record.settings)), *known]).encode()).hexdigest()

    def _quota(self, record: AccountRecord) -> Quota:
        """Return the one bucket of a mailbox: what reads it and what watches it spend together."""
        with self._lock:
            return self._quotas.setdefault(record.name, Quota(self._gmail))

    def _tokens(self, record: AccountRecord) -> TokenSource:
        return token_source(record, self._secrets, self._home)

    def _password(self, record: AccountRecord) -> str:
        password = self._secrets.find(record.name)
        if password is None:
            variable = variable_name(record.name)
            raise ConfigError(
                f"There is no password for {record.name}.",
                hint=f"Give it: cyrano account login {record.name}. Or set {variable}_FILE or {variable}.",
            )
        return password
