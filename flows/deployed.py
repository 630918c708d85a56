"""The flows as Prefect runs them: the daily and the ad-hoc line, and publishing.

Prefect owns schedule, retries of passing failures, visibility and ad-hoc runs; what is done and
what is not stands in our database. No `from __future__ import annotations` here: Prefect reads
the parameter types at run time, and the run form is made from them and from the docstrings.
"""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from prefect import flow, runtime, task
from prefect.artifacts import acreate_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed
from prefect.tasks import Task, exponential_backoff
from pydantic import Field

from flows.request import RunRequest, Stage
from flows.retries import FIRST_DELAY_S, RETRIES, is_transient
from flows.summary import RunSummary
from stages.errors import StageError, TransientError
from store.settings import Settings, load_settings

# A run shows as Running once this file is imported. What takes long to import (database, crawler)
# is imported by the flows below, so that somebody who waits for it sees it start.

T = TypeVar("T")
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,79}$")]
Url = Annotated[str, Field(pattern=r"^https?://[^\s]{3,2000}$")]
Usd = Annotated[float, Field(ge=0, le=10_000)]
Line = Annotated[str, Field(max_length=500)]


def _name_run() -> str:
    asked = runtime.flow_run.parameters
    what = ", ".join(asked["sources"] or asked["guides"]) or "all sources"
    return f"{asked['stage'].value}: {what}, for {asked['requested_by'] or 'somebody'}"[:200]


@flow(name="line", flow_run_name=_name_run, retries=0, log_prints=False)
async def line(
    sources: list[Id] = [],  # noqa: B006  # Prefect shows defaults in the form; never mutated
    guides: list[Url] = [],  # noqa: B006
    stage: Stage = Stage.ALL,
    tones: list[Id] = [],  # noqa: B006
    tone_version: Annotated[str, Field(pattern=r"^[0-9.]{0,16}$")] = "",
    force: bool = False,
    max_cost_usd: Usd | None = None,
    dry_run: bool = False,
    requested_by: Line = "schedule",
    note: Line = "",
) -> State[Any]:
    """Guides become cards, cards become drafts, drafts are proposed to groups. People decide.

    Only what is not done is done, so running it again costs nothing. Nothing is published.

    Args:
        sources: Ids from sources.yaml, an item each. Empty: all enabled sources.
        guides: Full URLs, to work on these guides alone. Empty: all guides.
        stage: Run the whole line, or one stage of it.
        tones: Ids of tones, such as expert. Empty: all tones.
        tone_version: Cook with this version, such as 1.0, of the one tone named above.
        force: Do the chosen stage's work again even where it is done. Cooking again costs money.
        max_cost_usd: Stop before this run costs more US dollars, 0 or above. None: the setting.
        dry_run: Only say what would be cooked and what it would cost.
        requested_by: Your name, so that others know whom to ask.
        note: Why you run it.
    """
    request = RunRequest(
        sources=tuple(sources),
        guides=tuple(guides),
        stage=stage,
        tones=tuple(tones),
        tone_version=tone_version,
        force=force,
        max_cost_usd=None if max_cost_usd is None else Decimal(str(max_cost_usd)),
        dry_run=dry_run,
        requested_by=requested_by,
        note=note,
        kind="daily" if runtime.deployment.name == "daily" else "adhoc",
    )
    try:
        return await (_plan(request) if dry_run else _run(request))
    except StageError as error:  # wrong settings, or another run is at this work: the text says all
        return Failed(message=str(error))


async def _plan(request: RunRequest) -> State[Any]:
    from flows.kitchen import open_store
    from flows.plan import make_plan

    settings = load_settings()
    db = open_store(settings)
    try:
        plan = await make_plan(request, settings, db)
    finally:
        db.dispose()
    cost = "unknown" if plan.cost_usd is None else f"{plan.cost_usd:.4f} USD"
    says = f"{plan.drafts} drafts to write with {plan.model}, estimated cost {cost}."
    rows = [
        {
            "guide": guide.title,
            "cards to cook": guide.cards,
            "drafts to write": guide.drafts,
            "tokens in": guide.tokens_in,
            "tokens out": guide.tokens_out,
        }
        for guide in plan.guides
    ]
    if plan.sources_never_fetched:
        unseen = ", ".join(plan.sources_never_fetched)
        says += f" Not counted, because nothing of them was fetched yet: {unseen}."
    await acreate_table_artifact(rows, key="plan", description=says)
    return Completed(message=says)


async def _run(request: RunRequest) -> State[Any]:
    from flows.kitchen import open_store
    from flows.line import run_line

    settings = load_settings()
    db = open_store(settings)
    log = get_run_logger()
    try:
        summary = await run_line(
            request, settings, db, attempt_as_task, lambda _, said: log.info("%s", said)
        )
    finally:
        db.dispose()
    await acreate_table_artifact(
        make_rows(summary), key="run-summary", description=describe(request, summary, settings)
    )
    if summary.errors:
        return Failed(message=f"{len(summary.errors)} failures: " + "; ".join(summary.errors[:5]))
    return Completed(message=f"{summary.drafts.new} new drafts, {summary.cards.total} cards")


