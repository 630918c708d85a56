"""One real call to each model that is set: the only look of the doctor's that costs anything."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from flows.kitchen import open_store
from flows.models import check_models, list_models, open_gateway
from flows.voices import Voices, read_voices
from stages.cook.paying import completion_key, prompt_hash
from stages.cook.facts import facts_of, read_card
from stages.cook.faults import WithheldError
from stages.cook.offline import OFFLINE_MODEL
from stages.cook.parse import ReplyError, parse_reply
from stages.cook.prices import PRICES_OF, price
from stages.cook.prompt import build_messages, estimate_tokens, reply_schema
from stages.errors import (
    OutcomeUnknownError,
    PermanentError,
    RateLimitedError,
    RequestRefusedError,
    StageError,
    TransientError,
)
from stages.types import Card, CardKind, Completion, Stakes
from store.completions import StoreLedger
from store.runs import RunState, finish_run, start_run
from store.settings import Settings
from tones.load import Tone

if TYPE_CHECKING:
    from stages.cook.complete import Gateway

FORMATS = ("JSON schema", "JSON object", "plain text")
"""What `JsonLevel` is called in front of people."""


def ask_models(settings: Settings) -> list[tuple[str, bool, str]]:
    """By model: its name, whether it can be worked with, and what was found or how to mend it.

    Makes one call to each, written into the ledger under a run of kind `doctor` and held by the
    budgets. Raises ConfigError when a key or a price is missing.
    """
    models = list_models(settings)
    if not models:
        return [(OFFLINE_MODEL, True, "no model is set, so there is none to call")]
    check_models(settings)
    db = open_store(settings)
    run_id = start_run(db, "doctor", [], {"models": models}, "command line")
    ledger = StoreLedger(
        db,
        run_id,
        settings.max_cost_per_run_usd,
        settings.max_cost_per_day_usd,
        lease_s=settings.model_deadline_s + 30,
        allow_unpriced=settings.allow_unpriced_models,
    )
    found: list[tuple[str, bool, str]] = []
    try:
        found = asyncio.run(_ask_all(settings, models, ledger, read_voices(settings)))
    finally:
        is_ok = bool(found) and all(ok for _, ok, _ in found)
        finish_run(db, run_id, RunState.DONE if is_ok else RunState.FAILED, {})
        db.dispose()
    return found


async def _ask_all(
    settings: Settings, models: list[str], ledger: StoreLedger, voices: Voices
) -> list[tuple[str, bool, str]]:
    found = []
    async with open_gateway(settings) as gateway:
        for model in models:
            try:
                found.append((model, *await _ask(settings, model, gateway, ledger, voices)))
            except StageError as error:
                found.append((model, False, _explain(settings, model, error)))
    return found


async def _ask(
    settings: Settings, model: str, gateway: Gateway, ledger: StoreLedger, voices: Voices
) -> tuple[bool, str]:
    """One call as a run would make it, for a text out of the tones' own examples."""
    tones = list(voices.tops.values())
    card = _example_card(tones[0])
    ids = [tone.id for tone in tones]
    messages = build_messages(card, tones, voices.house)
    # Its own question every time: what was answered before says nothing about today.
    key = completion_key(f"{model} for {ledger.run_id}", messages)
    estimate = price(model, *estimate_tokens(card, tones, voices.house))
    async with gateway.turn(model) as turn:
        ledger.claim(key, model, prompt_hash(messages), estimate)
        try:
            completion = await turn.send(
                messages, key=key, schema=reply_schema(ids), deadline_s=settings.model_deadline_s
            )
        except WithheldError as error:
            ledger.settle(error.completion)
            raise
        except (TransientError, PermanentError) as error:
            ledger.fail(key, str(error), is_unknown=isinstance(error, OutcomeUnknownError))
            raise
    ledger.settle(completion)
    level = gateway.level(model)
    said = f"{_figures(completion)}, replies by {FORMATS[level or 0]}"
    wrong = _what_is_wrong(completion, card, ids)
    if wrong:
        return False, (
            f"{said}, but {wrong}. A model that does so often leaves its cards to the next; "
            "choose one that follows a JSON schema."
        )
    return True, f"{said}, {len(ids)} of {len(ids)} drafts usable"


def _example_card(tone: Tone) -> Card:
    text = tone.good["en"][0].source
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Card(
        id="doctor",
        guide_id="doctor",
        title=tone.title["en"],
        breadcrumbs=(),
        text=text,
        kind=CardKind.FACT,
        spans=((0, len(text)),),
        body_hash=digest,
        ctx_hash="",
        lang="en",
        topics=(),
        stakes=Stakes.NORMAL,
        position=0,
    )


def _figures(completion: Completion) -> str:
    cost = completion.cost_usd
    if cost is not None:
        paid = f"{cost:.6f} USD (prices of {PRICES_OF})"
    elif price(completion.model, 1, 1) is None:
        paid = f"price unknown ({PRICES_OF}): the budgets cannot hold it"
    else:
        paid = "cost unknown: its server does not say what it used"
    tokens = f"{completion.tokens_in} tokens in, {completion.tokens_out} out"
    return f"{completion.latency_s:.1f} s, {tokens}, {paid}"


def _what_is_wrong(completion: Completion, card: Card, tones: list[str]) -> str:
    reading = read_card(card.text, card.lang)
    try:
        reply = parse_reply(
            completion.text,
            tones,
            card.lang,
            {sentence.id for sentence in reading.sentences},
            {fact.id for fact in facts_of(reading)},
        )
    except ReplyError as error:
        return str(error)
    return "; ".join(f"{tone}: {why}" for tone, why in reply.problems.items())


def _explain(settings: Settings, model: str, error: StageError) -> str:
    """What went wrong, and what to do about it."""
    said = str(error)
    if isinstance(error, RateLimitedError):
        fix = "Its rate limit is used up; set SPOONFUL_MODEL_CALLS_PER_MINUTE below it"
    elif isinstance(error, OutcomeUnknownError) and "no answer within" in said:
        fix = "It may need longer: raise SPOONFUL_MODEL_DEADLINE_S, or choose a faster model"
    elif isinstance(error, TransientError):
        where = settings.model_api_base or "its provider's address"
        fix = f"Its server is down, or {where} is not where it listens (SPOONFUL_MODEL_API_BASE)"
    elif isinstance(error, RequestRefusedError):
        fix = "It does not take what every card sends; choose another model"
    elif "out of credit" in said:
        fix = "Top the account up, or name another model in SPOONFUL_FALLBACK_MODELS"
    elif "does not exist" in said:
        fix = "Correct its name in SPOONFUL_MODEL or SPOONFUL_FALLBACK_MODELS"
    else:
        return said  # names the variable to set, or the limit to raise
    return f"{said if said.startswith(model) else f'{model}: {said}'}. {fix}."
