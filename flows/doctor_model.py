"""One real call to each model that is set: the only look of the doctor's that costs anything."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows.kitchen import open_store
from flows.models import check_models, list_models, open_gateway
from flows.voices import Voices, read_voices
from stages.cook.facts import facts_of, read_card
from stages.cook.faults import WithheldError
from stages.cook.judge import (
    Written,
    estimate_judge,
    judge_messages,
    judge_schema,
    read_verdicts,
)
from stages.cook.offline import OFFLINE_MODEL, write_offline
from stages.cook.parse import ReplyError, parse_reply
from stages.cook.paying import completion_key, prompt_hash
from stages.cook.prices import PRICES_OF, price
from stages.cook.prompt import Message, build_messages, estimate_tokens, reply_schema
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
    is_judge = model not in (settings.model, *settings.fallback_model_list)
    question = _ask_judge(voices, model) if is_judge else _ask_writer(voices)
    # Its own question every time: what was answered before says nothing about today.
    key = completion_key(f"{model} for {ledger.run_id}", question.messages)
    async with gateway.turn(model) as turn:
        estimate = price(model, *question.tokens)
        ledger.claim(key, model, prompt_hash(question.messages), estimate)
        try:
            completion = await turn.send(
                question.messages,
                key=key,
                schema=question.schema,
                deadline_s=settings.model_deadline_s,
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
    wrong = question.find_fault(completion.text)
    if wrong:
        return False, f"{said}, but {wrong}. {question.consequence}"
    return True, f"{said}, {question.praise}"


@dataclass(frozen=True, slots=True)
class _Question:
    """tokens: expected, in and out. find_fault: what is wrong with an answer, '' if nothing."""

    messages: list[Message]
    schema: dict[str, object]
    tokens: tuple[int, int]
    find_fault: Callable[[str], str]
    consequence: str
    praise: str


def _ask_writer(voices: Voices) -> _Question:
    tones = list(voices.tops.values())
    card = _example_card(tones[0])
    ids = [tone.id for tone in tones]
    return _Question(
        build_messages(card, tones, voices.house),
        reply_schema(ids),
        estimate_tokens(card, tones, voices.house),
        lambda text: _what_is_wrong(text, card, ids),
        "A model that does so often leaves its cards to the next; "
        "choose one that follows a JSON schema.",
        f"{len(ids)} of {len(ids)} drafts usable",
    )


def _ask_judge(voices: Voices, model: str) -> _Question:
    """The judge reads a card's own words back."""
    tone = next(iter(voices.tops.values()))
    card = _example_card(tone)
    draft = write_offline(card, [tone])
    return _Question(
        judge_messages(card, draft, voices.house),
        judge_schema(),
        estimate_judge(card, draft, voices.house, model),
        lambda text: _what_is_unjudged(text, card, draft),
        "Drafts stand without the judgement of a model that does so; "
        "choose one that follows a JSON schema.",
        "its judgement is usable",
    )


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


def _what_is_unjudged(text: str, card: Card, drafts: Written) -> str:
    try:
        read_verdicts(text, card, drafts)
    except ReplyError as error:
        return str(error)
    return ""


def _what_is_wrong(text: str, card: Card, tones: list[str]) -> str:
    reading = read_card(card.text, card.lang)
    try:
        reply = parse_reply(
            text,
            tones,
            card.lang,
            {sentence.id for sentence in reading.sentences},
            {fact.id for fact in facts_of(reading)},
        )
    except ReplyError as error:
        return str(error)
    return "; ".join(f"{tone}: {why}" for tone, why in reply.problems.items())


def _set_by(settings: Settings, model: str) -> str:
    writes = model in (settings.model, *settings.fallback_model_list)
    return "SPOONFUL_MODEL or SPOONFUL_FALLBACK_MODELS" if writes else "SPOONFUL_JUDGE_MODEL"


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
        fix = f"Correct its name in {_set_by(settings, model)}"
    else:
        return said  # names the variable to set, or the limit to raise
    return f"{said if said.startswith(model) else f'{model}: {said}'}. {fix}."
