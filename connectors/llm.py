"""The model server, asked in OpenAI's protocol. Adapters are loaded and unloaded the way vLLM does it.

Rules:
1. Only the server named by the URL is spoken to: no proxy of the environment, no redirect.
2. A stream that did not come to its end is an error, never a shorter draft.
3. Closing a stream closes its connection, and with it the generation on the server.
4. No error of the client library leaves this module; `translate` knows them all.
5. What another adapter wrote than the one that was asked for is an error, whatever it says.
"""

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from connectors.errors import EngineDown, EngineError, EngineLost, ModelMissing
from connectors.reason import Reason

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletionMessageParam

CONNECT_TIMEOUT_S = 3.0
READY_TIMEOUT_S = 5.0
STARTS_S = 10
"""After how long it is worth asking again, where the server is being started."""
KEEP_ALIVE_S = 2.0
"""Shorter than the 5 s after which the engine hangs up: a request must not meet a connection that is just closing."""
_LOAD = re.compile(r"^vllm:num_requests_(?:running|waiting)(?:\{[^}]*\})? (\S+)$", re.MULTILINE)
_ADAPTER = re.compile(r"@v\d+$")
_BROKEN_OFF = frozenset({"abort", "error"})
"""How vLLM says that it ended an answer before its end: it was sent to sleep, or something failed."""
_ENGINE_DIED = "EngineCore encountered an issue"
"""What vLLM says to whoever is waiting when its engine dies under its server."""


