"""What a run would cook, and its price: the plan without the work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flows.kitchen import open_kitchen
from flows.line import check_tones, choose_sources, list_asked
from flows.request import RunRequest
from flows.steps import plan_cooking
from stages.cook.judge import foresee_judge
from stages.cook.offline import OFFLINE_MODEL
from stages.cook.prices import price
from stages.cook.prompt import estimate_tokens
from store.engine import Database
from store.guides import list_guides
from store.settings import Settings


@dataclass(frozen=True, slots=True)
class GuidePlan:
    """Cards without a draft in some tone; tokens are estimates, the judge's calls included."""

    guide_id: str
    title: str
    cards: int
    drafts: int
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True, slots=True)
class Plan:
    """judge: the model that judges, '' for none; tokens_judge: its share (in, out) of the tokens.
    cost_usd: None when the price of a model is unknown. sources_never_fetched: not counted.
    """

    model: str
    judge: str
    guides: tuple[GuidePlan, ...]
    drafts: int
    kept: int
    tokens_in: int
    tokens_out: int
    tokens_judge: tuple[int, int]
    cost_usd: Decimal | None
    sources_never_fetched: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "judge": self.judge,
            "drafts": self.drafts,
            "kept": self.kept,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "tokens_judge": list(self.tokens_judge),
            "cost_usd": None if self.cost_usd is None else float(self.cost_usd),
            "guides": [
                {"id": guide.guide_id, "title": guide.title, "cards": guide.cards}
                | {"drafts": guide.drafts}
                for guide in self.guides
            ],
            "sources_never_fetched": list(self.sources_never_fetched),
        }


async def make_plan(request: RunRequest, settings: Settings, db: Database) -> Plan:
    """Read the database only: nothing is fetched, written or paid. Raises ConfigError."""
    guides, kept_total, unseen, judged = [], 0, [], (0, 0)
    judge = settings.judge_model if settings.model != OFFLINE_MODEL else ""
    async with open_kitchen(settings, db, writes=False) as kitchen:
        check_tones(kitchen, request)
        for source in choose_sources(kitchen, request):
            if not list_guides(db, [source.id]):
                unseen.append(source.id)
            for ref in list_asked(db, source, request):
                jobs, kept = plan_cooking(kitchen, ref.id, request)
                kept_total += kept
                estimates = [
                    estimate_tokens(job.card, job.tones, kitchen.house, settings.model)
                    for job in jobs
                ]
                if judge:
                    looks = [foresee_judge(j.card, j.tones, kitchen.house, judge) for j in jobs]
                    estimates += looks
                    judged = _total([judged, *looks])
                if jobs:
                    told, written = _total(estimates)
                    guides.append(
                        GuidePlan(
                            guide_id=ref.id,
                            title=ref.title,
                            cards=len(jobs),
                            drafts=sum(len(job.tones) for job in jobs),
                            tokens_in=told,
                            tokens_out=written,
                        )
                    )
    tokens_in = sum(guide.tokens_in for guide in guides)
    tokens_out = sum(guide.tokens_out for guide in guides)
    return Plan(
        model=settings.model,
        judge=judge,
        guides=tuple(guides),
        drafts=sum(guide.drafts for guide in guides),
        kept=kept_total,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tokens_judge=judged,
        cost_usd=_add(
            price(settings.model, tokens_in - judged[0], tokens_out - judged[1]),
            price(judge, *judged) if judge else Decimal(0),
        ),
        sources_never_fetched=tuple(unseen),
    )


def _total(tokens: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return sum(told for told, _ in tokens), sum(written for _, written in tokens)


def _add(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other
