"""The steps of the line on one guide: plain functions that only do what is not done yet."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from flows.cutting import chop_in_worker
from flows.kitchen import Kitchen, hash_parts
from flows.models import tell_faults, tell_hitches
from flows.request import RunRequest, Stage
from flows.summary import RunSummary
from flows.voices import Due
from flows.workers import Workers
from stages.chop import match_cards
from stages.cook.checks import Checked, check_draft, licence_findings
from stages.cook.cook import CookResult, CookSettings, cook_card, draft_key
from stages.cook.offline import OFFLINE_MODEL
from stages.cook.rules import tone_rules
from stages.errors import BudgetError, ConfigError, PermanentError, StageError
from stages.types import Card, ChangeKind, DraftSentence, Finding, Placement, Risk, ToneRules
from store.cards import (
    CardState,
    apply_changes,
    count_live_cards,
    list_card_states,
    list_cards,
)
from store.completions import StoreLedger
from store.drafts import DraftMark, add_drafts, list_marks
from store.guides import GuideRef, get_guide, get_guide_ref
from store.past_drafts import bring_back, list_past_keys
from store.placements import list_placements, set_placements
from store.sketches import add_sketches, list_unsketched, load_sketches, set_twins
from store.tables import DraftState
from tones.load import Tone

if TYPE_CHECKING:
    from stages.cook.complete import Gateway

CHOP_VERSION = "5"
"""Raised when the chopper changes so that every guide is chopped again."""

PLATE_VERSION = "1"
"""Raised when matching changes so that every card is placed again."""


MANY_CARDS = 16
"""Cards under way from which on drafts are checked in another process: at 8 ms of CPU each, they
would keep this one from sending calls."""

CHECKERS = max(1, (os.cpu_count() or 2) // 4)
"""Processes of 80 MB; one keeps up with 100 drafts a second."""


@dataclass(frozen=True, slots=True)
class CookJob:
    """A card with the tones it lacks. generation: 0, or one more for each forced re-cook."""

    card: Card
    tones: tuple[Tone, ...]
    generation: int


@dataclass(slots=True)
class Stove:
    """What cooking needs besides the kitchen, for a whole run.

    gateway: None when only the offline writer writes. places: cards cooked at once, see
    `count_places`; a call is claimed and its price reserved only when it can be sent. counter:
    where one guide at a time plans its cards and gets them places. checkers: where drafts are
    checked once many cards have been under way. is_off: no more is begun.
    faults: why the offline writer stood in for a model, with the number of cards; the line takes
    them from here. hitches: what went wrong and ended well, likewise.
    """

    gateway: Gateway | None
    max_run_usd: Decimal
    places: asyncio.Semaphore
    counter: asyncio.Lock = field(default_factory=asyncio.Lock)
    checkers: Workers = field(default_factory=lambda: Workers(CHECKERS))
    has_checkers: bool = False
    under_way: int = 0
    is_off: bool = False
    faults: Counter[str] = field(default_factory=Counter)
    hitches: Counter[str] = field(default_factory=Counter)

    def notes(self) -> list[str]:
        """What cards got over, with their number, and what became of the models."""
        cards = [
            text if count == 1 else f"{text} ({count} cards)"
            for text, count in self.hitches.items()
        ]
        return cards + (self.gateway.notes() if self.gateway else [])


def count_places(calls_at_once: int) -> int:
    """Cards to cook at once so that no call ever waits for a card: those whose calls are in flight,
    as many whose answers are being checked, and as many with their prompts ready.
    """
    return 3 * calls_at_once


def is_chopped(kitchen: Kitchen, ref: GuideRef, request: RunRequest) -> bool:
    """Whether the guide's cards are what they would be made to now."""
    is_forced = request.force and request.stage == Stage.CHOP
    return not is_forced and ref.chopped_key == _chopped_key(kitchen, ref)


async def chop(kitchen: Kitchen, guide_id: str, request: RunRequest, summary: RunSummary) -> None:
    """Bring a guide's cards to its present text. Cards of an untouched part keep id and drafts."""
    ref, guide = get_guide_ref(kitchen.db, guide_id), get_guide(kitchen.db, guide_id)
    if ref is None or guide is None or ref.is_removed:
        return
    if is_chopped(kitchen, ref, request):
        summary.cards.kept += count_live_cards(kitchen.db, [guide_id]).get(guide_id, 0)
        return
    old, manner = list_cards(kitchen.db, guide_id), _chop_manner(kitchen, ref)
    # What still reads the same is cut the same, unless it is the chopper that has changed.
    before = old if ref.chopped_key.startswith(manner) else ()
    target = kitchen.sources[guide.source_id].target_cards
    cards = await kitchen.workers.run(
        chop_in_worker,
        guide,
        str(kitchen.settings.policy_file),
        kitchen.policy_hash,
        target,
        before,
    )
    changes = match_cards(old, cards)
    apply_changes(kitchen.db, guide.id, changes, _chopped_key(kitchen, ref))
    for change in changes:
        match change.kind:
            case ChangeKind.NEW:
                summary.cards.new += 1
            case ChangeKind.KEPT:
                summary.cards.kept += 1
            case ChangeKind.REMOVED:
                summary.cards.removed += 1
            case _:
                summary.cards.changed += 1