class Sampling(BaseModel):
    """How words are drawn. The section `[sampling]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float = Field(default=0.7, ge=0, le=2)
    """How daring the choice of words is; 0 always takes the likeliest."""
    top_p: float = Field(default=0.95, gt=0, le=1)
    """Only the likeliest words that together have this probability are drawn from."""
    max_tokens: PositiveInt = 400
    """Longest answer."""
    seed: int | None = None
    """Set, the same prompt gives the same answer."""
    stop: tuple[str, ...] = ()
    """Texts that end the answer."""


class ModelServer:
    """A server of language models, by its URL ("http://127.0.0.1:8381/v1"). Safe to share between threads."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str = "none",
        timeout_s: float = 120.0,
        is_kept: Callable[[], bool] = lambda: False,
    ) -> None:
        """Name the server; nothing is asked of it yet.

        Args:
            url: Where it is.
            api_key: What it asks for.
            timeout_s: How long an answer may take.
            is_kept: Whether somebody starts it whenever it does not run.
        """
        self.url = url.rstrip("/")
        self._is_kept = is_kept
        self._api_key = api_key
        self._timeout_s = timeout_s

    def is_ready(self) -> bool:
        """Tell whether the server can draft now."""
        try:
            with _translated(self._is_kept):
                self._get(f"{self._root}/health")
        except ModelMissing:  # not vLLM: no such route
            return self._lists_models()
        except EngineError:
            return False
        return True

    def models(self) -> list[str]:
        """Return the names that can be asked for: base models and loaded adapters.

        Raises:
            EngineDown: the server does not answer.
            EngineError: it answers with an error.
        """
        return list(self.places())

    def places(self) -> dict[str, str]:
        """Return what the server loaded each of them from: a folder on its machine, or a name; "" if it does not say.

        Raises:
            EngineDown: the server does not answer.
            EngineError: it answers with an error.
        """
        with _translated(self._is_kept):
            models = list(self._client.models.list(timeout=READY_TIMEOUT_S))
        return {model.id: str(getattr(model, "root", None) or "") for model in models}

    def base_path(self) -> str:
        """Return what the server loaded its base model from: a folder on its machine, or a name; "" if it does not say.

        Raises:
            EngineDown: the server does not answer.
        """
        with _translated(self._is_kept):
            models = list(self._client.models.list(timeout=READY_TIMEOUT_S))
        base = next((model for model in models if not getattr(model, "parent", None)), None)
        return str(getattr(base, "root", None) or "")

    def load_adapter(self, name: str, path: Path) -> None:
        """Load an adapter's folder under a name. The server reads the folder itself, so it must see the same disk.

        Raises:
            ModelMissing: there is no such folder, or the server cannot load adapters.
            EngineError: the adapter does not fit the model, or the name is taken.
        """
        with _translated(self._is_kept):
            self._post("/load_lora_adapter", {"lora_name": name, "lora_path": str(path)})

    def unload_adapter(self, name: str) -> None:
        """Forget an adapter.

        Raises:
            ModelMissing: there is none of that name.
        """
        with _translated(self._is_kept):
            self._post("/unload_lora_adapter", {"lora_name": name})

    def load(self) -> int:
        """Return how many requests are being answered, or wait for their turn.

        Raises:
            ModelMissing: the server does not tell: it is not vLLM.
        """
        with _translated(self._is_kept):
            said = self._get(f"{self._root}/metrics")
        return round(sum(float(number) for number in _LOAD.findall(said)))

    def sleep(self, level: int = 1) -> None:
        """Free the GPU's memory; what is under way is broken off. Level 2 does not even keep the weights.

        Raises:
            ModelMissing: the server cannot sleep, or was not told that it may.
        """
        with _translated(self._is_kept):
            self._post(f"{self._root}/sleep?level={level}")

    def wake_up(self, tags: Sequence[str] = ()) -> None:
        """Take the memory again: all of it, or only that of "weights" or "kv_cache"; with all of it, work goes on."""
        query = "&".join(f"tags={tag}" for tag in tags)
        with _translated(self._is_kept):
            self._post(f"{self._root}/wake_up{'?' if query else ''}{query}")

    def is_sleeping(self) -> bool:
        """Tell whether the server was sent to sleep.

        Raises:
            ModelMissing: it cannot sleep, or was not told that it may.
        """
        with _translated(self._is_kept):
            return bool(json.loads(self._get(f"{self._root}/is_sleeping"))["is_sleeping"])

    def serve(self, model: str, name: str, *, drain_s: float) -> None:
        """Have an engine of ours exchange its weights, and answer under their name from then on.

        Args:
            model: The folder with the weights.
            name: Their name.
            drain_s: How long what is being written may take before.

        Raises:
            ModelMissing: the server cannot do that.
            EngineError: it did not; it goes on as before, or ends if nobody knows any more what its weights are.
        """
        with _translated(self._is_kept):
            self._post(f"{self._root}/cyrano/serve", {"model": model, "name": name, "drain_s": drain_s})

    def probe(self, model: str) -> None:
        """Have one word written, and see that it is `model` that writes it.

        Raises:
            EngineError: it fails, or another model answers.
        """
        with _translated(self._is_kept):
            answer = self._client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": "Hello"}], temperature=0, max_tokens=1
            )
        _need_writer(model, answer.model)

    def complete(self, model: str, messages: Sequence[Mapping[str, object]], sampling: Sampling) -> str:
        """Return the whole answer to a chat.

        Raises:
            EngineDown: the server does not answer, or not in time.
            ModelMissing: it does not know `model`.
            EngineError: it refuses, for example a prompt longer than the model reads.
        """
        with _translated(self._is_kept):
            answer = self._client.chat.completions.create(
                model=model,
                messages=_chat(messages),
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                max_tokens=sampling.max_tokens,
                seed=sampling.seed,
                stop=list(sampling.stop) or None,
            )
        _need_writer(model, answer.model)
        return "".join(choice.message.content or "" for choice in answer.choices[:1])

    def stream(self, model: str, messages: Sequence[Mapping[str, object]], sampling: Sampling) -> Iterator[str]:
        """Yield the answer to a chat piece by piece. Raises like `complete`, at any piece.

        Raises:
            EngineError: another adapter than `model` answers; nothing that it wrote is yielded.
        """
        is_finished = False
        with (
            _translated(self._is_kept),
            self._client.chat.completions.create(
                model=model,
                messages=_chat(messages),
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                max_tokens=sampling.max_tokens,
                seed=sampling.seed,
                stop=list(sampling.stop) or None,
                stream=True,
            ) as chunks,
        ):
            for chunk in chunks:
                _need_writer(model, chunk.model)
                for choice in chunk.choices:
                    if choice.delta.content:
                        yield choice.delta.content
                    is_finished = is_finished or choice.finish_reason not in {None, *_BROKEN_OFF}
        if not is_finished:
            said = "The model server stopped in the middle of a draft."
            raise EngineDown(said, hint="Ask again in a moment.", reason=Reason.CUT_OFF)

    def close(self) -> None:
        """Close idle connections."""
        self._client.close()

    def _lists_models(self) -> bool:
        try:
            return bool(self.models())
        except EngineError:
            return False

    @property
    def _root(self) -> str:
        """Where what is not OpenAI's protocol is asked."""
        return self.url.removesuffix("/v1")

    def _get(self, url: str) -> str:
        return self._client.get(url, cast_to=str, options={"timeout": READY_TIMEOUT_S})

    def _post(self, path: str, body: Mapping[str, object] | None = None) -> str:
        return self._client.post(path, cast_to=str, body=dict(body or {}))

    @cached_property
    def _client(self) -> "openai.OpenAI":
        import httpx2  # noqa: PLC0415  slow to import, and not every command drafts
        import openai  # noqa: PLC0415

        # At DEBUG these write whole prompts, mail included.
        for name in ("openai", "httpx2", "httpcore2"):
            logging.getLogger(name).setLevel(logging.WARNING)
        return openai.OpenAI(
            base_url=self.url,
            api_key=self._api_key,
            max_retries=0,
            http_client=httpx2.Client(
                timeout=httpx2.Timeout(self._timeout_s, connect=CONNECT_TIMEOUT_S),
                limits=httpx2.Limits(max_connections=None, keepalive_expiry=KEEP_ALIVE_S),
                trust_env=False,
            ),
        )