@flow(name="publish", log_prints=False)
async def publish_due() -> State[Any]:
    """Send every approved post whose time to undo has passed, each exactly once.

    Then write again the drafts that editors asked for, if the review pages have not.
    """
    from flows.kitchen import open_store
    from flows.publish import publish_due as publish_due_posts
    from flows.recook import recook_open

    settings = load_settings()
    try:
        db = open_store(settings)
    except StageError as error:
        return Failed(message=str(error))
    try:
        summary = await publish_due_posts(db)
        await recook_open(settings, db)
    finally:
        db.dispose()
    says = ", ".join(f"{name} {count}" for name, count in summary.as_dict().items())
    return Failed(message=says) if summary.failed or summary.verify else Completed(message=says)


async def attempt_as_task(name: str, work: Callable[[], Awaitable[T]]) -> T:
    """An `Attempt` whose work is a Prefect task: retried, timed and shown under its name."""
    pause_s = 0.0

    async def step() -> T:
        nonlocal pause_s
        await asyncio.sleep(pause_s)  # what the other side asked for, on top of Prefect's delay
        try:
            return await work()
        except TransientError as error:
            pause_s = error.retry_after_s or 0.0
            raise

    kind = name.partition(":")[0]
    made: Task[[], Any] = task(
        name=kind,
        task_run_name=name.replace("{", "(").replace("}", ")")[:200],
        retries=RETRIES,
        retry_delay_seconds=exponential_backoff(FIRST_DELAY_S),
        retry_jitter_factor=0.3,
        retry_condition_fn=_may_retry,
        cache_policy=NO_CACHE,
        persist_result=False,
    )(step)
    result: T = await made()
    return result


async def _may_retry(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    error = await state.aresult(raise_on_failure=False)
    return isinstance(error, BaseException) and is_transient(error)


def make_rows(summary: RunSummary) -> list[dict[str, str]]:
    """A row per stage, all with the same columns: Prefect shows those of the first row."""
    guides, cards, drafts = summary.guides, summary.cards, summary.drafts
    placements = summary.placements
    made = f"{drafts.new}: {drafts.low} low, {drafts.flagged} flagged, {drafts.blocked} blocked"
    rows = [
        ("procure", "guides", f"{guides.fetched} read, {guides.changed} changed", guides.unchanged),
        (
            "chop",
            "cards",
            f"{cards.new} new, {cards.changed} changed, {cards.removed} removed",
            cards.kept,
        ),
        ("cook", "drafts", made, drafts.kept),
        ("plate", "proposals", f"{placements.new} new", ""),
        ("all", "cards", f"{cards.total} now", ""),
    ]
    left_out = {
        "procure": f"{guides.quarantined} set aside, {guides.failed} failed",
        "plate": f"{placements.cards_without_group} cards fit no group",
        "all": f"{len(summary.errors)} failures",
    }
    return [
        {
            "stage": stage,
            "of": noun,
            "done": done,
            "as before": str(kept),
            "left out": left_out.get(stage, ""),
            "seconds": f"{getattr(summary.seconds, 'total' if stage == 'all' else stage):.1f}",
        }
        for stage, noun, done, kept in rows
    ]


def describe(request: RunRequest, summary: RunSummary, settings: Settings) -> str:
    """Markdown above the table: links into the queue, what was asked for, cost, what failed."""
    base = f"{settings.effective_review_url}/queue?run={summary.run_id}"
    links = " · ".join(
        f"[{label}]({base}&view={view})"
        for label, view in (("To review", "review"), ("Flagged", "flagged"), ("Blocked", "blocked"))
    )
    asked = [
        ", ".join(request.sources) or "all enabled sources",
        *request.guides,
        f"stage {request.stage.value}",
        ", ".join(request.tones) or "all tones",
        *(["forced"] if request.force else []),
    ]
    calls = summary.completions
    lines = [
        f"**Review what this run made:** {links}",
        f"**Asked for:** {_quote(', '.join(asked))} by {_quote(request.requested_by or 'somebody')}"
        + (f": {_quote(request.note)}" if request.note else ""),
        f"**Cost:** {calls.cost_usd:.4f} USD for {calls.calls} calls of {settings.model} "
        f"({calls.tokens_in} tokens in, {calls.tokens_out} out), "
        f"{calls.cost_usd / max(1, calls.cards):.4f} USD a card; {calls.cached} were at hand"
        + (f"; {calls.unknown_costs} calls of unknown cost" if calls.unknown_costs else ""),
        f"**Run:** {_quote(summary.run_id)}",
    ]
    if summary.notes:
        lines.append("**Notes:**\n\n" + "\n".join(f"- {_quote(n)}" for n in summary.notes[:50]))
    if summary.errors:
        lines.append("**Failures:**\n\n" + "\n".join(f"- {_quote(e)}" for e in summary.errors[:50]))
    return "\n\n".join(lines)


def _quote(text: str) -> str:
    """Text that people or pages wrote, shown as it is: no markup of it takes effect."""
    line = " ".join(text.replace("`", "'").split())
    return f"`{line[:500]}`"
