"""Runs of the line: what they did, what went wrong."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from review_ui.deps import Serve, SignedIn
from review_ui.render import page
from review_ui.run_view import read_run
from store.runs import list_runs

router = APIRouter()

SHOWN = 30


@router.get("/runs")
def show(request: Request, serve: Serve, user: SignedIn) -> Response:
    runs = [read_run(record) for record in list_runs(serve.db, SHOWN)]
    return page(request, "runs.html", {"runs": runs, "shown": SHOWN})
