"""Our own files and the vendor files of the explicit map; nothing else on the disk."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from review_ui.deps import Serve

router = APIRouter()


@router.api_route("/static/{version}/{name:path}", methods=["GET", "HEAD"])
def static(request: Request, serve: Serve, version: str, name: str) -> Response:
    asset = serve.assets.files.get(name)
    if asset is None:
        raise HTTPException(404)
    is_current = version == serve.assets.version
    headers = {
        # A page that was open during an update asks for the old version: give it the new, once.
        "cache-control": "public, max-age=31536000, immutable" if is_current else "no-cache",
        "vary": "accept-encoding",
    }
    body = asset.body
    if asset.gzipped and "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"], body = "gzip", asset.gzipped
    return Response(body, media_type=asset.media_type, headers=headers)
