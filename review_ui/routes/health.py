"""For load balancers: is the process there, can it do its work."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from review_ui.deps import Serve
from stages.errors import ConfigError
from store.migrate import check_version

router = APIRouter()


@router.get("/healthz")
def healthz() -> PlainTextResponse:
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def readyz(serve: Serve) -> PlainTextResponse:
    try:
        is_ready = check_version(serve.db)
    except ConfigError:  # its text names the database: not for the public
        return PlainTextResponse("database: not reachable, or from a later version\n", 503)
    if not is_ready:
        return PlainTextResponse("database: not migrated\n", 503)
    return PlainTextResponse("ready\n")
