"""service/config.py: one file, the environment over it, and errors that name the key."""

from pathlib import Path

import pytest

from connectors.errors import ConfigError
from service.config import find_home, load_settings


def write(home: Path, text: str) -> Path:
    """Put a cyrano.toml into a home folder."""
    (home / "cyrano.toml").write_text(text, encoding="utf-8")
    return home


def test_nothing_configured_is_good(tmp_path: Path) -> None:
    """A newcomer needs no configuration file."""
    assert load_settings(tmp_path, {}).http.host == "127.0.0.1"


def test_environment_overrides_the_file(tmp_path: Path) -> None:
    """CYRANO_SECTION__KEY wins, and is read as TOML would be."""
    home = write(tmp_path, "[http]\nport = 9000\n")
    assert load_settings(home, {}).http.port == 9000
    assert load_settings(home, {"CYRANO_HTTP__PORT": "9001", "CYRANO_HOME": "x"}).http.port == 9001


def test_unknown_key_is_named_with_the_nearest_known(tmp_path: Path) -> None:
    """A slip of the pen is told, with what was meant."""
    with pytest.raises(ConfigError, match=r"http\.prot") as caught:
        load_settings(write(tmp_path, "[http]\nprot = 9000\n"), {})
    assert "port" in caught.value.hint
    assert caught.value.exit_code == 2


def test_unknown_section_is_named(tmp_path: Path) -> None:
    """So is a section that does not exist."""
    with pytest.raises(ConfigError, match="htpp") as caught:
        load_settings(write(tmp_path, "[htpp]\nport = 1\n"), {})
    assert "http" in caught.value.hint


def test_wrong_value_is_named(tmp_path: Path) -> None:
    """A value of the wrong kind is told with its key."""
    with pytest.raises(ConfigError, match=r"http\.port"):
        load_settings(write(tmp_path, '[http]\nport = "soon"\n'), {})


ADDON = '[addon]\nenabled = true\nurl = "https://cyrano.example.org"\nservice_account = "x"\nclient_id = "y"\n'


@pytest.mark.parametrize("name", ["cyrano.example.org", "Cyrano.example.org:8380", "cyrano.example.org."])
def test_add_ons_public_name_is_nobodys_at_home(name: str, tmp_path: Path) -> None:
    """Else what is reached through the tunnel could be the console; with every port, and in any spelling."""
    home = write(tmp_path, f'{ADDON}[http]\nallowed_hosts = ["127.0.0.1", "{name}"]\n')
    with pytest.raises(ConfigError, match=r"allowed_hosts has cyrano\.example\.org") as caught:
        load_settings(home, {})
    assert "another name" in caught.value.hint
    assert load_settings(home, {"CYRANO_ADDON__ENABLED": "false"}).http.allowed_hosts == ("127.0.0.1", name)


def test_add_on_and_console_have_names_of_their_own(tmp_path: Path) -> None:
    """Another name is as good as it was."""
    home = write(tmp_path, f'{ADDON}[http]\nallowed_hosts = ["home.example.org"]\n')
    assert load_settings(home, {}).addon.enabled


def test_broken_file_is_named(tmp_path: Path) -> None:
    """A file that is no TOML is told with its path."""
    with pytest.raises(ConfigError, match=r"cyrano\.toml"):
        load_settings(write(tmp_path, "[http\n"), {})


def test_home_comes_from_the_environment(tmp_path: Path) -> None:
    """CYRANO_HOME says where all state lies."""
    assert find_home({"CYRANO_HOME": str(tmp_path)}) == tmp_path


def test_an_account_may_want_it_otherwise(tmp_path: Path) -> None:
    """What its own section does not say is as for all."""
    text = '[watch]\npoll_s = 5.0\n[accounts.ana.watch]\nfolder = "Antworten"\n'
    (tmp_path / "cyrano.toml").write_text(text)
    settings = load_settings(tmp_path, {})
    assert (settings.watch_of("ana").folder, settings.watch_of("ana").poll_s) == ("Antworten", 5.0)
    assert settings.watch_of("ben") == settings.watch
    assert settings.compose_of("ana") == settings.compose


def test_a_slip_in_an_accounts_section_is_named(tmp_path: Path) -> None:
    """When Cyrano starts, not when that account's first mail comes."""
    (tmp_path / "cyrano.toml").write_text('[accounts.ana.watch]\nfoldr = "X"\n')
    with pytest.raises(ConfigError, match=r"accounts\.ana\.watch\.foldr") as raised:
        load_settings(tmp_path, {})
    assert raised.value.hint == "Did you mean folder?"
    (tmp_path / "cyrano.toml").write_text("[accounts.ana.wach]\nfolder = 'X'\n")
    with pytest.raises(ConfigError, match=r"accounts\.ana\.wach") as raised:
        load_settings(tmp_path, {})
    assert raised.value.hint == "Did you mean watch?"