def _chopped_key(kitchen: Kitchen, ref: GuideRef) -> str:
    """What the cards are made from: how it is chopped, and what."""
    return _chop_manner(kitchen, ref) + hash_parts(ref.content_hash, ref.title)[:16]


def _chop_manner(kitchen: Kitchen, ref: GuideRef) -> str:
    target = kitchen.sources[ref.source_id].target_cards
    return hash_parts(CHOP_VERSION, kitchen.policy_hash, str(target))[:16] + "-"


def find_twins(kitchen: Kitchen) -> None:
    """Note for every card that is new or changed which card of another guide says nearly the same.

    Looks at what is missing in the store, so a run that was cut short is made good by the next.
    """
    from stages.chop.sketch import Library, sketch  # numpy

    missing = list_unsketched(kitchen.db)
    if not missing:
        return
    sketches = {card.card_id: (card.body_hash, sketch(card.text, card.lang)) for card in missing}
    add_sketches(kitchen.db, sketches)
    library = Library(load_sketches(kitchen.db))
    twins = {
        card.card_id: library.find_twin(sketches[card.card_id][1], card.guide_id)
        for card in missing
    }
    set_twins(kitchen.db, twins)


def plan_cooking(kitchen: Kitchen, guide_id: str, request: RunRequest) -> tuple[list[CookJob], int]:
    """The cards of a guide that lack a draft, and how many drafts need not be made.

    Wanted keys minus done keys. A draft a person has decided or edited stands until its card
    changes, also when forced; a pending one is made again when model or card changed, in the
    version of its tone that is due then.
    """
    cards = list_cards(kitchen.db, guide_id)
    ids = [card.id for card in cards]
    marks = {(mark.card_id, mark.tone): mark for mark in list_marks(kitchen.db, ids)}
    due = kitchen.due_tones(ids)
    past = list_past_keys(kitchen.db, ids) if request.renew else frozenset()
    jobs, kept = [], 0
    for card in cards:
        missing: dict[int, list[Tone]] = {}
        for tone in _wanted_tones(kitchen, request, due[card.id]):
            mark = marks.get((card.id, tone.id))
            generation = mark.generation if mark else 0
            is_forced = request.force and request.includes(Stage.COOK)
            if is_forced and not _is_a_persons(card, mark):
                missing.setdefault(generation + 1, []).append(tone)
            elif _is_a_persons(card, mark) or _is_cooked(kitchen, card, tone, mark, request, past):
                kept += 1
            else:
                missing.setdefault(generation, []).append(tone)
        jobs += [CookJob(card, tuple(tones), number) for number, tones in missing.items()]
    return jobs, kept


async def cook(
    kitchen: Kitchen, guide_id: str, request: RunRequest, summary: RunSummary, stove: Stove
) -> None:
    """Write the missing drafts of a guide, several cards at once, each kept as soon as it is done.

    Raises what ended a card, BudgetError and ConfigError before others. After an error that the
    next card would meet, too (a spent budget, a refused key), no further card is begun.
    """
    ledger = StoreLedger(
        kitchen.db,
        summary.run_id,
        stove.max_run_usd,
        kitchen.settings.max_cost_per_day_usd,
        lease_s=kitchen.settings.model_deadline_s + 30,
        allow_unpriced=kitchen.settings.allow_unpriced_models,
    )

    async def check(
        card: Card, text: str, rules: ToneRules, sentences: tuple[DraftSentence, ...]
    ) -> Checked:
        if stove.has_checkers:
            with suppress(PermanentError):  # it died; what it could not do is done here
                return await stove.checkers.run(check_draft, card, text, rules, sentences)
        await asyncio.sleep(0)
        return check_draft(card, text, rules, sentences)

    async def one(job: CookJob, doubts: tuple[Finding, ...]) -> StageError | None:
        try:
            if stove.is_off:
                return None
            settings = _cook_settings(kitchen, job, doubts)
            result = await cook_card(job.card, job.tones, settings, ledger, stove.gateway, check)
        except StageError as error:
            stove.is_off |= isinstance(error, BudgetError | ConfigError | PermanentError)
            return error
        finally:
            stove.under_way -= 1
            stove.places.release()
        add_drafts(kitchen.db, result.drafts, summary.run_id, job.generation)
        _count(summary, result)
        stove.faults.update(tell_faults(result))
        stove.hitches.update(tell_hitches(result))
        return None

    cards = []
    async with asyncio.TaskGroup() as group, stove.counter:
        if request.renew:
            _bring_back(kitchen, guide_id, request)
        jobs, kept = plan_cooking(kitchen, guide_id, request)
        summary.drafts.kept += kept
        guide = get_guide_ref(kitchen.db, guide_id) if jobs else None
        doubts = licence_findings(guide.licence_finding) if guide else ()
        for job in jobs:
            await stove.places.acquire()
            cards.append(group.create_task(one(job, doubts)))
            stove.under_way += 1
            if stove.gateway and stove.under_way >= MANY_CARDS and not stove.has_checkers:
                stove.has_checkers = True  # and have loaded all before the first reply comes
                rules = tone_rules(job.tones[0], job.card.lang)
                group.create_task(check(job.card, "", rules, ()))
    errors = [error for card in cards if (error := card.result())]
    for error in sorted(errors, key=lambda error: not isinstance(error, BudgetError | ConfigError)):
        raise error


