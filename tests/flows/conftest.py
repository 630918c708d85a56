"""A small site served for the session, and a place that has crawled it once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.sample_site import serve_folder
from flows.workers import Workers
from tests.flows.prefect_server import PrefectServer, start_prefect
from tests.flows.publisher import Publisher
from tests.flows.small_site import Place, build_site, write_sitemaps


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the person at this machine has set must not decide a test."""
    import os

    for name in list(os.environ):
        if name.startswith("SPOONFUL_") or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def small_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the small site. Nobody changes its files."""
    folder = tmp_path_factory.mktemp("small-site")
    build_site(folder)
    with serve_folder(folder, 0) as served:
        write_sitemaps(folder, served.base)
        yield served.base


@pytest.fixture(scope="session")
def crawled(small_site: str, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A place where the whole line has run once. Take a copy."""
    place = Place(tmp_path_factory.mktemp("crawled"), small_site).prepare()
    summary = place.run()
    assert summary.errors == []
    return place


@pytest.fixture
def place(small_site: str, tmp_path: Path) -> Place:
    """A place where nothing has run yet."""
    return Place(tmp_path / "place", small_site).prepare()


@pytest.fixture
def kept(crawled: Place, tmp_path: Path) -> Place:
    """A place where the whole line has run once, all this test's own."""
    return crawled.copy_to(tmp_path / "kept")


@pytest.fixture
def publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    """A site of this test's own, and a place that has not crawled it yet.

    Pages are read in this process: starting others takes longer than all a run does here.
    """

    async def run(self: Workers, work: Callable[..., object], *arguments: object) -> object:
        return work(*arguments)

    monkeypatch.setattr(Workers, "run", run)
    folder = tmp_path / "site"
    build_site(folder)
    with serve_folder(folder, 0) as served:
        write_sitemaps(folder, served.base)
        yield Publisher(folder, served, Place(tmp_path / "place", served.base).prepare())


@pytest.fixture(scope="session")
def compiled(request: pytest.FixtureRequest) -> Path:
    """A folder for bytecode that outlives the session, where none may stand beside the sources."""
    assert request.config.cache
    return request.config.cache.mkdir("bytecode")


@pytest.fixture(scope="session")
def prefect(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Iterator[PrefectServer]:
    """A real Prefect server with deployments and a worker, one for the session."""
    with start_prefect(tmp_path_factory.mktemp("prefect"), compiled) as server:
        yield server
