"""Cook one card: facts, one call for all tones, strict parse, checks, risk.

Order of resort for each tone: the model, again with what was wrong fed back, the fallback models
in turn, then the offline writer. Every call is claimed in the ledger before it is sent and settled
right after, the offline writer's too, so no work is done or paid twice. docs/models.md says what
becomes of a card for each way a model can fail.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from stages.cook.breaker import Patience
from stages.cook.checks import Checked, check_draft
from stages.cook.complete import Gateway
from stages.cook.compose import compose
from stages.cook.facts import facts_of, read_card
from stages.cook.judge import Bench, judge_drafts
from stages.cook.leak import what_is_told
from stages.cook.ledger import Ledger
from stages.cook.offline import OFFLINE_MODEL, write_offline
from stages.cook.parse import Reply, ReplyError, dump_reply, longest_words, parse_reply
from stages.cook.paying import Call, completion_key, pay_once, prompt_hash
from stages.cook.prompt import build_messages, estimate_tokens, reply_schema
from stages.cook.risk import assess_risk
from stages.cook.rules import tone_rules
from stages.cook.tally import FABRICATED, Tally, fails
from stages.errors import (
    InFlightError,
    ModelPausedError,
    ModelRefusedError,
    PermanentError,
    RateLimitedError,
    RequestRefusedError,
    TransientError,
)
from stages.types import Card, Completion, Draft, DraftSentence, Finding, Severity, ToneRules
from tones.load import House, Tone, load_house

MOST_LIMITS = 20
"""Rate limits a card meets at one model before it moves on, however short the pauses."""

Check = Callable[[Card, str, ToneRules, tuple[DraftSentence, ...]], Awaitable[Checked]]
"""`check_draft`, elsewhere."""

_STRIPPED = Finding("hidden_stripped", Severity.INFO, "Characters nobody sees were removed.")
_OFFLINE = Finding(
    "written_offline",
    Severity.INFO,
    "No model gave a usable draft; this is the offline writer's extract.",
)


@dataclass(frozen=True, slots=True)
class CookSettings:
    """model, fallbacks: litellm names, or `offline/house`. max_attempts: replies a model may give,
    and faults it may show, for one card. deadline_s: total for one call. max_tokens: of a reply,
    twice that after one that was cut off. max_wait_s: what a card waits in all for one model, while
    it is paused and after a fault; then it moves on to the next. generation: part of the keys,
    raised by `force`. house: the prompt templates, read from tones/ when None. standing: findings
    every draft gets besides what its text is found to have. feedback: by tone, what a person wants
    done better than in the draft before; the model is told with the first call already. variant: of
    the offline writer.
    """

    model: str = OFFLINE_MODEL
    fallbacks: tuple[str, ...] = ()
    max_attempts: int = 3
    deadline_s: float = 90.0
    max_tokens: int = 4_000
    max_wait_s: float = 30.0
    generation: int = 0
    house: House | None = None
    standing: tuple[Finding, ...] = ()
    flag_from: tuple[float, float] = (0.5, 0.5)
    judge: str = ""
    feedback: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    variant: int = 0


@dataclass(frozen=True, slots=True)
class CookResult:
    """completions: answered and paid in this call; cached: taken from the ledger instead.

    problems: what went wrong on the way, one plain line each, even if it ended well: the model and
    the kind of fault, each followed by a colon, then what was particular to this card.
    is_makeshift: the offline writer stood in for a model. is_good: no draft fails our checks.
    """

    drafts: tuple[Draft, ...]
    completions: tuple[Completion, ...] = ()
    cached: int = 0
    problems: tuple[str, ...] = ()
    is_makeshift: bool = False
    is_good: bool = True


@dataclass(frozen=True, slots=True)
class _Work:
    """A card at one model, with all that is needed. tones: every tone asked for. check: as in
    `cook_card`.
    """

    card: Card
    tones: Sequence[Tone]
    model: str
    settings: CookSettings
    ledger: Ledger
    gateway: Gateway
    house: House
    tally: Tally
    check: Check | None


def draft_key(card: Card, tone: Tone, model: str, generation: int = 0) -> str:
    """Key of the draft of a card in a tone.

    model: the one wanted, also when a fallback wrote it; but `offline/house` when the offline
    writer stood in, so that the wanted draft is still missing and the next run makes it.
    """
    parts = (card.id, card.body_hash, card.ctx_hash, tone.id, tone.hash, model, str(generation))
    return _hash("draft", *parts)


async def cook_card(
    card: Card,
    tones: Sequence[Tone],
    settings: CookSettings,
    ledger: Ledger,
    gateway: Gateway | None = None,
    check: Check | None = None,
) -> CookResult:
    """One draft of the card in each tone, in the order of tones.

    gateway: the way to the models; not needed while only the offline writer is asked. check:
    `check_draft` of replies done elsewhere; here, between calls, when None. Raises
    ModelRefusedError when every model refuses us (the first one's), InFlightError when another
    process is cooking the card, and lets BudgetError of the ledger through; all else ends in the
    offline writer.
    """
    tally = Tally()
    # Each once; whatever follows the offline writer is never reached.
    models = list(dict.fromkeys((settings.model, *settings.fallbacks, OFFLINE_MODEL)))
    models = models[: models.index(OFFLINE_MODEL)]
    refusals: list[ModelRefusedError] = []
    asked = 0
    missing = list(tones)
    for model in models:
        if not missing:
            break
        if gateway is None:
            raise PermanentError(f"no gateway was opened for model {model}")
        asked += 1
        house = settings.house or load_house()
        work = _Work(card, tones, model, settings, ledger, gateway, house, tally, check)
        try:
            missing = await _cook_with(work, missing, is_last=model == models[-1])
        except ModelRefusedError as error:
            refusals.append(error)
            tally.problems.append(str(error))
    if refusals and len(refusals) == asked:
        raise refusals[0]
    # A draft that fails our checks is left for a person; where there is none at all, the offline
    # writer steps in.
    missing = [tone for tone in missing if tone.id not in tally.best]
    if missing:
        _cook_offline(card, missing, settings, ledger, tally)
    drafts = [tally.best[tone.id] for tone in tones]
    if settings.judge and gateway is not None:
        bench = Bench(
            settings.judge,
            settings.house or load_house(),
            settings.flag_from,
            settings.deadline_s,
            settings.max_wait_s,
            settings.generation,
        )
        drafts = await judge_drafts(card, drafts, bench, ledger, gateway, tally)
    return CookResult(
        drafts=tuple(drafts),
        completions=tuple(tally.completions),
        cached=tally.cached,
        problems=tuple(tally.problems),
        is_makeshift=bool(missing) and settings.model != OFFLINE_MODEL,
        is_good=all(tally.is_done(tone.id) for tone in tones),
    )


async def _cook_with(work: _Work, missing: Sequence[Tone], *, is_last: bool) -> list[Tone]:
    """Ask one model, in max_attempts replies and faults; the tones without a good draft."""
    tally, settings = work.tally, work.settings
    wanted = list(missing)
    feedback = {tone.id: settings.feedback.get(tone.id, ()) for tone in missing}
    problems = {tone_id: list(said) for tone_id, said in feedback.items() if said}
    patience = Patience(settings.max_wait_s)
    replies = faults = limits = 0
    max_tokens = settings.max_tokens
    while wanted and max(replies, faults) < settings.max_attempts and limits < MOST_LIMITS:
        try:
            # Numbered by replies, so that a call that was not answered stays the same call.
            text = await _call(work, wanted, problems, replies + 1, max_tokens, patience, is_last)
        except InFlightError:
            raise
        except (RequestRefusedError, ModelPausedError) as error:
            tally.note(work.model, error)
            break
        except RateLimitedError as error:
            tally.note(work.model, error)
            limits += 1
            continue
        except TransientError as error:
            tally.note(work.model, error)
            faults += 1
            # Where the server names a pause, the gateway makes everybody wait.
            if error.retry_after_s is None and not await patience.spend(0.5 * 2 ** (faults - 1)):
                break
            continue
        replies += 1
        if not text:
            max_tokens = 2 * settings.max_tokens
        found = await _read(work, wanted, text)
        problems = {tone_id: [*feedback[tone_id], *why] for tone_id, why in found.items()}
        wanted = [tone for tone in wanted if tone.id in problems]
    return [tone for tone in missing if not tally.is_done(tone.id)]


async def _call(
    work: _Work,
    wanted: Sequence[Tone],
    problems: Mapping[str, Sequence[str]],
    number: int,
    max_tokens: int,
    patience: Patience,
    is_last: bool,
) -> str:
    """The text of one claimed and settled call, or of the settled one of before."""
    card, settings = work.card, work.settings
    ids = [tone.id for tone in wanted]
    messages = build_messages(
        card, work.tones, work.house, wanted=ids, problems=problems, attempt=number
    )
    call = Call(
        model=work.model,
        messages=messages,
        schema=reply_schema(ids),
        tokens=estimate_tokens(card, work.tones, work.house, work.model, wanted=ids),
        generation=settings.generation,
        deadline_s=settings.deadline_s,
        max_tokens=max_tokens,
        is_last=is_last,
    )
    return await pay_once(call, work.ledger, work.gateway, work.tally, patience)


async def _read(work: _Work, wanted: Sequence[Tone], text: str) -> dict[str, list[str]]:
    """Keep the usable drafts of a reply; by tone, what to feed back for the others.

    Lets calls go first before every tone: they are waited for, and checks only take time.
    """
    await work.gateway.spacing.lull()
    card, tally = work.card, work.tally
    reading = read_card(card.text, card.lang)
    problems: dict[str, list[str]] = {}
    try:
        reply = parse_reply(
            text,
            [tone.id for tone in wanted],
            card.lang,
            {s.id for s in reading.sentences},
            {f.id for f in facts_of(reading)},
            longest={tone.id: longest_words(card, tone) for tone in wanted},
            told=what_is_told(card, work.tones, work.house),
        )
    except ReplyError as error:
        reply = Reply(problems={tone.id: error for tone in wanted})
    for tone_id, why in reply.problems.items():
        problems[tone_id] = [str(why)]
        tally.problems.append(f"{work.model}: no usable draft, {why.kind}: {tone_id}: {why}")
    for tone in wanted:
        if tone.id not in reply.drafts:
            continue
        extra = (_STRIPPED,) if tone.id in reply.hidden else ()
        sentences = reply.drafts[tone.id]
        checked = await _check(work, tone, sentences)
        draft = _make_draft(card, tone, sentences, work.model, work.settings, checked, extra)
        tally.keep(draft)
        if fails(draft):
            problems[tone.id] = [
                f.message
                for f in draft.findings
                if f.severity is Severity.CRITICAL or f.check in FABRICATED
            ][:8]
            tally.problems.append(f"{work.model}: draft refused by our checks: {tone.id}")
    return problems


def _cook_offline(
    card: Card, tones: Sequence[Tone], settings: CookSettings, ledger: Ledger, tally: Tally
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
    drafts = write_offline(card, tones, variant=settings.variant)
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
    note = () if settings.model == OFFLINE_MODEL else (_OFFLINE,)
    for tone in tones:
        sentences, rules = drafts[tone.id], tone_rules(tone, card.lang, settings.flag_from)
        checked = check_draft(card, compose(sentences, card.lang), rules, sentences)
        tally.keep(_make_draft(card, tone, sentences, OFFLINE_MODEL, settings, checked, note))


async def _check(work: _Work, tone: Tone, sentences: tuple[DraftSentence, ...]) -> Checked:
    card = work.card
    text, rules = (
        compose(sentences, card.lang),
        tone_rules(tone, card.lang, work.settings.flag_from),
    )
    if work.check:
        return await work.check(card, text, rules, sentences)
    async with work.gateway.desk:
        await work.gateway.spacing.lull()
        return check_draft(card, text, rules, sentences)


def _make_draft(
    card: Card,
    tone: Tone,
    sentences: tuple[DraftSentence, ...],
    model: str,
    settings: CookSettings,
    checked: Checked,
    extra: tuple[Finding, ...] = (),
) -> Draft:
    wanted = OFFLINE_MODEL if model == OFFLINE_MODEL else settings.model
    findings = (*checked.findings, *settings.standing, *extra)
    return Draft(
        key=draft_key(card, tone, wanted, settings.generation),
        card_id=card.id,
        tone=tone.id,
        tone_version=tone.version,
        tone_hash=tone.hash,
        lang=card.lang,
        text=compose(sentences, card.lang),
        sentences=sentences,
        model=model,
        findings=findings,
        risk=assess_risk(findings, checked.score, card.stakes, settings.flag_from),
        score=checked.score,
    )


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