async def plate(kitchen: Kitchen, guide_id: str, request: RunRequest, summary: RunSummary) -> None:
    """Propose groups for the cards of a guide that have changed since they were last placed."""
    states = list_card_states(kitchen.db, guide_id)
    is_forced = request.force and request.stage == Stage.PLATE
    keys = {state.card.id: _plated_key(kitchen, state) for state in states}
    todo = [state.card for state in states if is_forced or state.plated_key != keys[state.card.id]]
    if todo:
        placements = await asyncio.to_thread(_place, kitchen, todo)
        summary.placements.new += set_placements(kitchen.db, placements, keys)
    placed = list_placements(kitchen.db, [state.card.id for state in states])
    summary.placements.cards_without_group += sum(
        1 for state in states if state.card.id not in placed
    )


def _place(kitchen: Kitchen, cards: Sequence[Card]) -> dict[str, tuple[Placement, ...]]:
    from stages.plate.match import place_cards  # numpy, and through embed the model

    return place_cards(cards, kitchen.groups, kitchen.embed)


def _plated_key(kitchen: Kitchen, state: CardState) -> str:
    card = state.card
    return hash_parts(
        PLATE_VERSION,
        card.body_hash,
        card.ctx_hash,
        card.title,
        repr((card.topics, card.stages, card.lang)),
        kitchen.groups_hash,
    )


def _wanted_tones(kitchen: Kitchen, request: RunRequest, due: Due) -> tuple[Tone, ...]:
    ids = request.tones or tuple(due)
    if request.tone_version:
        return tuple(
            tone
            for tone_id in ids
            for tone in kitchen.versions[tone_id]
            if tone.version == request.tone_version
        )
    return tuple(due[tone_id] for tone_id in ids)


def _is_cooked(
    kitchen: Kitchen,
    card: Card,
    tone: Tone,
    mark: DraftMark | None,
    request: RunRequest,
    past: frozenset[str],
) -> bool:
    """Whether the draft is what would be cooked now, or one that was is kept. past: keys of those.

    A draft keeps the tone version it was made with, whatever was promoted since or became of its
    file: only who asks for a version, or for what is due, has it made again.
    """
    if mark is None:
        return False
    if not (request.tone_version or request.renew):
        tone = replace(tone, hash=mark.tone_hash)
    key = draft_key(card, tone, kitchen.settings.model, mark.generation)
    return key == mark.key or key in past


def _bring_back(kitchen: Kitchen, guide_id: str, request: RunRequest) -> None:
    """Let drafts stand again that were made before in the version that is due once more."""
    cards = list_cards(kitchen.db, guide_id)
    ids = [card.id for card in cards]
    due, past = kitchen.due_tones(ids), list_past_keys(kitchen.db, ids)
    generations = {
        (mark.card_id, mark.tone): mark.generation for mark in list_marks(kitchen.db, ids)
    }
    model = kitchen.settings.model
    wanted = {
        draft_key(card, tone, model, generations.get((card.id, tone.id), 0))
        for card in cards
        for tone in _wanted_tones(kitchen, request, due[card.id])
    }
    bring_back(kitchen.db, sorted(wanted & past))


def _is_a_persons(card: Card, mark: DraftMark | None) -> bool:
    """Whether somebody has decided on the draft or edited it, and its card is as it was then."""
    if mark is None or mark.body_hash != card.body_hash:
        return False
    return mark.state is not DraftState.PENDING or mark.is_edited


def _cook_settings(kitchen: Kitchen, job: CookJob, standing: tuple[Finding, ...]) -> CookSettings:
    settings = kitchen.settings
    return CookSettings(
        model=settings.model,
        fallbacks=settings.fallback_model_list,
        judge=settings.judge_model,
        deadline_s=settings.model_deadline_s,
        max_wait_s=settings.model_max_wait_s,
        generation=job.generation,
        house=kitchen.house,
        standing=standing,
        flag_from=kitchen.policy.flag_from,
    )


def _count(summary: RunSummary, result: CookResult) -> None:
    summary.drafts.new += len(result.drafts)
    for draft in result.drafts:
        match draft.risk:
            case Risk.LOW:
                summary.drafts.low += 1
            case Risk.FLAGGED:
                summary.drafts.flagged += 1
            case Risk.BLOCKED:
                summary.drafts.blocked += 1
    summary.completions.cached += result.cached
    summary.completions.cards += any(call.model != OFFLINE_MODEL for call in result.completions)
    for completion in result.completions:
        summary.completions.calls += 1
        summary.completions.tokens_in += completion.tokens_in
        summary.completions.tokens_out += completion.tokens_out
        summary.completions.cost_usd += float(completion.cost_usd or 0)
        summary.completions.unknown_costs += completion.cost_usd is None
