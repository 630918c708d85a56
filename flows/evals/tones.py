"""`eval tones`: cards through the tones and a model, every deterministic measure side by side."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flows.evals.checks import percentile
from flows.evals.files import Step, mean, no_step, share
from flows.evals.overlap import tokens
from flows.models import check_models, list_models
from flows.tasting import ApartJob, cook_apart, cook_recorded
from flows.voices import HASH_CHARS, LEAST_HASH_CHARS, Voices
from stages.cook.check_hygiene import reading_grade
from stages.cook.cook import CookResult
from stages.cook.facts import extract_facts
from stages.cook.lexicon import EMOJI
from stages.cook.prices import price
from stages.cook.prompt import estimate_tokens
from stages.cook.rules import tone_rules
from stages.errors import ConfigError
from stages.text import count_words, is_chinese
from stages.types import Card, Completion, Draft, FactKind, Risk
from store.engine import Database
from store.settings import Settings
from tones.load import House, Tone

VERBATIM_RUN = 8
"""Words or Han characters in a row that count as copied; shorter runs are how one says it."""


@dataclass(frozen=True, slots=True)
class Side:
    """What is compared: some tones, written by the model of the settings."""

    name: str
    settings: Settings
    tones: tuple[Tone, ...]

    @property
    def models(self) -> list[str]:
        return list_models(self.settings)


@dataclass(frozen=True, slots=True)
class Written:
    """A draft with its card and what its tone asks of it."""

    card: Card
    tone: Tone
    draft: Draft
    is_makeshift: bool


class _NoLedger:
    """For the offline writer: nothing is paid, so nothing has to be remembered."""

    def claim(
        self, key: str, model: str, prompt_hash: str, estimate_usd: Decimal | None
    ) -> Completion | None:
        return None

    def settle(self, completion: Completion) -> None:
        """The result has it, too."""

    def fail(self, key: str, error: str, *, is_unknown: bool = False) -> None:
        """Nothing was claimed."""


def make_sides(
    settings: Settings,
    voices: Voices,
    versions: Sequence[str] = (),
    models: Sequence[str] = (),
    wanted: Sequence[str] = (),
) -> tuple[Side, ...]:
    """One side with the files on top, two for two versions or two models. wanted: tone ids, all of
    them when empty.

    A tone without both versions is left out. Raises ConfigError for versions and models at once,
    an unknown tone, versions no tone has, and models that cannot be called.
    """
    if versions and models:
        raise ConfigError("Compare two versions or two models, not both at once.")
    for tone in wanted:
        if tone not in voices.files:
            known = ", ".join(sorted(voices.files))
            raise ConfigError(f"There is no tone {tone}. Known are: {known}.")
    ids = tuple(wanted) or tuple(voices.files)
    if versions:
        pairs = [[_find(voices, tone, name) for name in versions] for tone in ids]
        both = [pair for pair in pairs if None not in pair]
        if not both:
            raise ConfigError(f"No tone has both versions, {' and '.join(versions)}.")
        sides = [
            Side(name, settings, tuple(tone for tone in column if tone))
            for name, column in zip(versions, zip(*both, strict=True), strict=True)
        ]
    else:
        tones = tuple(voices.tops[tone] for tone in ids)
        # Without fallbacks: a side says what its own model does.
        sides = [
            Side(name, settings.model_copy(update={"model": name, "fallback_models": ""}), tones)
            for name in models
        ] or [Side(settings.model, settings, tones)]
    for side in sides:
        check_models(side.settings)
    return tuple(sides)


def estimate_cost(side: Side, cards: Sequence[Card], house: House) -> Decimal | None:
    """USD for one call a card; None when the price is unknown."""
    if not side.models:
        return Decimal(0)
    estimates = [estimate_tokens(card, side.tones, house) for card in cards]
    return price(
        side.models[0], sum(each[0] for each in estimates), sum(each[1] for each in estimates)
    )


def run_tones(
    sides: Sequence[Side],
    cards: Sequence[Card],
    house: House,
    open_db: Callable[[], Database],
    max_cost_usd: Decimal | None = None,
    step: Step = no_step,
) -> dict[str, Any]:
    """Cook every card for every side and measure. Only a side with a model opens the database, for
    the ledger; its budget holds over the side. Raises BudgetError.
    """
    return {
        "cards": len(cards),
        "sides": [_measure_side(side, cards, house, open_db, max_cost_usd, step) for side in sides],
    }


def measure(written: Sequence[Written]) -> dict[str, Any]:
    """The figures of drafts of one tone: shares 0..1, findings as the share of drafts that have one
    of the check. reading_grade: English drafts only. None where there is nothing to measure.

    facts_cited: must-keep facts some sentence says it carries; quantities_kept: quantities of the
    cards that can be read in the draft with the same value; verbatim: words in runs of at least
    VERBATIM_RUN that stand so in the card; makeshift: written by the offline writer for a model.
    """
    drafts = [each.draft for each in written]
    count = len(drafts)
    found = Counter(check for draft in drafts for check in {f.check for f in draft.findings})
    scores = [draft.score for draft in drafts if draft.score is not None]
    cited = [_facts_cited(each) for each in written]
    kept = [_quantities_kept(each) for each in written]
    lengths = [count_words(each.draft.text, each.card.lang) for each in written]
    return {
        "drafts": count,
        **{risk.value: share(sum(draft.risk is risk for draft in drafts), count) for risk in Risk},
        "score": mean(scores),
        "length_ok": share(
            sum(
                least <= length <= most
                for each, length in zip(written, lengths, strict=True)
                for least, most in [each.tone.length(each.card.lang)]
            ),
            count,
        ),
        "length": mean(lengths),
        "reading_grade": mean(
            [reading_grade(each.draft.text) for each in written if not is_chinese(each.card.lang)]
        ),
        "emoji": mean([len(EMOJI.findall(draft.text)) for draft in drafts]),
        "facts_cited": share(sum(part for part, _ in cited), sum(whole for _, whole in cited)),
        "quantities_kept": share(sum(part for part, _ in kept), sum(whole for _, whole in kept)),
        "verbatim": mean([verbatim_share(each.draft.text, each.card.text) for each in written]),
        "banned_phrases": share(sum(map(_has_banned_phrase, written)), count),
        "makeshift": share(sum(each.is_makeshift for each in written), count),
        "findings": {check: share(number, count) for check, number in sorted(found.items())},
    }


def verbatim_share(text: str, source: str) -> float:
    """Share of a text's words that stand in runs of VERBATIM_RUN or more as in the source, 0..1."""
    words, known = tokens(text), tokens(source)
    runs = {tuple(known[n : n + VERBATIM_RUN]) for n in range(len(known) - VERBATIM_RUN + 1)}
    copied: set[int] = set()
    for n in range(len(words) - VERBATIM_RUN + 1):
        if tuple(words[n : n + VERBATIM_RUN]) in runs:
            copied.update(range(n, n + VERBATIM_RUN))
    return len(copied) / len(words) if words else 0.0


