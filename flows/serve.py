"""Serving the review pages in this process."""

from __future__ import annotations

import socket

from stages.errors import ConfigError
from store.settings import Settings


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
    """Serve until Ctrl-C or SIGTERM. Raises ConfigError when the port is taken."""
    import uvicorn  # with FastAPI 0.5 s

    from review_ui.app import create_app

    check_port(settings.review_host, settings.review_port, "The review server")
    uvicorn.run(
        create_app(settings),
        host=settings.review_host,
        port=settings.review_port,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=3,
    )
