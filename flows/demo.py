"""The demo: the whole line on the bundled sample site, then the review queue to try it in."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flows.kitchen import open_store
from flows.line import run_line
from flows.progress import print_summary, show_progress
from flows.publish import publish_due
from flows.request import RunRequest
from flows.sample_site import SITE_HOST, serve_folder, stage_site, write_sources
from flows.summary import RunSummary
from stages.errors import ConfigError
from store.engine import Database
from store.guides import list_guides
from store.settings import Settings, load_settings, prepare_home

SOURCE_ID = "harbour-sample"
DEMO_USERS = ("demo", "second")
"""Two, since drafts on high-stakes topics need two people."""
DEMO_PUBLISH_DELAY_S = 10
"""Short enough to see an approved card in the feed at once, long enough to undo."""
PUBLISH_EVERY_S = 2.0
EMBEDDED = (
    "model", "fallback_models", "embedding_model", "groups_file", "policy_file", "tones_dir"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """is_later: serve the site as it is a month later. port: of the review pages, None for the
    setting's.
    """

    once: bool
    as_json: bool
    is_later: bool
    port: int | None
    site_port: int
    opens_browser: bool


def run_demo(options: DemoOptions) -> int:
    """Run the line on the sample site; unless `once`, serve the queue until Ctrl-C.

    Returns the exit code. Raises ConfigError when home holds real work or a port is taken.
    """
    from flows.serve import check_port, serve_review

    settings = _demo_settings(options)
    db = open_store(settings)
    _refuse_real_work(db, settings)
    if not options.once:
        check_port(settings.review_host, settings.review_port, "The review server")
    site = prepare_home(settings) / "sample-site"
    stage_site(site, f"http://{SITE_HOST}:{options.site_port}", options.is_later)
    with serve_folder(site, options.site_port) as served:
        write_sources(settings.sources_file, served.base)
        summary = _run(settings, db, options)
        if options.once:
            return 1 if summary.errors else 0
        passwords = [_renew_user(db, name) for name in DEMO_USERS]
        queue = f"{settings.effective_review_url}/queue"
        _say(f"\nThe queue is at {queue}")
        for name, password in zip(DEMO_USERS, passwords, strict=True):
            _say(f"Sign in as  {name}  with password  {password}")
        _say("Where much is at stake it takes both: use a private window for the second.")
        _say("Ctrl-C ends everything; the data stays in " + str(settings.home_path))
        if options.opens_browser and sys.stdout.isatty():
            webbrowser.open(queue)
        with _publishing(db):
            serve_review(settings)
    return 0


def _demo_settings(options: DemoOptions) -> Settings:
    base = load_settings()
    # Embedded defaults whatever is set: the demo must cost nothing and ask nobody.
    defaults = {name: Settings.model_fields[name].default for name in EMBEDDED}
    overrides: dict[str, Any] = {
        **defaults,
        "sources_file": prepare_home(base) / "sample_sources.yaml",
        "allow_private": f"{SITE_HOST}:{options.site_port}",
        "publish_delay_s": DEMO_PUBLISH_DELAY_S,
    }
    if options.port is not None:
        overrides["review_port"] = options.port
    return load_settings(**overrides)


def _refuse_real_work(db: Database, settings: Settings) -> None:
    if any(guide.source_id != SOURCE_ID for guide in list_guides(db)):
        raise ConfigError(
            f"{settings.home_path} holds guides of real sources, and the demo would mix its sample "
            "with them. Give it a home of its own: SPOONFUL_HOME=./demo spoonful demo"
        )


def _run(settings: Settings, db: Database, options: DemoOptions) -> RunSummary:
    request = RunRequest(sources=(SOURCE_ID,), kind="demo", requested_by="demo", note="sample site")
    with show_progress(is_quiet=options.as_json) as report:
        summary = asyncio.run(run_line(request, settings, db, report=report))
    if options.as_json:
        print(json.dumps(summary.as_dict(), ensure_ascii=False), flush=True)  # noqa: T201
    else:
        print_summary(summary, settings)
    return summary


def _renew_user(db: Database, name: str) -> str:
    """A demo editor with a new random password each time: nothing ever has a default one."""
    from store.passwords import hash_password
    from store.users import Role, add_user, set_password

    password = secrets.token_urlsafe(12)
    hashed = hash_password(password)
    if not set_password(db, name, hashed):
        add_user(db, name, hashed, Role.ADMIN)
    return password


@contextmanager
def _publishing(db: Database) -> Iterator[None]:
    """Send due posts every two seconds while the block runs, as the deployment does in earnest."""
    stop = threading.Event()

    def loop() -> None:
        while not stop.wait(PUBLISH_EVERY_S):
            try:
                asyncio.run(publish_due(db))
            except Exception as error:  # noqa: BLE001  # a busy database now is a free one later
                print(f"publishing: {error}", file=sys.stderr)  # noqa: T201

    thread = threading.Thread(target=loop, name="publish", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # talks to the person at the terminal
