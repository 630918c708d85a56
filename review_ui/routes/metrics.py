"""Figures for a monitoring system, in Prometheus' text format."""

from collections.abc import Iterable, Iterator, Mapping

from fastapi import APIRouter
from fastapi.responses import Response

from review_ui.deps import Serve
from stages.types import PostState, Risk
from store.completions import CallState
from store.engine import utc_now
from store.gauges import Gauges, get_gauges
from store.runs import RunState
from store.tables import DraftState

router = APIRouter()

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[Mapping[str, str], float]


@router.get("/metrics")
def show(serve: Serve) -> Response:
    return Response("".join(write_gauges(get_gauges(serve.db, utc_now()))), media_type=MEDIA_TYPE)


def write_gauges(gauges: Gauges) -> Iterator[str]:
    """Every state is said, also an empty one: a line that disappears looks like a fault."""
    yield _gauge(
        "spoonful_drafts",
        "Current drafts by state and risk.",
        (
            ({"state": state.value, "risk": risk.value}, gauges.drafts.get((state, risk), 0))
            for state in DraftState
            for risk in Risk
        ),
    )
    yield _gauge(
        "spoonful_oldest_pending_draft_seconds",
        "Age of the draft that has waited longest for a decision, 0 when none waits.",
        [({}, gauges.oldest_pending_s or 0.0)],
    )
    yield _gauge("spoonful_posts", "Posts by state.", _by_state(PostState, gauges.posts))
    yield _gauge(
        "spoonful_posts_alerted",
        "Posts whose source changed or is gone, waiting for a person.",
        [({}, gauges.alerts)],
    )
    yield _gauge(
        "spoonful_pages_set_aside",
        "Pages in quarantine, waiting for a person.",
        [({}, gauges.set_aside)],
    )
    yield _gauge("spoonful_runs", "Runs by state.", _by_state(RunState, gauges.runs))
    if gauges.last_run_at is not None:
        yield _gauge(
            "spoonful_last_run_finished_timestamp_seconds",
            "When the last run ended.",
            [({}, gauges.last_run_at.timestamp())],
        )
    yield _gauge(
        "spoonful_model_calls_today",
        "Model calls since midnight UTC by state.",
        _by_state(CallState, gauges.calls),
    )
    yield _gauge(
        "spoonful_model_cost_today_usd",
        "Known cost of the model calls since midnight UTC.",
        [({}, float(gauges.cost_usd))],
    )
    yield _gauge("spoonful_leases", "Cards somebody is working on.", [({}, gauges.leases)])


def _by_state(
    states: Iterable[PostState] | Iterable[RunState] | Iterable[CallState],
    counts: Mapping[PostState, int] | Mapping[RunState, int] | Mapping[CallState, int],
) -> Iterator[Sample]:
    found = {state.value: count for state, count in counts.items()}
    return (({"state": state.value}, found.get(state.value, 0)) for state in states)


def _gauge(name: str, words: str, samples: Iterable[Sample]) -> str:
    lines = [f"# HELP {name} {words}", f"# TYPE {name} gauge"]
    for labels, value in samples:
        inside = ",".join(f'{label}="{said}"' for label, said in labels.items())
        lines.append(f"{name}{{{inside}}} {value:.10g}" if inside else f"{name} {value:.10g}")
    return "\n".join(lines) + "\n"
