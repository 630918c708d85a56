"""The one file that talks to models: litellm behind a total deadline and a strict mapping of
errors. Nothing it gives back was cut off, and nothing it waits for lasts longer than asked.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from stages.cook.answer import Answer, read_answer
from stages.cook.breaker import Gate, Patience
from stages.cook.faults import (
    FormatRefusedError,
    WithheldError,
    chain,
    from_status,
    retry_after_of,
    words_of,
)
from stages.cook.keys import KEY_NAMES, list_secrets, mask, missing_key, provider_of
from stages.cook.pacing import Pace, Spacing
from stages.errors import (
    ModelRefusedError,
    OutcomeUnknownError,
    RequestRefusedError,
    TransientError,
)
from stages.types import Completion

if TYPE_CHECKING:
    import httpx

# What litellm does on import unless told otherwise: fetch its price list from the network (8.9 s
# on a hanging one), load a .env from the working folder, and route calls through a bridge that
# test recordings do not see. Values people have set themselves win.
_LITELLM_ENVIRONMENT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_RUST": "0",
}


class JsonLevel(IntEnum):
    """How much of our reply format a server accepts, best first."""

    SCHEMA = 0
    OBJECT = 1
    PLAIN = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """What one model may be asked: by model name, `''` for those not named; no entry, no limit.

    cooldown_s: how long a model is left alone after the first row of faults.
    """

    calls_per_minute: Mapping[str, float] = field(default_factory=dict)
    tokens_per_minute: Mapping[str, float] = field(default_factory=dict)
    cooldown_s: float = 30.0


@dataclass(slots=True)
class Turn:
    """Leave to make one call now, with a slot held for it. tokens: what it was paced for."""

    gateway: Gateway
    model: str
    ticket: int
    tokens: int
    is_used: bool = False

    async def send(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        key: str = "",
        schema: Mapping[str, object] | None = None,
        deadline_s: float = 90.0,
        max_tokens: int = 4_000,
    ) -> Completion:
        """One answered call. A reply that did not end by itself comes back with empty text, so
        that its tokens are accounted for and it can never be used.

        key: of the completion in the ledger. schema: JSON Schema the reply should follow.
        deadline_s: total. Raises TransientError (RateLimitedError, server faults;
        OutcomeUnknownError after a time-out, a broken connection or an unreadable answer, which may
        have been charged), ModelRefusedError (key, credit, unknown model) and RequestRefusedError
        (this request, in every reply format; WithheldError when it was answered and paid for).
        """
        gateway, model = self.gateway, self.model
        gate = gateway.gate(model)
        self.is_used = True
        started = time.monotonic()
        try:
            async with asyncio.timeout(deadline_s):
                answer = await gateway.ladder(messages, model, schema, deadline_s, max_tokens)
        except TimeoutError as error:
            late = OutcomeUnknownError(f"no answer within {deadline_s:g} s")
            gate.failed(self.ticket, late)
            raise late from error
        except (TransientError, ModelRefusedError) as error:
            gate.failed(self.ticket, error)
            raise
        except RequestRefusedError:
            gate.answered(self.ticket)
            raise
        except BaseException:  # cancelled, or a fault of ours: nobody may wait for this call
            gate.leave(self.ticket)
            raise
        gate.answered(self.ticket)
        gateway.pace(model).correct(answer.tokens_in + answer.tokens_out - self.tokens)
        completion = Completion(
            key=key,
            model=model,
            text=answer.text if answer.finish_reason == "stop" else "",
            tokens_in=answer.tokens_in,
            tokens_out=answer.tokens_out,
            cost_usd=answer.cost(model),
            latency_s=round(time.monotonic() - started, 3),
        )
        if answer.finish_reason == "content_filter":
            raise WithheldError(f"{model}: reply stopped by its content filter", completion)
        return completion


class Gateway:
    """The way to the models for one event loop; use as `async with`.

    environment: where keys (`OPENAI_API_KEY`...) and base addresses (`OPENAI_API_BASE`...) are
    looked up, and whose keys are masked in errors; litellm looks for itself when None. api_base:
    address of every model. concurrency: calls in flight at once. For its life the gateway knows of
    each model which reply format it accepts, how fast it may be asked, whether it is down. desk:
    held by whoever works on a reply, so that no more than one keeps calls from being sent.
    """

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        api_base: str = "",
        concurrency: int = 8,
        limits: Limits | None = None,
    ) -> None:
        self._environment = environment
        self._api_base = api_base
        self._limits = limits or Limits()
        self.desk = asyncio.Lock()
        self._slots = asyncio.Semaphore(concurrency)
        self.spacing = Spacing()
        self._levels: dict[str, JsonLevel] = {}
        self._gates: dict[str, Gate] = {}
        self._paces: dict[str, Pace] = {}
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

    def gate(self, model: str) -> Gate:
        """Whether the model may be called now."""
        if model not in self._gates:
            self._gates[model] = Gate(model, cooldown_s=self._limits.cooldown_s)
        return self._gates[model]

    def pace(self, model: str) -> Pace:
        """How fast the model may be called."""
        if model not in self._paces:
            calls, tokens = self._limits.calls_per_minute, self._limits.tokens_per_minute
            self._paces[model] = Pace(
                calls.get(model, calls.get("", 0.0)), tokens.get(model, tokens.get("", 0.0))
            )
        return self._paces[model]

    def level(self, model: str) -> JsonLevel | None:
        """The reply format the model accepts, None before its first answer."""
        return self._levels.get(model)

    def notes(self) -> list[str]:
        """One plain line for everything a model did that a run's summary should tell."""
        return [note for gate in self._gates.values() for note in gate.notes()]

    @asynccontextmanager
    async def turn(
        self,
        model: str,
        *,
        tokens: int = 0,
        patience: Patience | None = None,
        is_last: bool = True,
    ) -> AsyncIterator[Turn]:
        """Wait until one call of about so many tokens may be made; hold a slot for the block.

        All waiting (a pause the server asked for, pacing, a free slot) is done before the slot is
        taken. A turn that is not used costs nothing. patience, is_last: as in `Gate.enter`. Raises
        ModelRefusedError (no key, or refused before) and ModelPausedError.
        """
        absent = None if self._environment is None else missing_key(model, self._environment)
        if absent:
            raise ModelRefusedError(f"{model} needs a key: set {absent}")
        if self._litellm is None:  # in a thread, so that the loop goes on meanwhile
            await asyncio.to_thread(self._load)
        ticket = await self._take_turn(model, tokens, patience or Patience(0.0), is_last)
        turn = Turn(self, model, ticket, tokens)
        try:
            await self.spacing.wait()
            yield turn
        finally:
            self._slots.release()
            if not turn.is_used:
                self.gate(model).leave(ticket)
                self.pace(model).give_back(tokens)

    async def _take_turn(self, model: str, tokens: int, patience: Patience, is_last: bool) -> int:
        gate, pace = self.gate(model), self.pace(model)
        is_paced = False
        while True:
            ticket = -1
            try:
                ticket = await gate.enter(patience, is_last=is_last)
                if not is_paced:
                    await pace.wait(tokens)
                    is_paced = True
                await self._slots.acquire()
            except BaseException:  # cancelled, or the gate is shut: nothing may stay taken
                gate.leave(ticket)
                if is_paced:
                    pace.give_back(tokens)
                raise
            if gate.is_good(ticket):
                return ticket
            self._slots.release()  # the model was paused while this call queued

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
        """A turn and its call in one, see `turn` and `Turn.send`."""
        async with self.turn(model) as turn:
            return await turn.send(
                messages, key=key, schema=schema, deadline_s=deadline_s, max_tokens=max_tokens
            )

    async def ladder(
        self,
        messages: Sequence[Mapping[str, str]],
        model: str,
        schema: Mapping[str, object] | None,
        deadline_s: float,
        max_tokens: int,
    ) -> Answer:
        """Ask with the strictest format the model takes; a 400 or 422 goes one rung down.

        Calls that race to find the rung meet where the lowest of them has got to.
        """
        level = self._levels.get(model, JsonLevel.SCHEMA) if schema else JsonLevel.PLAIN
        while True:
            try:
                answer = await self._send(messages, model, schema, level, deadline_s, max_tokens)
            except FormatRefusedError as error:
                if level is JsonLevel.PLAIN:
                    raise RequestRefusedError(f"{model}: refused the request: {error}") from error
                level = max(JsonLevel(level + 1), self._levels.get(model, JsonLevel.SCHEMA))
                continue
            if schema:
                self._levels[model] = max(level, self._levels.get(model, level))
            return answer

    async def _send(
        self,
        messages: Sequence[Mapping[str, str]],
        model: str,
        schema: Mapping[str, object] | None,
        level: JsonLevel,
        deadline_s: float,
        max_tokens: int,
    ) -> Answer:
        litellm = self._load()
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
            **self._address(provider_of(model)),
        }
        if level is JsonLevel.SCHEMA:
            options["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "drafts", "schema": schema, "strict": True},
            }
        elif level is JsonLevel.OBJECT:
            options["response_format"] = {"type": "json_object"}
        import openai  # as heavy as litellm, which builds its errors on it

        try:
            return read_answer(await litellm.acompletion(**options))
        except (openai.OpenAIError, ValueError, TypeError, AttributeError, KeyError) as error:
            # litellm lets a malformed answer surface as any of the last four.
            raise _mapped(error, model, list_secrets(self._environment or {})) from error

    def _address(self, provider: str) -> dict[str, str]:
        """Where a provider is reached and with which key, as litellm's options."""
        options, base = {}, self._api_base
        if self._environment is not None and provider in KEY_NAMES:
            options["api_key"] = self._environment.get(KEY_NAMES[provider], "")
            base = base or self._environment.get(f"{provider.upper()}_API_BASE", "")
        return options | ({"api_base": base} if base else {})

    def _load(self) -> ModuleType:
        """litellm, imported when the first call needs it: 2 s and 165 MB nobody else should pay.

        The only place in stages that touches the process's environment: litellm reads these
        switches at import and offers no other way to set them.
        """
        if self._litellm is None:
            for name, value in _LITELLM_ENVIRONMENT.items():
                os.environ.setdefault(name, value)
            import litellm
            import openai.resources.chat  # noqa: F401  # else the first call loads it

            litellm.disable_hf_tokenizer_download = True
            litellm.suppress_debug_info = True
            litellm.telemetry = False
            # They stay for good, and looking through them stops everything for 0.3 s every time.
            gc.freeze()
            self._litellm = litellm
        return self._litellm


def _mapped(error: Exception, model: str, secrets: Sequence[str]) -> Exception:
    """The error to raise instead: by status code, since message texts differ by provider."""
    import httpx
    import openai

    status, said = getattr(error, "status_code", None), mask(words_of(error), secrets)
    if isinstance(error, openai.APITimeoutError):
        return OutcomeUnknownError(f"time-out: {said}")
    broken = _connection_fault(error)
    if broken is not None:  # litellm calls some of these a 500
        if isinstance(broken, httpx.ConnectError):
            return TransientError(f"connection failed: {said}")
        return OutcomeUnknownError(f"connection broken: {said}")
    known = None
    # What litellm cannot read it calls a 500, too; only a server's own is one.
    is_said = any(isinstance(one, httpx.HTTPStatusError) for one in chain(error))
    if isinstance(status, int) and (is_said or status < 500):
        known = from_status(status, said, model, retry_after_of(error))
    return known or OutcomeUnknownError(f"the answer could not be read: {said}")


def _connection_fault(error: BaseException) -> httpx.TransportError | None:
    """The fault of the connection that is at the bottom of an error, if one is."""
    import httpx

    return next((one for one in chain(error) if isinstance(one, httpx.TransportError)), None)
