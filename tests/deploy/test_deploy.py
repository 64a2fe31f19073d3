"""What is deployed: containers and system services. The tools that read these files check them where they are here."""

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.config import load_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|KEY", re.IGNORECASE)


def every_service(field: str) -> Iterator[tuple[str, Any]]:
    """Yield what each service says in a field."""
    return ((name, service.get(field)) for name, service in SERVICES.items())


def test_compose_reads_it() -> None:
    """`docker compose` accepts the file, with every profile."""
    known = shutil.which("docker") and subprocess.run(
        ["docker", "compose", "version"], capture_output=True, check=False
    )
    if not known or known.returncode:
        pytest.skip("docker compose is not here; the tests below check the structure")
    file = str(DEPLOY / "compose.yaml")
    command = ["docker", "compose", "-f", file, "--profile", "gpu", "--profile", "cpu", "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_is_reachable_from_outside() -> None:
    """One port is published, on loopback; what keeps mail and model stands in a network without a way out."""
    published = {name: ports for name, ports in every_service("ports") if ports}
    assert published == {"service": ["127.0.0.1:8380:8380"]}
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert all(list(networks) == ["inside"] for name, networks in every_service("networks") if name != "service")
    assert not any(network for _, network in every_service("network_mode"))


def test_every_service_is_watched_and_held_down() -> None:
    """Each has a health check, starts again, has no capabilities but those it names, and cannot gain any."""
    for name, service in SERVICES.items():
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == "unless-stopped", name


def test_secrets_come_from_files() -> None:
    """No environment variable holds a secret itself, and every file of a secret that is used is declared."""
    for name, environment in every_service("environment"):
        assert [key for key in environment or {} if SECRET.search(key) and not key.endswith("_FILE")] == [], name
        assert not any("://" in value and re.search(r":[^/@]+@", value) for value in (environment or {}).values()), name
    used = {secret for _, secrets in every_service("secrets") for secret in secrets or ()}
    assert used == set(COMPOSE["secrets"])


def test_service_understands_its_environment(tmp_path: Path) -> None:
    """The variables are keys of the configuration, and lead to the other containers."""
    settings = load_settings(tmp_path, SERVICES["service"]["environment"])
    hosts = [re.sub(r".*[/@]([a-z]+)[:/].*", r"\1", url) for url in (settings.archive.url, settings.index.url)]
    assert hosts == ["postgres", "qdrant"]
    assert settings.engine.url == "http://engine:8000/v1"
    for name in ("engine", "engine-cpu"):
        engine = SERVICES[name]
        assert engine["networks"]["inside"]["aliases"] == ["engine"]
        assert engine["command"][:2] == ["--model", settings.engine.model]
        for option in ("max_loras", "max_lora_rank"):
            at = engine["command"].index(f"--{option.replace('_', '-')}")
            assert engine["command"][at + 1] == str(getattr(settings.engine, option))


def test_service_and_engine_share_adapters_and_model() -> None:
    """The service names an adapter to the engine by path: both mount the same volumes in the same places."""
    both = {"home:/var/lib/cyrano", "${CYRANO_MODEL_DIR:-./model}:/model"}
    for name in ("service", "engine", "engine-cpu"):
        assert {volume.removesuffix(":ro") for volume in SERVICES[name]["volumes"]} == both, name


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.engine"])
def test_images_do_not_run_as_root(name: str) -> None:
    """Both images end as the same unprivileged user, from bases with a version."""
    lines = (DEPLOY / name).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("USER ")][-1] == "USER cyrano"
    assert any("--uid 10001" in line for line in lines)
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert all(":" in base and "latest" not in base for base in bases if base != "${BUILD}")


def test_images_hold_the_pinned_engine() -> None:
    """The engine's image and the Python extras name the same version of vLLM and torch."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    text = (DEPLOY / "Dockerfile.engine").read_text(encoding="utf-8")
    for requirement in [*extras["cpu"], *extras["gpu"]]:
        name, _, version = requirement.partition(";")[0].partition("==")
        assert re.search(rf"{'vllm-openai:v' if name == 'vllm' else name + '=='}{re.escape(version)}\b", text), name


def test_copied_paths_exist() -> None:
    """What the service's image copies is in the repository and not held back from the build."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    for copied in re.findall(r"^COPY (?!--)(.+) \S+$", text, re.MULTILINE):
        for path in copied.split():
            assert (ROOT / path).exists(), path
            assert f"!{path}" in ignored, path


def test_entrypoint_hands_on_the_password(tmp_path: Path) -> None:
    """The command runs with the password libpq looks for; a file that is missing is an error, not an empty password."""
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n", encoding="utf-8")
    command = ["sh", str(DEPLOY / "entrypoint.sh"), "sh", "-c", 'printf %s "$PGPASSWORD"']
    for path, expected in ((secret, (0, "s3cret")), (tmp_path / "none", (1, ""))):
        environment = {"PATH": os.environ["PATH"], "POSTGRES_PASSWORD_FILE": str(path)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert (min(done.returncode, 1), done.stdout) == expected


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_reads_the_unit(unit: Path, tmp_path: Path) -> None:
    """`systemd-analyze` finds no fault in the unit, and what it may touch is little."""
    if not shutil.which("systemd-analyze"):
        reason = "systemd-analyze is missing; on Debian and Ubuntu: apt-get install systemd"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    for each in UNITS:
        text = each.read_text(encoding="utf-8")
        # The program is not installed here, and a missing one is a fault.
        (tmp_path / each.name).write_text(text.replace("/opt/cyrano/bin/cyrano", "/bin/true"), encoding="utf-8")
    copy = str(tmp_path / unit.name)
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    judged = ["systemd-analyze", "security", "--offline=yes", "--threshold=30", "--no-pager", copy]
    assert subprocess.run(judged, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_unit_runs_a_known_command(unit: Path) -> None:
    """Each unit starts a command there is, as its own user, without a way to more rights."""
    from service.__main__ import COMMANDS  # noqa: PLC0415  only this test needs the command line

    text = unit.read_text(encoding="utf-8")
    (command,) = re.findall(r"^ExecStart=/opt/cyrano/bin/cyrano (\w+)$", text, re.MULTILINE)
    assert command in COMMANDS
    for line in ("User=cyrano", "NoNewPrivileges=yes", "ProtectSystem=strict", "StateDirectory=cyrano"):
        assert f"\n{line}\n" in text


@pytest.mark.parametrize("unit", [unit for unit in UNITS if "cyrano up" in unit.read_text() or "schedule" in unit.stem])
def test_unit_that_trains_may_use_the_gpu_and_ends_its_own_trainer(unit: Path) -> None:
    """The trainer is its child: without devices it would train on the CPU, and a signal to both would be a failure."""
    text = unit.read_text(encoding="utf-8")
    assert "PrivateDevices" not in text
    assert "\nKillMode=mixed\n" in text
