"""From settings and machine to the engine's command line. Pure: it starts nothing and looks at nothing."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from service.engine.machine import Machine
from service.engine.settings import EngineSettings

LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""vLLM takes no others."""
RESOLVER = "lora_filesystem_resolver"
"""The plugin of vLLM's that finds adapters in a folder when they are first asked for."""
LOOPBACK = "127.0.0.1"
NAMING = "service.engine.naming.Naming"
"""Loaded by the engine itself: it exchanges weights in place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run, and in which environment."""

    argv: tuple[str, ...]
    env: Mapping[str, str]


def served_name(model: str) -> str:
    """Return what the engine calls the base model: the last part of its folder or name."""
    return Path(model).name


def engine_url(settings: EngineSettings) -> str:
    """Return where the engine is asked: the server named, or the child that is kept."""
    if settings.url:
        return settings.url.rstrip("/")
    host = LOOPBACK if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104  what it says, not what we do
    return f"http://{host}:{settings.port}/v1"


def engine_command(
    settings: EngineSettings,
    machine: Machine,
    environ: Mapping[str, str],
    *,
    name: str = "",
    served: Path | None = None,
) -> Command:
    """Return the command that serves a model on a machine.

    Args:
        settings: Which model, and how.
        machine: What it runs on.
        environ: The environment it inherits.
        name: What the engine calls the model; "" for its own name.
        served: The folder in which the engine finds adapters by itself, where it is to.
    """
    by_build = _cpu_arguments(settings, machine) if machine.build == "cpu" else _gpu_arguments(settings)
    return Command(
        argv=(
            *(sys.executable, "-m", "vllm.entrypoints.openai.api_server"),
            *("--model", settings.model, "--served-model-name", name or served_name(settings.model)),
            *("--host", settings.host, "--port", str(settings.port)),
            *("--max-model-len", str(settings.max_model_len or "auto")),
            *_adapter_arguments(settings),
            "--disable-uvicorn-access-log",
            *by_build,
            *settings.extra_args,
        ),
        env=_environment(settings, machine, environ) | _resolver(environ, served),
    )


def _resolver(environ: Mapping[str, str], served: Path | None) -> dict[str, str]:
    """Have the engine look for adapters by itself; plugins that are allowed by name already stay allowed."""
    if served is None:
        return {}
    allowed = [name for name in environ.get("VLLM_PLUGINS", "").split(",") if name not in {"", RESOLVER}]
    return {"VLLM_PLUGINS": ",".join([*allowed, RESOLVER]), "VLLM_LORA_RESOLVER_CACHE_DIR": str(served)}


def _adapter_arguments(settings: EngineSettings) -> tuple[str, ...]:
    if settings.serving == "merged":
        return ("--middleware", NAMING) if settings.sleep_mode else ()
    rank = str(_lora_rank(settings.max_lora_rank))
    return ("--enable-lora", "--max-loras", str(settings.max_loras), "--max-lora-rank", rank)


def _lora_rank(wanted: int) -> int:
    return next(rank for rank in LORA_RANKS if rank >= wanted)


def _cpu_arguments(settings: EngineSettings, machine: Machine) -> tuple[str, ...]:
    by_hardware = "bfloat16" if machine.has_bf16 else "float32"
    return ("--dtype", by_hardware if settings.dtype == "auto" else settings.dtype, "--enforce-eager")


def _gpu_arguments(settings: EngineSettings) -> tuple[str, ...]:
    sleep = ("--enable-sleep-mode",) if settings.sleep_mode else ()  # a build for processors refuses it
    return ("--dtype", settings.dtype, "--gpu-memory-utilization", str(settings.gpu_memory_utilization), *sleep)


def _environment(settings: EngineSettings, machine: Machine, environ: Mapping[str, str]) -> dict[str, str]:
    # Cyrano's own variables stay here: they may hold passwords, and the engine needs none of them.
    env = {name: value for name, value in environ.items() if not name.startswith("CYRANO_")}
    env |= {
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True",
        "VLLM_HOST_IP": LOOPBACK,  # or its inner sockets listen on the network
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_OFFLINE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    if settings.sleep_mode:
        env["VLLM_SERVER_DEV_MODE"] = "1"  # or nobody can tell it to sleep
    if machine.build == "cpu":
        env |= {
            "VLLM_CPU_KVCACHE_SPACE": str(settings.kv_cache_gib),
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # its own choice pins everything to one core
            "OMP_NUM_THREADS": str(settings.threads or machine.cores),
            # The only worker lives in the engine's core. The build gives it a process of its own to set its threads,
            # and they are set here: it starts with 28 instead of 39 s of one core, in half a GB less, and writes
            # faster.
            "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
            # Threads that spin while they wait slow the engine a hundredfold where others need the cores too.
            "OMP_WAIT_POLICY": environ.get("OMP_WAIT_POLICY", "passive"),
        }
    return env
