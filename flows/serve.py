"""Serving the review pages in this process."""

from __future__ import annotations

import gc
import logging
import socket

from stages.errors import ConfigError
from store.engine import Database
from store.settings import Settings

log = logging.getLogger(__name__)

_GC_THRESHOLDS = (50_000, 20, 20)
"""A page leaves 2,000 objects for the collector: with the usual 700, it looked through everything
that lives in the middle of every 36th page, for 40 ms and more.
"""


def check_port(host: str, port: int, name: str) -> None:
    """Raises ConfigError when something listens there already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"{name} cannot listen on {host}:{port} ({error.strerror}). "
                "End what uses that port, or choose another."
            ) from error


def serve_review(settings: Settings) -> None:
    """Serve until Ctrl-C or SIGTERM, and write again what editors ask for meanwhile.

    Raises ConfigError when the port is taken.
    """
    import uvicorn  # with FastAPI 0.5 s

    from flows.recook import recooking
    from review_ui.app import create_app

    check_port(settings.review_host, settings.review_port, "The review server")
    app = create_app(settings)
    keep_tones(settings, app.state.services.db)
    templates = app.state.services.templates
    for name in templates.list_templates():
        templates.get_template(name)  # or whoever comes first waits for it
    gc.freeze()  # what stands for good is not looked through again in the middle of a page
    gc.set_threshold(*_GC_THRESHOLDS)
    with recooking(settings, app.state.services.db):
        uvicorn.run(
            app,
            host=settings.review_host,
            port=settings.review_port,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=3,
        )


def keep_tones(settings: Settings, db: Database) -> None:
    """Let the page of tones know every version; a mistake in one keeps nobody from reviewing."""
    from flows.voices import keep_voices, read_voices

    try:
        keep_voices(db, read_voices(settings))
    except ConfigError as error:
        log.warning("%s", error)