def _measure_side(
    side: Side,
    cards: Sequence[Card],
    house: House,
    open_db: Callable[[], Database],
    max_cost_usd: Decimal | None,
    step: Step,
) -> dict[str, Any]:
    jobs = [ApartJob(card, side.tones) for card in cards]

    def on_done(result: CookResult) -> None:
        step(f"{side.name}: {result.drafts[0].card_id}")

    if side.models:
        versions = {tone.id: tone.version for tone in side.tones}
        params = {"model": side.settings.model, "versions": versions, "cards": len(cards)}
        results, _ = cook_recorded(
            side.settings, open_db(), house, jobs, "eval", params, max_cost_usd, on_done
        )
    else:
        results = asyncio.run(cook_apart(side.settings, house, jobs, _NoLedger(), on_done))
    written = [
        Written(job.card, tone, draft, result.is_makeshift and draft.model != side.settings.model)
        for job, result in zip(jobs, results, strict=True)
        for tone, draft in zip(job.tones, result.drafts, strict=True)
    ]
    by_tone = {tone.id: [each for each in written if each.tone is tone] for tone in side.tones}
    return {
        "name": side.name,
        "model": side.settings.model,
        "versions": {tone.id: f"{tone.version} ({tone.hash[:HASH_CHARS]})" for tone in side.tones},
        "tones": {
            tone: measure(drafts)
            | {
                "by_lang": {
                    lang: measure([each for each in drafts if _lang(each) == lang])
                    for lang in sorted(set(map(_lang, drafts)))
                }
            }
            for tone, drafts in by_tone.items()
        },
        "completions": _spent(results, len(cards)),
    }


def _spent(results: Sequence[CookResult], cards: int) -> Mapping[str, Any]:
    """cost_usd: None as soon as one call's is unknown. A call answered from the ledger is in none
    of the figures but `cached`.
    """
    paid = [completion for result in results for completion in result.completions]
    costs = [completion.cost_usd for completion in paid]
    is_known = None not in costs
    return {
        "calls": len(paid),
        "cached": sum(result.cached for result in results),
        "tokens_in": sum(completion.tokens_in for completion in paid),
        "tokens_out": sum(completion.tokens_out for completion in paid),
        "cost_usd": float(sum(cost for cost in costs if cost)) if is_known else None,
        "calls_per_card": share(len(paid), cards),
        "latency_p50_s": percentile([completion.latency_s for completion in paid], 0.5),
        "latency_p95_s": percentile([completion.latency_s for completion in paid], 0.95),
    }


def _facts_cited(each: Written) -> tuple[int, int]:
    facts = {fact.id for fact in extract_facts(each.card.text, each.card.lang)}
    cited = {fact_id for sentence in each.draft.sentences for fact_id in sentence.fact_ids}
    return len(facts & cited), len(facts)


def _quantities_kept(each: Written) -> tuple[int, int]:
    wanted, found = (
        {fact.value for fact in extract_facts(text, each.card.lang) if _is_quantity(fact.kind)}
        for text in (each.card.text, each.draft.text)
    )
    return len(wanted & found), len(wanted)


def _is_quantity(kind: FactKind) -> bool:
    return kind is FactKind.QUANTITY


def _has_banned_phrase(each: Written) -> bool:
    """Whatever the card says: a check lets pass what the card has itself, a count need not."""
    text = each.draft.text.casefold()
    rules = tone_rules(each.tone, each.card.lang)
    return any(phrase.casefold() in text for phrase in rules.banned_phrases)


def _lang(each: Written) -> str:
    return "zh" if is_chinese(each.card.lang) else each.card.lang.partition("-")[0].lower()


def _find(voices: Voices, tone: str, name: str) -> Tone | None:
    """The version of a tone among the files, by number or by the beginning of its hash."""
    found = [file.tone for file in voices.files[tone]]
    by_hash = len(name) >= LEAST_HASH_CHARS
    return next(
        (
            each
            for each in found
            if each.version == name or (by_hash and each.hash.startswith(name.lower()))
        ),
        None,
    )
