"""The configuration: cyrano.toml, one section per part, each described beside the part that uses it.

An environment variable `CYRANO_SECTION__KEY` overrides a key. What an account wants otherwise stands in sections of its
own: `[accounts.NAME.watch]`, `[accounts.NAME.compose]`, `[accounts.NAME.refresh]`. Secrets are not configuration: see
connectors.secrets.
"""

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, ValidationError

from connectors.archive import ArchiveSettings
from connectors.composing.reply import ComposeSettings
from connectors.errors import ConfigError
from connectors.gate_settings import GateSettings
from connectors.gmail.quota import QuotaSettings
from connectors.llm import Sampling
from connectors.sync import SyncSettings
from connectors.train_settings import TrainSettings
from retrieval.embedder import EmbedderSettings
from retrieval.index import IndexSettings
from retrieval.prompt import PromptSettings
from retrieval.rank import RetrievalSettings
from service.addon.settings import AddonSettings
from service.engine.settings import EngineSettings
from service.forget import ForgetSettings
from service.http import HttpSettings
from service.notify import NotifySettings
from service.refresh.settings import RefreshSettings
from service.watching.settings import WatchSettings

Section = TypeVar("Section", bound=BaseModel)

FILE = "cyrano.toml"
PREFIX = "CYRANO_"


class AccountSettings(BaseModel):
    """What one account wants otherwise: keys of the sections of the same name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    watch: dict[str, Any] = {}
    compose: dict[str, Any] = {}
    refresh: dict[str, Any] = {}


class Settings(BaseModel):
    """All of cyrano.toml; every section and key may be left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    archive: ArchiveSettings = ArchiveSettings()
    index: IndexSettings = IndexSettings()
    embedder: EmbedderSettings = EmbedderSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    prompt: PromptSettings = PromptSettings()
    sampling: Sampling = Sampling()
    engine: EngineSettings = EngineSettings()
    train: TrainSettings = TrainSettings()
    sync: SyncSettings = SyncSettings()
    gmail: QuotaSettings = QuotaSettings()
    watch: WatchSettings = WatchSettings()
    compose: ComposeSettings = ComposeSettings()
    http: HttpSettings = HttpSettings()
    addon: AddonSettings = AddonSettings()
    forget: ForgetSettings = ForgetSettings()
    gate: GateSettings = GateSettings()
    refresh: RefreshSettings = RefreshSettings()
    notify: NotifySettings = NotifySettings()
    accounts: dict[str, AccountSettings] = {}

    def watch_of(self, account: str) -> WatchSettings:
        """Return how an account's mailbox is watched."""
        return _merge(self.watch, self._of(account).watch)

    def compose_of(self, account: str) -> ComposeSettings:
        """Return what an account's drafts look like."""
        return _merge(self.compose, self._of(account).compose)

    def refresh_of(self, account: str) -> RefreshSettings:
        """Return when an account's new mail becomes a new adapter."""
        return _merge(self.refresh, self._of(account).refresh)

    def _of(self, account: str) -> AccountSettings:
        return self.accounts.get(account, AccountSettings())


def _merge(section: Section, changes: Mapping[str, Any]) -> Section:
    return type(section).model_validate({**section.model_dump(), **changes})


def find_home(environ: Mapping[str, str]) -> Path:
    """Return the folder under which all state lies: CYRANO_HOME, else the platform's data folder."""
    if home := environ.get("CYRANO_HOME"):
        return Path(home).expanduser().resolve()
    return user_data_path("cyrano", appauthor=False)


def load_settings(home: Path, environ: Mapping[str, str]) -> Settings:
    """Read the configuration of a home folder.

    Raises:
        ConfigError: the file is no TOML, or a key or value is not known, or two do not agree; the message names it.
    """
    path = home / FILE
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        values = {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", hint="Mend the file, or move it away.") from error
    _override(values, environ)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise _explain(error, path) from error
    for account, wanted in settings.accounts.items():
        for name in type(wanted).model_fields:
            try:
                _merge(getattr(settings, name), getattr(wanted, name))
            except ValidationError as error:
                raise _explain(error, path, ("accounts", account, name)) from error
    if settings.addon.enabled:
        from service.addon.host import check_names  # noqa: PLC0415  brings a web framework along

        check_names(settings.addon, settings.http.allowed_hosts)
    return settings


def _override(values: dict[str, Any], environ: Mapping[str, str]) -> None:
    for variable, value in environ.items():
        section, found, key = variable.removeprefix(PREFIX).lower().partition("__")
        if variable.startswith(PREFIX) and found and isinstance(values.setdefault(section, {}), dict):
            values[section][key] = _scalar(value)


def _scalar(value: str) -> Any:  # noqa: ANN401  whatever TOML can say
    """Read a value as TOML would, so that lists and numbers work; what is no TOML is text."""
    try:
        return tomllib.loads(f"x = {value}")["x"]
    except tomllib.TOMLDecodeError:
        return value


def _explain(error: ValidationError, path: Path, section: tuple[str, ...] = ()) -> ConfigError:
    """Say in one line what is wrong with the first thing that is; `section` is where it stands."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in (*section, *first["loc"]))
    if first["type"] == "extra_forbidden":
        known = _known((*section, *first["loc"][:-1]))
        near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
        meant = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(sorted(known))}."
        return ConfigError(f"{where} in {path} (or the environment) is not a known key.", hint=meant)
    return ConfigError(
        f"{where} in {path} (or the environment): {first['msg']}.", hint=f"It is {first['input']!r} now."
    )


def _known(section: tuple[int | str, ...]) -> list[str]:
    """Return the keys a section may have; those of an account's sections are those of the sections of that name."""
    match section:
        case ["accounts", _]:
            return list(AccountSettings.model_fields)
        case ["accounts", _, name, *rest]:
            section = (name, *rest)
    model: type[BaseModel] = Settings
    for name in section:
        model = model.model_fields[str(name)].annotation  # type: ignore[assignment]  # sections are models
    return list(model.model_fields)
