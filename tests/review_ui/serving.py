"""A running desk, for browsers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from review_ui.app import create_app
from store.settings import Settings


@contextmanager
def serve_desk(settings: Settings) -> Iterator[str]:
    """Its address, as long as the block lasts."""
    config = uvicorn.Config(create_app(settings), port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)
