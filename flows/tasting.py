"""One card cooked with a version of a tone, beside the version that writes. Nothing is queued."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from flows.models import check_models, list_models, open_gateway
from flows.retries import attempt
from flows.summary import RunSummary
from flows.voices import active_tones, check_tone, find_version, keep_voices, read_voices
from stages.cook.checks import licence_findings
from stages.cook.cook import CookResult, CookSettings, cook_card
from stages.cook.ledger import Ledger
from stages.errors import ConfigError, StageError
from stages.types import Card, Draft, Finding
from store.cards import get_card
from store.completions import StoreLedger
from store.drafts import DraftView, list_drafts
from store.engine import Database
from store.guides import get_guide_ref
from store.runs import RunState, finish_run, start_run
from store.settings import Settings
from tones.load import House, Tone


@dataclass(frozen=True, slots=True)
class ApartJob:
    """A card to cook in some tones. standing: findings every draft of it gets."""

    card: Card
    tones: tuple[Tone, ...]
    standing: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Tasting:
    """active: None when the version tried is the one that writes. problems: of the models."""

    card: Card
    tried: Draft
    active: Draft | None
    summary: RunSummary
    problems: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "card": {"id": self.card.id, "title": self.card.title, "lang": self.card.lang},
            "tone": self.tried.tone,
            "tried": _as_dict(self.tried),
            "active": _as_dict(self.active) if self.active else None,
            "completions": self.summary.as_dict()["completions"],
            "run_id": self.summary.run_id,
            "problems": list(self.problems),
        }


def try_tone(
    settings: Settings,
    db: Database,
    card_id: str,
    tone_id: str,
    version: str = "",
    max_cost_usd: Decimal | None = None,
) -> Tasting:
    """Cook a card with a version ('' for the active one) and, if that is another, the active one.

    A draft of the active version that stands is shown instead of being paid for again. The queue
    is left alone; the ledger holds what was paid, under a run of its own. Raises ConfigError for an
    unknown card, tone or version, BudgetError before the budget is exceeded.
    """
    check_models(settings)
    voices = read_voices(settings)
    check_tone(voices, tone_id)
    keep_voices(db, voices)
    card = get_card(db, card_id)
    if card is None:
        raise ConfigError(f"There is no card {card_id}. A card's page has its id in the address.")
    active = active_tones(db, voices)[tone_id]
    tried = find_version(db, voices, tone_id, version) if version else active
    stands = None if tried.hash == active.hash else _find_kept(settings, db, card, active)
    needed = (tried,) if stands or tried.hash == active.hash else (tried, active)
    guide = get_guide_ref(db, card.guide_id)
    standing = licence_findings(guide.licence_finding) if guide else ()
    jobs = [ApartJob(card, (tone,), standing) for tone in needed]
    params = {"card": card_id, "tones": [tone_id], "versions": [tone.version for tone in needed]}
    # One after the other: versions that tell a model the same are one call, paid by the first.
    alone = settings.model_copy(update={"model_concurrency": 1})
    results, summary = cook_recorded(alone, db, voices.house, jobs, "try", params, max_cost_usd)
    drafts = [result.drafts[0] for result in results]
    return Tasting(
        card=card,
        tried=drafts[0],
        active=drafts[1] if len(drafts) > 1 else stands,
        summary=summary,
        problems=tuple(problem for result in results for problem in result.problems),
    )


def cook_recorded(
    settings: Settings,
    db: Database,
    house: House,
    jobs: Sequence[ApartJob],
    kind: str,
    params: dict[str, Any],
    max_cost_usd: Decimal | None = None,
    on_done: Callable[[CookResult], None] = lambda _: None,
) -> tuple[list[CookResult], RunSummary]:
    """Cook jobs outside the line, in a run of their own that says what was paid.

    max_cost_usd: instead of the setting. Raises what `cook_apart` does.
    """
    limit = settings.max_cost_per_run_usd if max_cost_usd is None else max_cost_usd
    run_id = start_run(db, kind, [], params, "command line")
    summary, state = RunSummary(run_id), RunState.FAILED
    ledger = StoreLedger(
        db,
        run_id,
        limit,
        settings.max_cost_per_day_usd,
        lease_s=settings.model_deadline_s + 30,
        allow_unpriced=settings.allow_unpriced_models,
    )

    def count(result: CookResult) -> None:
        summary.completions.cached += result.cached
        for completion in result.completions:
            summary.completions.calls += 1
            summary.completions.tokens_in += completion.tokens_in
            summary.completions.tokens_out += completion.tokens_out
            summary.completions.cost_usd += float(completion.cost_usd or 0)
        on_done(result)

    try:
        with summary.timed("cook"):
            results = asyncio.run(cook_apart(settings, house, jobs, ledger, count))
        state = RunState.DONE
    finally:
        finish_run(db, run_id, state, summary.as_dict())
    return results, summary


async def cook_apart(
    settings: Settings,
    house: House,
    jobs: Sequence[ApartJob],
    ledger: Ledger,
    on_done: Callable[[CookResult], None] = lambda _: None,
) -> list[CookResult]:
    """Cook jobs with the models of the settings, several at once; results in their order.

    Raises what ends a card (BudgetError, ModelRefusedError); no further job is begun then.
    """
    places = asyncio.Semaphore(settings.model_concurrency)
    errors: list[StageError] = []
    async with AsyncExitStack() as stack:
        gateway = None
        if list_models(settings):
            gateway = await stack.enter_async_context(open_gateway(settings))

        async def one(job: ApartJob) -> CookResult | None:
            async with places:
                if errors:
                    return None
                chosen = CookSettings(
                    model=settings.model,
                    fallbacks=settings.fallback_model_list,
                    judge=settings.judge_model,
                    deadline_s=settings.model_deadline_s,
                    max_wait_s=settings.model_max_wait_s,
                    house=house,
                    standing=job.standing,
                )
                work = partial(cook_card, job.card, job.tones, chosen, ledger, gateway)
                try:
                    result = await attempt(f"cook: {job.card.id}", work)
                except StageError as error:
                    errors.append(error)
                    return None
            on_done(result)
            return result

        # Calls that are under way when another fails are paid for, so they are waited for.
        results = await asyncio.gather(*(one(job) for job in jobs))
    if errors:
        raise errors[0]
    return [result for result in results if result is not None]


def _find_kept(settings: Settings, db: Database, card: Card, tone: Tone) -> Draft | None:
    """The draft that stands for the card, if it is what would be cooked and nobody edited it."""
    for view in list_drafts(db, [card.id]).get(card.id, ()):
        is_same = (view.tone_hash, view.body_hash, view.model) == (
            tone.hash,
            card.body_hash,
            settings.model,
        )
        if is_same and not view.is_edited:
            return _draft(view)
    return None


def _draft(view: DraftView) -> Draft:
    return Draft(
        key="",
        card_id=view.card_id,
        tone=view.tone,
        tone_version=view.tone_version,
        tone_hash=view.tone_hash,
        lang=view.lang,
        text=view.text,
        sentences=view.sentences,
        model=view.model,
        findings=view.findings,
        risk=view.risk,
        score=view.score,
    )


def _as_dict(draft: Draft) -> dict[str, Any]:
    return {
        "version": draft.tone_version,
        "hash": draft.tone_hash,
        "model": draft.model,
        "risk": draft.risk.value,
        "score": draft.score,
        "text": draft.text,
        "findings": [
            {
                "check": finding.check,
                "severity": finding.severity.value,
                "message": finding.message,
                "words": draft.text[slice(*finding.draft_span)] if finding.draft_span else "",
            }
            for finding in draft.findings
        ],
    }
