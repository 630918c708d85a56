"""Writing a draft again because an editor asked: that card, that tone, with what they want better.

Like any cooking it goes through ledger, budget and checks. The draft the editor saw stays where it
is until there is one to take its place.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from flows.models import check_models, list_models, open_gateway
from flows.summary import RunSummary
from flows.voices import due_tones, read_voices
from stages.cook.checks import licence_findings
from stages.cook.compose import compose
from stages.cook.cook import CookResult, CookSettings, cook_card
from stages.cook.offline import OFFLINE_MODEL, write_offline
from stages.errors import PermanentError, StageError
from stages.seeds import load_policy
from stages.types import Card, Draft, Risk
from store.cards import get_card
from store.completions import StoreLedger, get_spending
from store.cook_requests import (
    CookRequest,
    claim,
    fail,
    finish,
    has_waiting,
    list_texts,
    next_generation,
)
from store.engine import Database, process_holder
from store.guides import get_guide_ref
from store.runs import RunState, finish_run, start_run
from store.settings import Settings
from tones.load import Tone

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
VARIANTS = 12
"""Turns of its opening and closing lines that the offline writer is tried for."""

ANOTHER = "An editor wants another draft, written in another way."
WANTED = "An editor wants another draft. Change this, and keep to the card: "

CARD_GONE = "The card has left its guide."
TONE_GONE = "There is no such tone any more."
NO_VARIANT = (
    "The offline writer has no other version of this card, and it cannot follow a note. "
    "Edit the text, or have a model write the drafts."
)
NO_MODEL = "No model gave a usable draft, so the old one stays."
SAME = "The model wrote the same text again. Say what should be different."
BLOCKED = "The checks block what was written, so the old draft stays."


class NothingNewError(PermanentError):
    """No draft that could take the old one's place; the message tells the editor why."""


@dataclass(frozen=True, slots=True)
class _Order:
    """All there is to know to cook one request."""

    request: CookRequest
    card: Card
    tone: Tone
    generation: int
    settings: CookSettings
    written: frozenset[str]


async def recook_open(settings: Settings, db: Database) -> int:
    """Take and cook every open request, one after the other; returns how many."""
    holder = process_holder()
    done = 0
    while has_waiting(db) and (request := claim(db, holder)):
        await _recook(settings, db, request, holder)
        done += 1
    return done


@contextmanager
def recooking(settings: Settings, db: Database) -> Iterator[None]:
    """Cook what editors ask for while the block runs, within seconds, in a thread beside it."""
    stop = threading.Event()

    def loop() -> None:
        while not stop.wait(LOOK_EVERY_S):
            try:
                if has_waiting(db):
                    asyncio.run(recook_open(settings, db))
            except Exception:  # a busy database now is a free one later
                log.exception("writing drafts again")

    thread = threading.Thread(target=loop, name="recook", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)


async def _recook(settings: Settings, db: Database, request: CookRequest, holder: str) -> None:
    """Cook one request. Whatever goes wrong is told to whoever asked."""
    params = {"card": request.card_id, "tone": request.tone, "draft": request.draft_id}
    run_id = start_run(db, "recook", [], params, request.user, request.note)
    summary, state = RunSummary(run_id), RunState.FAILED
    try:
        order = _prepare(settings, db, request)
        draft = await _cook(settings, db, order, summary)
        if finish(db, request.id, holder, draft, order.card.body_hash, run_id, order.generation):
            summary.drafts.new = 1
            state = RunState.DONE
    except (StageError, OSError) as error:
        fail(db, request.id, holder, str(error))
        summary.errors.append(str(error))
    except Exception as error:
        fail(db, request.id, holder, f"Something broke while it was written: {error}")
        raise
    finally:
        spending = get_spending(db, run_id)
        summary.completions.cost_usd = float(spending.cost_usd)
        summary.completions.unknown_costs = spending.unknown_costs
        finish_run(db, run_id, state, summary.as_dict())


def _prepare(settings: Settings, db: Database, request: CookRequest) -> _Order:
    """Raises StageError when it cannot be cooked at all."""
    card = get_card(db, request.card_id)
    guide = get_guide_ref(db, card.guide_id) if card else None
    if card is None or guide is None or guide.is_removed:
        raise NothingNewError(CARD_GONE)
    voices = read_voices(settings)
    tone = due_tones(db, voices, [card.id])[card.id].get(request.tone)
    if tone is None:
        raise NothingNewError(TONE_GONE)
    check_models(settings)
    said = f"{WANTED}{request.note}" if request.note else ANOTHER
    generation = next_generation(db, card.id, tone.id)
    cook = CookSettings(
        model=settings.model,
        fallbacks=settings.fallback_model_list,
        judge=settings.judge_model,
        deadline_s=settings.model_deadline_s,
        max_wait_s=settings.model_max_wait_s,
        generation=generation,
        house=voices.house,
        standing=licence_findings(guide.licence_finding),
        flag_from=load_policy(settings.policy_file).flag_from,
        feedback={tone.id: (said,)},
    )
    written = list_texts(db, card.id, tone.id)
    return _Order(request, card, tone, generation, cook, written)


async def _cook(settings: Settings, db: Database, order: _Order, summary: RunSummary) -> Draft:
    """The new draft. Raises NothingNewError when there is none that could stand."""
    ledger = StoreLedger(
        db,
        summary.run_id,
        settings.max_cost_per_run_usd,
        settings.max_cost_per_day_usd,
        lease_s=settings.model_deadline_s + 30,
        allow_unpriced=settings.allow_unpriced_models,
    )
    if not list_models(settings):
        variant = _find_variant(order)
        cook = replace(order.settings, variant=variant)
        result = await cook_card(order.card, [order.tone], cook, ledger)
    else:
        async with open_gateway(settings) as gateway:
            result = await cook_card(order.card, [order.tone], order.settings, ledger, gateway)
    _count(summary, result)
    if result.is_makeshift:
        raise NothingNewError(" ".join((NO_MODEL, *result.problems[-2:])))
    draft = result.drafts[0]
    if draft.risk is Risk.BLOCKED:
        found = next((f.message for f in draft.findings if f.severity == "critical"), "")
        raise NothingNewError(f"{BLOCKED} {found}".strip())
    if draft.text in order.written:
        raise NothingNewError(SAME)
    return draft


def _find_variant(order: _Order) -> int:
    """The next of the offline writer's versions that was not written yet."""
    for variant in range(VARIANTS):
        sentences = write_offline(order.card, [order.tone], variant=variant)[order.tone.id]
        if compose(sentences, order.card.lang) not in order.written:
            return variant
    raise NothingNewError(NO_VARIANT)


def _count(summary: RunSummary, result: CookResult) -> None:
    calls = [one for one in result.completions if one.model != OFFLINE_MODEL]
    summary.completions.calls = len(calls)
    summary.completions.cached = result.cached
    summary.completions.tokens_in = sum(one.tokens_in for one in calls)
    summary.completions.tokens_out = sum(one.tokens_out for one in calls)
