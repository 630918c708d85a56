"""The flows as Prefect runs them: the daily and the ad-hoc line, and publishing.

Prefect owns schedule, retries of passing failures, visibility and ad-hoc runs; what is done and
what is not stands in our database. No `from __future__ import annotations` here: Prefect reads
the parameter types at run time, and the run form is made from them and from the docstrings.
"""

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

from flows.kitchen import open_store
from flows.line import run_line
from flows.plan import make_plan
from flows.publish import publish_due as publish_due_posts
from flows.request import RunRequest, Stage
from flows.retries import FIRST_DELAY_S, RETRIES, is_transient
from flows.summary import RunSummary
from store.settings import Settings, load_settings

T = TypeVar("T")
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,79}$")]
Url = Annotated[str, Field(pattern=r"^https?://[^\s]{3,2000}$")]
Usd = Annotated[float, Field(ge=0, le=10_000)]
Line = Annotated[str, Field(max_length=500)]


@flow(name="line", flow_run_name="{requested_by} {stage.value}", retries=0, log_prints=False)
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
        sources: Ids from sources.yaml, one per line. Empty: all enabled sources.
        guides: Full URLs, to work on these guides alone. Empty: all.
        stage: Run the whole line, or one stage of it.
        tones: Ids of tones, such as expert. Empty: all.
        tone_version: Cook with this version of the one tone named instead of the active one.
        force: Do the chosen stage's work again even where it is done. Cooking again costs money.
        max_cost_usd: Stop before this run costs more, in US dollars. Empty: the setting.
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
    settings = load_settings()
    db = open_store(settings)
    try:
        if dry_run:
            plan = await make_plan(request, settings, db)
            rows = [{"guide": guide.title, "drafts": guide.drafts} for guide in plan.guides]
            cost = "unknown" if plan.cost_usd is None else f"{plan.cost_usd:.4f} USD"
            says = f"{plan.drafts} drafts to write with {plan.model}, estimated cost {cost}."
            await acreate_table_artifact(rows, key="plan", description=says)
            return Completed(message=says)
        log = get_run_logger()
        summary = await run_line(
            request, settings, db, attempt_as_task, lambda _, said: log.info("%s", said)
        )
    finally:
        db.dispose()
    await acreate_table_artifact(
        _rows(summary), key="run-summary", description=_describe(summary, settings)
    )
    if summary.errors:
        return Failed(message=f"{len(summary.errors)} failures: " + "; ".join(summary.errors[:5]))
    return Completed(message=f"{summary.drafts.new} new drafts, {summary.cards.total} cards")


@flow(name="publish", log_prints=False)
async def publish_due() -> State[Any]:
    """Send every approved post whose time to undo has passed, each exactly once."""
    db = open_store(load_settings())
    try:
        summary = await publish_due_posts(db)
    finally:
        db.dispose()
    says = ", ".join(f"{name} {count}" for name, count in summary.as_dict().items())
    return Failed(message=says) if summary.failed or summary.verify else Completed(message=says)


async def attempt_as_task(name: str, work: Callable[[], Awaitable[T]]) -> T:
    """An `Attempt` whose work is a Prefect task: retried, timed and shown under its name."""

    async def step() -> T:
        return await work()

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


def _rows(summary: RunSummary) -> list[dict[str, str]]:
    """The summary, one line per noun."""
    return [
        {"what": name, **{key: f"{value:g}" for key, value in counts.items()}}
        for name, counts in summary.as_dict().items()
        if isinstance(counts, dict)
    ]


def _describe(summary: RunSummary, settings: Settings) -> str:
    """Markdown above the table: links into the queue, and what failed."""
    base = f"{settings.effective_review_url}/queue?run={summary.run_id}"
    links = " · ".join(
        f"[{label}]({base}&view={view})"
        for label, view in (("To review", "review"), ("Flagged", "flagged"), ("Blocked", "blocked"))
    )
    lines = [f"Run {summary.run_id}: {links}", f"Cost {summary.completions.cost_usd:.4f} USD"]
    lines += [f"- {error}" for error in summary.errors]
    return "\n\n".join(lines)
