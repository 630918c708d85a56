"""What a run would cook, and its price: the plan without the work."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flows.kitchen import open_kitchen
from flows.line import check_tones, choose_sources, list_asked
from flows.request import RunRequest
from flows.steps import plan_cooking
from stages.cook.prices import price
from stages.cook.prompt import estimate_tokens
from store.engine import Database
from store.guides import list_guides
from store.settings import Settings


@dataclass(frozen=True, slots=True)
class GuidePlan:
    """Cards without a draft in some tone; tokens are estimates."""

    guide_id: str
    title: str
    cards: int
    drafts: int
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True, slots=True)
class Plan:
    """cost_usd: None when the price of the model is unknown. sources_never_fetched: not counted."""

    model: str
    guides: tuple[GuidePlan, ...]
    drafts: int
    kept: int
    tokens_in: int
    tokens_out: int
    cost_usd: Decimal | None
    sources_never_fetched: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "drafts": self.drafts,
            "kept": self.kept,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
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
    guides, kept_total, unseen = [], 0, []
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
                if jobs:
                    guides.append(
                        GuidePlan(
                            guide_id=ref.id,
                            title=ref.title,
                            cards=len(jobs),
                            drafts=sum(len(job.tones) for job in jobs),
                            tokens_in=sum(estimate[0] for estimate in estimates),
                            tokens_out=sum(estimate[1] for estimate in estimates),
                        )
                    )
    tokens_in = sum(guide.tokens_in for guide in guides)
    tokens_out = sum(guide.tokens_out for guide in guides)
    return Plan(
        model=settings.model,
        guides=tuple(guides),
        drafts=sum(guide.drafts for guide in guides),
        kept=kept_total,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost_usd=price(settings.model, tokens_in, tokens_out),
        sources_never_fetched=tuple(unseen),
    )
