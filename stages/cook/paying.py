"""One paid call: claimed in the ledger before it is sent, settled right after, never paid twice."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stages.cook.breaker import Patience
from stages.cook.complete import Gateway
from stages.cook.faults import WithheldError
from stages.cook.ledger import Ledger
from stages.cook.prices import price
from stages.cook.prompt import Message
from stages.cook.tally import Tally
from stages.errors import OutcomeUnknownError, PermanentError, TransientError


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked. tokens: expected, in and out. max_tokens: of the reply. is_last: whether no
    other model could be asked instead, as in `Gate.enter`.
    """

    model: str
    messages: Sequence[Message]
    schema: Mapping[str, object]
    tokens: tuple[int, int]
    generation: int
    deadline_s: float
    max_tokens: int
    is_last: bool = True


def completion_key(model: str, messages: Sequence[Message], generation: int = 0) -> str:
    """Key of one model call in the ledger."""
    parts = ("completion", model, prompt_hash(messages), str(generation))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def prompt_hash(messages: Sequence[Message]) -> str:
    """sha256 of the messages."""
    text = json.dumps(messages, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


async def pay_once(
    call: Call, ledger: Ledger, gateway: Gateway, tally: Tally, patience: Patience
) -> str:
    """The text of the answer, from the ledger when it was paid for before.

    Raises what the gateway raises, InFlightError and BudgetError of the ledger.
    """
    key = completion_key(call.model, call.messages, call.generation)
    async with gateway.turn(
        call.model, tokens=sum(call.tokens), patience=patience, is_last=call.is_last
    ) as turn:
        estimate = price(call.model, *call.tokens)
        settled = ledger.claim(key, call.model, prompt_hash(call.messages), estimate)
        if settled is not None:
            tally.cached += 1
            return settled.text
        try:
            completion = await turn.send(
                call.messages,
                key=key,
                schema=call.schema,
                deadline_s=call.deadline_s,
                max_tokens=call.max_tokens,
            )
        except WithheldError as error:
            ledger.settle(error.completion)
            tally.completions.append(error.completion)
            raise
        except (TransientError, PermanentError) as error:
            ledger.fail(key, str(error), is_unknown=isinstance(error, OutcomeUnknownError))
            raise
        except asyncio.CancelledError:
            ledger.fail(key, "cancelled", is_unknown=True)
            raise
        ledger.settle(completion)
    tally.completions.append(completion)
    return completion.text
