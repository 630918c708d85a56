"""The one file that talks to models: litellm behind a total deadline and a strict mapping of
errors. Nothing it gives back was cut off, and nothing it waits for lasts longer than asked.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from stages.cook.prices import price
from stages.errors import (
    ModelRefusedError,
    OutcomeUnknownError,
    RequestRefusedError,
    TransientError,
)
from stages.types import Completion

if TYPE_CHECKING:
    import httpx

# The variable each provider's key is read from, by the prefix of the model's name. Providers that
# need several (bedrock, vertex_ai) or none (ollama) are not listed: litellm reads theirs itself.
KEY_NAMES: Mapping[str, str] = {
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "azure": "AZURE_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY",
    "dashscope": "DASHSCOPE_API_KEY",
    "moonshot": "MOONSHOT_API_KEY",
    "zai": "ZAI_API_KEY",
    "minimax": "MINIMAX_API_KEY",
    "volcengine": "VOLCENGINE_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "groq": "GROQ_API_KEY",
    "cohere": "COHERE_API_KEY",
    "xai": "XAI_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "together_ai": "TOGETHERAI_API_KEY",
    "fireworks_ai": "FIREWORKS_AI_API_KEY",
}
_BARE_NAMES = {"gpt": "openai", "o1": "openai", "o3": "openai", "o4": "openai",
               "chatgpt": "openai", "claude": "anthropic"}  # fmt: skip

# What litellm does on import unless told otherwise: fetch its price list from the network (8.9 s
# on a hanging one), load a .env from the working folder, and route calls through a bridge that
# test recordings do not see. Values people have set themselves win.
_LITELLM_ENVIRONMENT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_RUST": "0",
}


# What keys look like in the messages of servers that repeat the request.
_ASSIGNED = re.compile(r"""(?i)((?:key|token|secret)["']?\s?[=:]\s?["']?)(?!Bearer\b)[^\s"'&,;]+""")
_BEARER = re.compile(r"(?i)\bBearer\s[^\s\"',;]+")
_KEY_LIKE = re.compile(r"\b(?:sk|pk|gsk|xai|key)-[\w-]{4,}|\bgsk_\w{8,}|\bAIza[\w-]{8,}")
_SECRET_ENDINGS = ("_API_KEY", "_ACCESS_KEY", "_ACCESS_KEY_ID", "_TOKEN")


class JsonLevel(IntEnum):
    """How much of our reply format a server accepts, best first."""

    SCHEMA = 0
    OBJECT = 1
    PLAIN = 2


def provider_of(model: str) -> str:
    """`openai` for `openai/gpt-x` and for a bare `gpt-x`; '' when unknown."""
    prefix, slash, _ = model.partition("/")
    return prefix if slash else _BARE_NAMES.get(model.partition("-")[0], "")


def missing_key(model: str, environment: Mapping[str, str]) -> str | None:
    """Name of the environment variable that must be set before model can be called, else None.

    Asks nobody: a key that is there but wrong is found by the first call.
    """
    name = KEY_NAMES.get(provider_of(model))
    return name if name and not environment.get(name, "").strip() else None


@dataclass(frozen=True, slots=True)
class _Answer:
    text: str
    finish_reason: str
    tokens_in: int
    tokens_out: int


class Gateway:
    """The way to the models for one event loop; use as `async with`.

    environment: where keys (`OPENAI_API_KEY`...) and base addresses (`OPENAI_API_BASE`...) are
    looked up, and whose keys are masked in errors; litellm looks for itself when None. api_base:
    address of every model. concurrency: calls in flight at once. Which reply format a model accepts
    is learnt on its first call and kept for the life of the gateway.
    """

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        api_base: str = "",
        concurrency: int = 8,
    ) -> None:
        self._environment = environment
        self._api_base = api_base
        self._slots = asyncio.Semaphore(concurrency)
        self._levels: dict[str, JsonLevel] = {}
        self._litellm: ModuleType | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections litellm keeps open."""
        if self._litellm is None:
            return
        from litellm.llms.custom_httpx.async_client_cleanup import (  # loaded already by then
            close_litellm_async_clients,
        )

        close_clients: Any = close_litellm_async_clients  # has no types
        await close_clients()
        self._litellm.in_memory_llm_clients_cache.flush_cache()

    async def complete(
        self,
        messages: Sequence[Mapping[str, str]],
        model: str,
        *,
        key: str = "",
        schema: Mapping[str, object] | None = None,
        deadline_s: float = 90.0,
        max_tokens: int = 4_000,
    ) -> Completion:
        """One answered call. A reply that did not end by itself comes back with empty text, so
        that its tokens are accounted for and it can never be used.

        key: of the completion in the ledger. schema: JSON Schema the reply should follow.
        deadline_s: total, from the moment a slot is free. Raises TransientError (rate limits,
        server faults; OutcomeUnknownError after a time-out, a broken connection or an unreadable
        answer, which may have been charged), ModelRefusedError (key, credit, unknown model) and
        RequestRefusedError (this request, in every reply format).
        """
        absent = None if self._environment is None else missing_key(model, self._environment)
        if absent:
            raise ModelRefusedError(f"{model} needs a key: set {absent}")
        async with self._slots:
            # Outside the deadline, and in a thread so that the loop goes on meanwhile.
            await asyncio.to_thread(self._load)
            started = time.monotonic()
            try:
                async with asyncio.timeout(deadline_s):
                    answer = await self._ladder(messages, model, schema, deadline_s, max_tokens)
            except TimeoutError as error:
                raise OutcomeUnknownError(f"no answer within {deadline_s:g} s") from error
        ended = answer.finish_reason == "stop"
        return Completion(
            key=key,
            model=model,
            text=answer.text if ended else "",
            tokens_in=answer.tokens_in,
            tokens_out=answer.tokens_out,
            cost_usd=self._cost(model, answer),
            latency_s=round(time.monotonic() - started, 3),
        )

    def _cost(self, model: str, answer: _Answer) -> Decimal | None:
        if not answer.tokens_in and not answer.tokens_out:
            return None  # the server did not say what it used
        return price(model, answer.tokens_in, answer.tokens_out)

    async def _ladder(
        self,
        messages: Sequence[Mapping[str, str]],
        model: str,
        schema: Mapping[str, object] | None,
        deadline_s: float,
        max_tokens: int,
    ) -> _Answer:
        """Ask with the strictest format the model takes; a 400 or 422 goes one rung down."""
        level = self._levels.get(model, JsonLevel.SCHEMA) if schema else JsonLevel.PLAIN
        while True:
            try:
                answer = await self._send(messages, model, schema, level, deadline_s, max_tokens)
            except _FormatRefusedError as error:
                if level is JsonLevel.PLAIN:
                    raise RequestRefusedError(f"{model}: refused the request: {error}") from error
                level = JsonLevel(level + 1)
                continue
            if schema:
                self._levels[model] = level
            return answer

    async def _send(
        self,
        messages: Sequence[Mapping[str, str]],
        model: str,
        schema: Mapping[str, object] | None,
        level: JsonLevel,
        deadline_s: float,
        max_tokens: int,
    ) -> _Answer:
        litellm = self._load()
        provider = provider_of(model)
        options: dict[str, Any] = {
            "model": model,
            "messages": [dict(message) for message in messages],
            "max_tokens": max_tokens,
            "temperature": 0.4,
            # Some models accept their default temperature only.
            "drop_params": True,
            # Retrying is the caller's; the client's own would sleep inside the slot.
            "num_retries": 0,
            "max_retries": 0,
            "timeout": deadline_s,
        }
        if level is JsonLevel.SCHEMA:
            options["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "drafts", "schema": schema, "strict": True},
            }
        elif level is JsonLevel.OBJECT:
            options["response_format"] = {"type": "json_object"}
        base = self._api_base
        if self._environment is not None and provider in KEY_NAMES:
            options["api_key"] = self._environment.get(KEY_NAMES[provider], "")
            base = base or self._environment.get(f"{provider.upper()}_API_BASE", "")
        if base:
            options["api_base"] = base
        import openai  # as heavy as litellm, which builds its errors on it

        try:
            reply = await litellm.acompletion(**options)
        except (openai.OpenAIError, ValueError, TypeError, AttributeError, KeyError) as error:
            # litellm lets a malformed answer surface as any of the last four.
            raise _mapped(error, model, self._secrets()) from error
        return _read_answer(reply)

    def _secrets(self) -> list[str]:
        """Values of the keys that are set, longest first; '' and 'x' are nobody's key."""
        values = {
            value.strip()
            for name, value in (self._environment or {}).items()
            if name in KEY_NAMES.values() or name.endswith(_SECRET_ENDINGS)
        }
        return sorted((value for value in values if len(value) >= 6), key=len, reverse=True)

    def _load(self) -> ModuleType:
        """litellm, imported when the first call needs it: 2 s and 165 MB nobody else should pay.

        The only place in stages that touches the process's environment: litellm reads these
        switches at import and offers no other way to set them.
        """
        if self._litellm is None:
            for name, value in _LITELLM_ENVIRONMENT.items():
                os.environ.setdefault(name, value)
            import litellm

            litellm.disable_hf_tokenizer_download = True
            litellm.suppress_debug_info = True
            litellm.telemetry = False
            self._litellm = litellm
        return self._litellm


class _FormatRefusedError(Exception):
    """A 400 or 422: the server may not take the reply format."""


def _mapped(error: Exception, model: str, secrets: Sequence[str]) -> Exception:
    """The error to raise instead: by status code, since message texts differ by provider."""
    import httpx
    import openai

    status = getattr(error, "status_code", None)
    said = _said(error, secrets)
    if isinstance(error, openai.APITimeoutError):
        return OutcomeUnknownError(f"time-out: {said}")
    if status in (401, 403):
        name = KEY_NAMES.get(provider_of(model), "the provider's key")
        return ModelRefusedError(f"{model} refused our key; set {name} to one that is valid")
    if status == 402:
        return ModelRefusedError(f"{model}: the account is out of credit")
    if status == 404:
        return ModelRefusedError(f"{model}: does not exist there: {said}")
    if status == 429:
        if "insufficient_quota" in said or "credit" in said.lower():
            return ModelRefusedError(f"{model}: the account is out of credit")
        return TransientError("rate limit", _retry_after_s(error))
    if status in (400, 413, 422):
        return _FormatRefusedError(said)
    broken = _connection_fault(error)
    if broken is not None:  # litellm calls some of these a 500
        if isinstance(broken, httpx.ConnectError):
            return TransientError(f"connection failed: {said}")
        return OutcomeUnknownError(f"connection broken: {said}")
    if isinstance(status, int) and status >= 500:
        return TransientError(f"server error {status}: {said}", _retry_after_s(error))
    return OutcomeUnknownError(f"the answer could not be read: {said}")


def _connection_fault(error: BaseException | None) -> httpx.TransportError | None:
    """The fault of the connection that is at the bottom of an error, if one is."""
    import httpx

    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, httpx.TransportError):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def _said(error: Exception, secrets: Sequence[str]) -> str:
    """One short line of what the server said; it is stored and shown to ops, so it may carry no
    key: neither one of ours nor anything that looks like one.
    """
    line = " ".join(str(error)[:4_000].split())
    for secret in secrets:
        line = line.replace(secret, "***")
    line = _BEARER.sub("Bearer ***", _ASSIGNED.sub(r"\1***", line))
    line = _KEY_LIKE.sub("***", line)
    return line if len(line) <= 200 else line[:197] + "..."


def _retry_after_s(error: Exception) -> float | None:
    headers = (
        getattr(error, "litellm_response_headers", None)
        or getattr(getattr(error, "response", None), "headers", None)
        or {}
    )
    text = headers.get("retry-after") or ""
    with suppress(ValueError):
        seconds = float(text)
        return min(seconds, 3600.0) if seconds >= 0 else None
    return None


def _read_answer(reply: Any) -> _Answer:
    """Text, why it ended and tokens; a reply without choices reads as empty."""
    choices = getattr(reply, "choices", None) or []
    message = getattr(choices[0], "message", None) if choices else None
    usage = getattr(reply, "usage", None)
    return _Answer(
        text=str(getattr(message, "content", None) or ""),
        finish_reason=str(getattr(choices[0], "finish_reason", "") or "") if choices else "",
        tokens_in=int(getattr(usage, "prompt_tokens", 0) or 0),
        tokens_out=int(getattr(usage, "completion_tokens", 0) or 0),
    )
