"""The section `[engine]`: which model answers, and how its server runs."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt, field_validator


class EngineSettings(BaseModel):
    """The model server."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = ""
    """The base model: a folder ("~" is your home), or the name of one that has been downloaded."""
    url: str = ""
    """An OpenAI-compatible server that runs already ("http://127.0.0.1:8000/v1"); then none is started."""
    host: str = "127.0.0.1"
    """Where the server listens. It asks nobody who they are: keep it on loopback or in a closed network."""
    port: int = Field(default=8381, ge=1, le=65535)
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Number format of the weights; auto goes by the hardware."""
    max_model_len: NonNegativeInt = 0
    """Tokens of prompt and answer together; 0 takes as many as the model reads and the memory holds."""
    kv_cache_gib: PositiveInt = 1
    """Memory for texts being read and written, without a GPU."""
    gpu_memory_utilization: float = Field(default=0.85, gt=0, le=1)
    """Share of a GPU's memory that is taken, with one."""
    serving: Literal["lora", "merged"] = "lora"
    """lora serves the base model with the adapters of all accounts beside it. merged serves one account's adapter put
    into the model itself: faster, and the only way to serve rosa, dora and full."""
    resolver: bool = False
    """Whether engines find adapters by themselves in the folder they share, for several behind one [engine] url."""
    sleep_mode: bool = False
    """Whether the engine can free a GPU's memory without ending; its development routes are open on its port then."""
    max_loras: PositiveInt = 4
    """Adapters that can write at the same time."""
    max_lora_rank: int = Field(default=16, ge=1, le=512)
    """The largest rank of an adapter; see [train] rank."""
    threads: NonNegativeInt = 0
    """Processor cores to use, without a GPU; 0 takes all."""
    start_timeout_s: PositiveFloat = 900.0
    """How long a start may take: large models load for minutes."""
    extra_args: tuple[str, ...] = ()
    """Further arguments for vLLM, as they stand."""

    @field_validator("model")
    @classmethod
    def _expand(cls, model: str) -> str:
        """Write a folder out: engine, trainer and cards must all mean the same one."""
        return str(Path(model).expanduser()) if model.startswith("~") else model