def translate(  # noqa: PLR0911  one answer per kind
    error: "openai.OpenAIError", *, is_kept: Callable[[], bool] = lambda: False
) -> EngineError:
    """Say in words what an error of the client library means. No sentence tells the URL: clients show them."""
    import openai  # noqa: PLC0415

    said = getattr(error, "message", "") or str(error)
    match error:
        case openai.APITimeoutError():
            words, hint = "The model server did not answer in time.", "It may be busy: ask again."
            return EngineDown(words, hint=hint, reason=Reason.SLOW)
        case openai.APIConnectionError() if is_kept():
            words, hint = "The model server is starting.", "Ask again in a moment."
            return EngineLost(words, hint=hint, retry_after_s=STARTS_S, reason=Reason.STARTS)
        case openai.APIConnectionError():
            words, hint = "No model server answers.", "Start it: cyrano engine, or cyrano up."
            return EngineLost(words, hint=hint, reason=Reason.LOST)
        case openai.NotFoundError():
            return ModelMissing(f"The model server does not have it: {said}", hint="See what it has: cyrano status.")
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return EngineError(
                "The model server refused the key.",
                hint="Set CYRANO_ENGINE_API_KEY or CYRANO_ENGINE_API_KEY_FILE.",
                reason=Reason.KEY,
            )
        case openai.RateLimitError() | openai.APIStatusError(status_code=503):
            hint = "Ask again in a moment."
            return EngineDown(f"The model server is busy: {said}", hint=hint, reason=Reason.CROWDED)
        case openai.APIError() if _ENGINE_DIED in said:  # in the middle of a stream it bears no status
            words, hint = "The model server broke down.", "It starts again: ask again in a moment."
            return EngineLost(words, hint=hint, reason=Reason.BROKE_DOWN)
        case openai.BadRequestError() if "maximum context length" in said or "max_model_len" in said:
            hint = "Lower [prompt] budget_tokens."
            return EngineError(f"The prompt is too long: {said}", hint=hint, reason=Reason.TOO_LONG)
        case _:
            return EngineError(f"The model server answered with an error: {said}", hint="Its log says more.")


@contextmanager
def _translated(is_kept: Callable[[], bool]) -> Iterator[None]:
    import openai  # noqa: PLC0415

    try:
        yield
    except openai.OpenAIError as error:
        raise translate(error, is_kept=is_kept) from error
    except (ValueError, AttributeError, TypeError) as error:  # the client trips over an answer of another shape
        hint = "Does it name an OpenAI-compatible server?"
        said = "What answers at [engine] url is no model server."
        raise EngineError(said, hint=hint, reason=Reason.NOT_AN_ENGINE) from error


def _need_writer(asked: str, answering: str) -> None:
    """See to it that what is said to be written by an adapter was written by it, and nothing else was.

    Servers other than vLLM may answer for a base model under a longer name: that tells no lie.
    """
    if answering != asked and (_ADAPTER.search(asked) or _ADAPTER.search(answering)):
        said = f"Asked for {asked}, {answering} answered."
        raise EngineError(said, hint="Restart the engine.", reason=Reason.WRONG_WRITER)


def _chat(messages: Sequence[Mapping[str, object]]) -> "list[ChatCompletionMessageParam]":
    return cast("list[ChatCompletionMessageParam]", [dict(message) for message in messages])
