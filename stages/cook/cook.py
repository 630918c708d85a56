"""Cook one card: facts, one call for all tones, strict parse, checks, risk.

Order of resort for each tone: the model, again with what was wrong fed back, the fallback models
in turn, then the offline writer. Every call is claimed in the ledger before it is sent and settled
right after, the offline writer's too, so no work is done or paid twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from stages.cook.checks import check_draft
from stages.cook.complete import Gateway
from stages.cook.compose import compose
from stages.cook.facts import CardReading, facts_of, read_card
from stages.cook.offline import OFFLINE_MODEL, write_offline
from stages.cook.parse import ReplyError, dump_reply, parse_reply
from stages.cook.prices import price
from stages.cook.prompt import Message, build_messages, estimate_tokens, reply_schema
from stages.cook.risk import assess_risk
from stages.cook.rules import tone_rules
from stages.errors import (
    InFlightError,
    ModelRefusedError,
    OutcomeUnknownError,
    PermanentError,
    RequestRefusedError,
    TransientError,
)
from stages.types import Card, Completion, Draft, DraftSentence, Finding, Risk, Severity
from tones.load import House, Tone, load_house


class Ledger(Protocol):
    """Who has paid for what. The store implements it; calls are short and may block briefly."""

    def claim(
        self, key: str, model: str, prompt_hash: str, estimate_usd: Decimal | None
    ) -> Completion | None:
        """The settled completion of the key, or None: the caller now holds the claim and must call
        `settle` or `fail`. estimate_usd: expected cost, None when the price is unknown.

        Raises InFlightError while another live process holds the key, BudgetError when the
        estimate would exceed the budget.
        """
        ...

    def settle(self, completion: Completion) -> None:
        """Record the answer, its tokens and cost; the key is done for good."""
        ...

    def fail(self, key: str, error: str, *, is_unknown: bool = False) -> None:
        """Give the claim back: nothing was answered. The key may be claimed again.

        is_unknown: the call may have been charged, so its estimate counts as spent.
        """
        ...


@dataclass(frozen=True, slots=True)
class CookSettings:
    """model, fallbacks: litellm names, or `offline/house`. max_attempts: calls a model gets for one
    card. deadline_s: total for one call. max_tokens: of a reply. max_wait_s: longest Retry-After
    that is waited out here; a longer one moves on to the next model. generation: part of the keys,
    raised by `force`. house: the prompt templates, read from tones/ when None. standing: findings
    every draft gets besides what its text is found to have.
    """

    model: str = OFFLINE_MODEL
    fallbacks: tuple[str, ...] = ()
    max_attempts: int = 3
    deadline_s: float = 90.0
    max_tokens: int = 4_000
    max_wait_s: float = 10.0
    generation: int = 0
    house: House | None = None
    standing: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class CookResult:
    """completions: answered and paid in this call; cached: taken from the ledger instead.

    problems: what went wrong on the way, one plain line each, even if it ended well: the model and
    the kind of fault, each followed by a colon, then what was particular to this card.
    is_makeshift: the offline writer stood in for a model.
    """

    drafts: tuple[Draft, ...]
    completions: tuple[Completion, ...] = ()
    cached: int = 0
    problems: tuple[str, ...] = ()
    is_makeshift: bool = False


@dataclass(slots=True)
class _Tally:
    """What one `cook_card` has gathered so far."""

    completions: list[Completion] = field(default_factory=list)
    cached: int = 0
    problems: list[str] = field(default_factory=list)
    best: dict[str, Draft] = field(default_factory=dict)

    def keep(self, draft: Draft) -> None:
        """Keep the draft with the lower risk; the first one of equals."""
        order = (Risk.LOW, Risk.FLAGGED, Risk.BLOCKED)
        old = self.best.get(draft.tone)
        if old is None or order.index(draft.risk) < order.index(old.risk):
            self.best[draft.tone] = draft


def draft_key(card: Card, tone: Tone, model: str, generation: int = 0) -> str:
    """Key of the draft of a card in a tone.

    model: the one wanted, also when a fallback wrote it; but `offline/house` when the offline
    writer stood in, so that the wanted draft is still missing and the next run makes it.
    """
    parts = (card.id, card.body_hash, card.ctx_hash, tone.id, tone.hash, model, str(generation))
    return _hash("draft", *parts)


def completion_key(model: str, messages: Sequence[Message], generation: int = 0) -> str:
    """Key of one model call in the ledger."""
    return _hash("completion", model, prompt_hash(messages), str(generation))


def prompt_hash(messages: Sequence[Message]) -> str:
    """sha256 of the messages."""
    return hashlib.sha256(_canonical(messages).encode()).hexdigest()


async def cook_card(
    card: Card,
    tones: Sequence[Tone],
    settings: CookSettings,
    ledger: Ledger,
    gateway: Gateway | None = None,
) -> CookResult:
    """One draft of the card in each tone, in the order of tones.

    gateway: the way to the models; not needed while only the offline writer is asked. Raises
    ModelRefusedError when every model refuses us (the first one's), InFlightError when another
    process is cooking the card, and lets BudgetError of the ledger through; all else ends in the
    offline writer.
    """
    tally = _Tally()
    models = (settings.model, *settings.fallbacks)
    refusals: list[ModelRefusedError] = []
    asked = 0
    missing = list(tones)
    for model in models:
        if model == OFFLINE_MODEL or not missing:
            break
        if gateway is None:
            raise PermanentError(f"no gateway was opened for model {model}")
        asked += 1
        try:
            missing = await _cook_with(
                card, tones, missing, model, settings, ledger, gateway, tally
            )
        except ModelRefusedError as error:
            refusals.append(error)
            tally.problems.append(str(error))
    if refusals and len(refusals) == asked:
        raise refusals[0]
    if missing:
        _cook_offline(card, missing, settings, ledger, tally)
    return CookResult(
        drafts=tuple(tally.best[tone.id] for tone in tones),
        completions=tuple(tally.completions),
        cached=tally.cached,
        problems=tuple(tally.problems),
        is_makeshift=bool(missing) and settings.model != OFFLINE_MODEL,
    )


async def _cook_with(
    card: Card,
    tones: Sequence[Tone],
    missing: Sequence[Tone],
    model: str,
    settings: CookSettings,
    ledger: Ledger,
    gateway: Gateway,
    tally: _Tally,
) -> list[Tone]:
    """Ask one model up to max_attempts times; the tones it gave no usable draft for."""
    house = settings.house or load_house()
    reading = read_card(card.text, card.lang)
    wanted = list(missing)
    problems: dict[str, list[str]] = {}
    for attempt in range(settings.max_attempts):
        ids = [tone.id for tone in wanted]
        messages = build_messages(
            card, tones, house, wanted=ids, problems=problems, attempt=attempt + 1
        )
        try:
            completion = await _call(
                card, wanted, model, messages, settings, ledger, gateway, tally
            )
        except InFlightError:
            raise
        except RequestRefusedError as error:
            tally.problems.append(str(error))
            break
        except TransientError as error:
            tally.problems.append(f"{model}: {error}")
            wait_s = error.retry_after_s if error.retry_after_s is not None else 0.5 * 2**attempt
            if wait_s > settings.max_wait_s or attempt + 1 == settings.max_attempts:
                break
            await asyncio.sleep(wait_s)
            continue
        problems = _read(card, reading, wanted, completion.text, model, settings, tally)
        for tone_id, why in problems.items():
            tally.problems.append(f"{model}: unusable draft: {tone_id}: {why[0]}")
        wanted = [tone for tone in wanted if tone.id in problems]
        if not wanted:
            break
    return [tone for tone in missing if tone.id not in tally.best]


async def _call(
    card: Card,
    wanted: Sequence[Tone],
    model: str,
    messages: Sequence[Message],
    settings: CookSettings,
    ledger: Ledger,
    gateway: Gateway,
    tally: _Tally,
) -> Completion:
    """One claimed and settled call, or the settled one of before."""
    key = completion_key(model, messages, settings.generation)
    house = settings.house or load_house()
    estimate = price(model, *estimate_tokens(card, wanted, house))
    settled = ledger.claim(key, model, prompt_hash(messages), estimate)
    if settled is not None:
        tally.cached += 1
        return settled
    try:
        completion = await gateway.complete(
            messages,
            model,
            key=key,
            schema=reply_schema([tone.id for tone in wanted]),
            deadline_s=settings.deadline_s,
            max_tokens=settings.max_tokens,
        )
    except (TransientError, PermanentError) as error:
        ledger.fail(key, str(error), is_unknown=isinstance(error, OutcomeUnknownError))
        raise
    except asyncio.CancelledError:
        ledger.fail(key, "cancelled", is_unknown=True)
        raise
    ledger.settle(completion)
    tally.completions.append(completion)
    return completion


def _read(
    card: Card,
    reading: CardReading,
    wanted: Sequence[Tone],
    text: str,
    model: str,
    settings: CookSettings,
    tally: _Tally,
) -> dict[str, list[str]]:
    """Keep the usable drafts of a reply; by tone, what to feed back for the others."""
    ids = [tone.id for tone in wanted]
    try:
        reply = parse_reply(
            text,
            ids,
            card.lang,
            {s.id for s in reading.sentences},
            {f.id for f in facts_of(reading)},
        )
    except ReplyError as error:
        return {tone_id: [str(error)] for tone_id in ids}
    problems = {tone_id: [why] for tone_id, why in reply.problems.items()}
    for tone in wanted:
        if tone.id not in reply.drafts:
            continue
        extra = (
            (Finding("hidden_stripped", Severity.INFO, "Characters nobody sees were removed."),)
            if tone.id in reply.hidden
            else ()
        )
        draft = _finish(card, tone, reply.drafts[tone.id], model, settings, extra)
        tally.keep(draft)
        if draft.risk is Risk.BLOCKED:
            problems[tone.id] = [
                f.message for f in draft.findings if f.severity is Severity.CRITICAL
            ][:8]
    return problems


def _cook_offline(
    card: Card, tones: Sequence[Tone], settings: CookSettings, ledger: Ledger, tally: _Tally
) -> None:
    """The offline writer, through the ledger like any model."""
    recipe = [
        {
            "role": "user",
            "content": _canonical(
                [card.body_hash, card.ctx_hash, card.title, *(t.hash for t in tones)]
            ),
        }
    ]
    key = completion_key(OFFLINE_MODEL, recipe, settings.generation)
    settled = ledger.claim(key, OFFLINE_MODEL, prompt_hash(recipe), Decimal(0))
    if settled is not None:
        # The ledger says it was done; writing again is free and gives the same text.
        tally.cached += 1
    started = time.monotonic()
    drafts = write_offline(card, tones)
    if settled is None:
        completion = Completion(
            key=key,
            model=OFFLINE_MODEL,
            text=dump_reply(drafts),
            tokens_in=0,
            tokens_out=0,
            cost_usd=Decimal(0),
            latency_s=time.monotonic() - started,
        )
        ledger.settle(completion)
        tally.completions.append(completion)
    note: tuple[Finding, ...] = ()
    if settings.model != OFFLINE_MODEL:
        note = (
            Finding(
                "written_offline",
                Severity.INFO,
                "No model gave a usable draft; this is the offline writer's extract.",
            ),
        )
    for tone in tones:
        tally.keep(_finish(card, tone, drafts[tone.id], OFFLINE_MODEL, settings, note))


def _finish(
    card: Card,
    tone: Tone,
    sentences: tuple[DraftSentence, ...],
    model: str,
    settings: CookSettings,
    extra: tuple[Finding, ...] = (),
) -> Draft:
    text = compose(sentences, card.lang)
    wanted = OFFLINE_MODEL if model == OFFLINE_MODEL else settings.model
    checked = check_draft(card, text, tone_rules(tone, card.lang), sentences)
    findings = (*checked, *settings.standing, *extra)
    return Draft(
        key=draft_key(card, tone, wanted, settings.generation),
        card_id=card.id,
        tone=tone.id,
        tone_version=tone.version,
        tone_hash=tone.hash,
        lang=card.lang,
        text=text,
        sentences=sentences,
        model=model,
        findings=findings,
        risk=assess_risk(findings, card.stakes),
    )


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
