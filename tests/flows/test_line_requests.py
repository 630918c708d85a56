"""What somebody may ask of a run: stages, sources, guides, tones, all over again."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.plan import Plan, make_plan
from flows.request import RunRequest
from flows.sample_site import serve_folder
from stages.errors import ConfigError
from stages.types import Risk
from store.decision_types import By, RejectReason
from store.decisions import edit
from store.drafts import DraftView, list_drafts
from store.engine import Database
from store.runs import LockedError, RunState, list_runs, start_run
from store.tables import DraftState
from store.users import add_user
from tests.deciding import approve, reject
from tests.flows.small_site import (
    GROUPS,
    SECTIONS_EN,
    Place,
    build_site,
    content_of,
    everything_in,
    page,
    write_sitemaps,
)

SECTIONS_BATH = (
    "Fill the bath with 8 to 10 cm of water. The water should be 37 to 38°C; test it with your "
    "elbow or a thermometer. Never leave a baby alone in the bath, not even for a minute. "
    "Two or three baths a week are enough in the first year. Dry the folds of the skin well."
)


def drafts_of(db: Database, tone: str = "mom") -> dict[str, DraftView]:
    """Current drafts of a tone by card id."""
    cards = [card["id"] for card in _cards(db)]
    found = list_drafts(db, cards)
    return {
        card_id: draft
        for card_id, drafts in found.items()
        for draft in drafts
        if draft.tone == tone
    }


def _cards(db: Database) -> list[dict[str, Any]]:
    return [card for card in content_of(db)["cards"] if card["removed_at"] is None]


def counts(place: Place) -> dict[str, int]:
    return {
        name: len(rows)
        for name, rows in place.content().items()
        if name in ("guides", "cards", "drafts", "placements")
    }


def test_stages_one_by_one_make_what_a_whole_run_makes(place: Place, crawled: Place) -> None:
    whole = crawled.content()
    expected = {"guides": 0, "cards": 0, "drafts": 0, "placements": 0}
    for stage, made in (
        ("procure", "guides"),
        ("chop", "cards"),
        ("cook", "drafts"),
        ("plate", "placements"),
    ):
        summary = place.run(stage=stage)
        expected[made] = len(whole[made])
        assert summary.errors == []
        assert counts(place) == expected, stage
    assert place.content() == whole


def test_source_runs_that_source_only(place: Place) -> None:
    summary = place.run(sources=("gangwan",), stage="procure")

    assert [guide["source_id"] for guide in place.content()["guides"]] == ["gangwan"]
    assert summary.guides.fetched == 1


def test_guide_runs_that_guide_only(place: Place) -> None:
    url = f"{place.base}/en/sleep.html"
    summary = place.run(guides=(url,), stage="procure")

    assert [guide["url"] for guide in place.content()["guides"]] == [url]
    assert summary.guides.fetched == 1
    pages = [row["url"] for row in place.content()["pages"]]
    assert pages == [url]


def test_guide_is_the_same_however_its_address_is_spelt(place: Place) -> None:
    url = f"{place.base}/en/sleep.html"
    asked = (f"{url}?utm_source=mail#top", url, f"{place.base}/en/./sleep.html")
    place.run(guides=asked[:1], stage="procure")
    again = place.run(guides=asked)

    assert [guide["url"] for guide in place.content()["guides"]] == [url]
    assert [row["url"] for row in place.content()["pages"]] == [url]
    assert again.errors == []
    assert (again.guides.fetched, again.guides.unchanged) == (0, 1)
    assert again.cards.total == len(place.content()["cards"]) > 0
    assert plan_of(place, guides=asked[:1], force=True).drafts == 3 * again.cards.total


def test_forced_procuring_reads_unchanged_pages_anew(
    kept: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stages.procure.fetch import Fetcher

    validators = list[str]()
    fetch = Fetcher.fetch

    async def watch(self: Fetcher, url: str, *arguments: Any, **more: Any) -> Any:
        if url.endswith(".html"):
            validators.append(more["etag"] + more["last_modified"])
        return await fetch(self, url, *arguments, **more)

    monkeypatch.setattr(Fetcher, "fetch", watch)
    before = kept.content()
    plain = kept.run(stage="procure")
    asked = list(validators)
    validators.clear()
    forced = kept.run(stage="procure", force=True)

    assert plain.guides.fetched == 0
    assert len(asked) == 3
    assert all(asked)
    assert forced.errors == []
    assert (forced.guides.fetched, forced.guides.changed, forced.guides.unchanged) == (3, 0, 3)
    assert validators == ["", "", ""]
    assert kept.content() == before


def test_pages_whose_bodies_are_lost_are_fetched_afresh(kept: Place) -> None:
    shutil.rmtree(Path(kept.settings().snapshots_url.removeprefix("file://")))
    before = kept.content()
    first, second = kept.run(), kept.run()

    assert first.errors == second.errors == []
    assert (first.guides.fetched, first.guides.unchanged) == (3, 3)
    assert (second.guides.fetched, second.guides.unchanged) == (0, 3)
    assert kept.content() == before


def plan_of(place: Place, **asked: Any) -> Plan:
    db = place.open()
    try:
        return asyncio.run(make_plan(RunRequest(dry_run=True, **asked), place.settings(), db))
    finally:
        db.dispose()


def test_plan_writes_nothing_even_when_the_seeds_have_changed(kept: Place) -> None:
    (kept.root / "groups.yaml").write_text(GROUPS.replace("New parents", "Newer"), encoding="utf-8")
    sources = kept.sources_file.read_text(encoding="utf-8")
    kept.sources_file.write_text(sources.replace("From harbour", "By harbour"), encoding="utf-8")
    db = kept.open()
    before = everything_in(db)
    plan = plan_of(kept)
    after = everything_in(db)
    db.dispose()

    assert (plan.drafts, plan.kept) == (0, 3 * kept.count_cards())
    assert after == before


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"tones": ("nope",)}, "There is no tone nope."),
        ({"tone_version": "9"}, "A tone version goes with exactly one tone."),
        ({"sources": ("nope",)}, "There is no source nope."),
    ],
)
def test_plan_refuses_what_a_run_would(kept: Place, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plan_of(kept, **asked)


def test_tone_cooks_that_tone_and_a_plain_run_the_others(kept: Place) -> None:
    summary = kept.run(tones=("mom",), stage="cook", force=True)
    db = kept.open()
    assert {draft.model for draft in drafts_of(db).values()} == {"offline/house"}
    db.dispose()

    assert summary.drafts.new == kept.count_cards()
    assert summary.drafts.kept == 0
    assert kept.run(stage="cook").drafts.kept == 3 * kept.count_cards()


def test_force_cooks_again_once_and_the_next_run_keeps_that(kept: Place) -> None:
    db = kept.open()
    before = drafts_of(db)
    forced = kept.run(stage="cook", force=True)
    after = drafts_of(db)
    plain = kept.run()
    last = drafts_of(db)
    db.dispose()

    assert forced.drafts.new == 3 * kept.count_cards()
    assert {card: draft.id for card, draft in before.items()} != {
        card: draft.id for card, draft in after.items()
    }
    assert not {draft.id for draft in before.values()} & {draft.id for draft in after.values()}
    assert (plain.drafts.new, plain.drafts.kept) == (0, 3 * kept.count_cards())
    assert last == after


@pytest.mark.parametrize("stage", ["chop", "plate"])
def test_force_does_a_stage_again_and_ends_the_same(kept: Place, stage: str) -> None:
    before = kept.content()
    summary = kept.run(stage=stage, force=True)

    assert summary.errors == []
    assert kept.content() == before


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"sources": ("nope",)}, "There is no source nope. Known are: gangwan, harbour."),
        ({"tones": ("nope",)}, "There is no tone nope. Known are: engagement, expert, mom."),
        ({"tone_version": "9"}, "A tone version goes with exactly one tone."),
        ({"tones": ("mom",), "tone_version": "0.0.0"}, "Tone mom has no version 0.0.0. Known are:"),
        (
            {"guides": ("https://elsewhere.example/x",)},
            "No chosen source covers https://elsewhere.example/x. Check `spoonful sources`.",
        ),
    ],
)
def test_wrong_request_is_refused_before_anything_is_fetched(
    kept: Place, asked: dict[str, Any], message: str
) -> None:
    db = kept.open()
    runs = len(list_runs(db))
    with pytest.raises(ConfigError) as caught:
        kept.run(**asked)

    assert str(caught.value).startswith(message)
    assert len(list_runs(db)) == runs
    db.dispose()


def test_second_run_of_the_same_source_is_refused_and_another_source_is_not(kept: Place) -> None:
    db = kept.open()
    first = start_run(db, "cli", ["source harbour"], {})
    with pytest.raises(LockedError, match=f"Run {first} on .* has been working on source harbour"):
        kept.run(stage="cook")
    other = kept.run(stage="cook", sources=("gangwan",))

    assert other.errors == []
    states = {run.id: run.state for run in list_runs(db)}
    db.dispose()
    assert states[first] is RunState.RUNNING
    assert states[other.run_id] is RunState.DONE


@pytest.fixture
def changing(tmp_path: Path) -> Iterator[Place]:
    """A place with a site of its own in `tmp_path / "site"`, run once."""
    site = tmp_path / "site"
    build_site(site)
    with serve_folder(site, 0) as served:
        write_sitemaps(site, served.base)
        place = Place(tmp_path / "place", served.base).prepare()
        assert place.run(sources=("harbour",)).errors == []
        yield place


def test_what_a_person_decided_or_edited_stands_until_its_card_changes(
    changing: Place, tmp_path: Path
) -> None:
    db = changing.open()
    editor = add_user(db, "ann", "hash").id
    cards = {card["title"]: card["id"] for card in _cards(db)}
    mine = [cards[name] for name in ("Before you start", "Water and powder", "Keeping it")]
    before = drafts_of(db)
    approved, rejected, edited = (before[card] for card in mine)
    approve(db, approved.id, By(editor, approved.version), [], 0)
    reject(db, rejected.id, By(editor, rejected.version), RejectReason.TONE)
    edit(db, edited.id, By(editor, edited.version), "My own words.", [], Risk.LOW)

    forced = changing.run(sources=("harbour",), stage="cook", force=True)
    stood = drafts_of(db)
    assert forced.drafts.kept == 3
    assert [stood[card].id for card in mine] == [approved.id, rejected.id, edited.id]
    assert stood[mine[2]].text == "My own words."
    assert all(stood[card].id != before[card].id for card in before if card not in mine)

    bottle = SECTIONS_EN["bottle"]
    parts = {
        name: text.replace("no more than 30 minutes", "no more than 20 minutes").replace(
            "within 2 hours", "within 1 hour"
        )
        for name, text in dict(bottle["parts"]).items()  # type: ignore[call-overload]
    }
    html = page(str(bottle["title"]), parts)
    (tmp_path / "site" / "en" / "bottle.html").write_text(html, encoding="utf-8")
    changed = changing.run(sources=("harbour",))
    last = drafts_of(db)
    db.dispose()

    assert changed.cards.changed == 2
    assert changed.drafts.new == 6
    assert last[mine[0]].id == approved.id
    assert [last[card].state for card in mine[1:]] == 2 * [DraftState.PENDING]
    assert {last[card].id for card in mine[1:]} & {rejected.id, edited.id} == set()


def test_page_that_becomes_no_guide_keeps_its_cards(changing: Place, tmp_path: Path) -> None:
    before = changing.content()["cards"]
    files = tmp_path / "site" / "en"
    (files / "bottle.html").write_text("<!doctype html><title>Oops</title><p>Page not found</p>")
    (files / "sleep.html").unlink()
    summary = changing.run(sources=("harbour",))

    assert summary.errors == []
    assert summary.guides.quarantined == 1
    assert changing.content()["cards"] == before


@pytest.mark.parametrize("label", ["idna", "undefined", "base64"])
def test_page_in_no_charset_of_pages_ends_no_run(
    changing: Place, tmp_path: Path, label: str
) -> None:
    before = changing.content()["guides"]
    files = tmp_path / "site" / "en"
    for name in ("bottle.html", "sleep.html"):
        html = (files / name).read_text(encoding="utf-8")
        (files / name).write_text(html.replace('"utf-8"', f'"{label}"'), encoding="utf-8")
    summary = changing.run(sources=("harbour",), stage="procure")

    assert summary.errors == []
    assert (summary.guides.fetched, summary.guides.changed) == (2, 0)
    assert changing.content()["guides"] == before


def test_page_that_names_a_missing_original_stands_for_itself(
    changing: Place, tmp_path: Path
) -> None:
    files = tmp_path / "site" / "en"
    html = page("Bathing a baby", {"Water": SECTIONS_BATH})
    link = '<link rel="canonical" href="/en/never-there.html">'
    (files / "bath.html").write_text(html.replace("</head>", f"{link}</head>"), encoding="utf-8")
    write_sitemaps(tmp_path / "site", changing.base)
    first = changing.run(sources=("harbour",))
    titles = [guide["title"] for guide in changing.content()["guides"]]
    again = changing.run(sources=("harbour",))

    assert first.errors == again.errors == []
    assert "Bathing a baby" in titles
    assert first.guides.fetched == 1
    assert (again.guides.fetched, again.guides.unchanged) == (0, 3)
