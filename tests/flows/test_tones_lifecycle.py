"""The life of a tone version: promoted, tried on some cards, rolled back, and what is cooked."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest

from flows.line import run_line
from flows.plan import make_plan
from flows.request import RunRequest, Stage
from flows.serve import keep_tones
from flows.tasting import try_tone
from flows.voices import active_tones, due_tones, find_version, keep_voices, read_voices
from stages.errors import BudgetError, ConfigError
from store.cards import list_cards
from store.decision_types import By, RejectReason
from store.drafts import DraftView, list_drafts
from store.engine import Database
from store.guides import list_guides
from store.placements import list_placements
from store.runs import RunState, list_runs
from store.tone_changes import is_in_share, promote, rollback, start_canary
from store.tones import list_tone_files
from store.users import add_user
from tests.deciding import reject
from tests.fakes import FakeModel, quote_card
from tests.flows.small_site import Place, everything_in
from tests.flows.tone_folder import NEXT, add_version, copy_tones
from tones.load import load_tones

T = TypeVar("T")
TOP = load_tones()["mom"].version


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_tones(tmp_path / "tones")


@pytest.fixture
def cooked(kept: Place, folder: Path) -> Place:
    """The line has run with the files on top; a further version of mom waits since."""
    add_version(folder)
    kept.overrides["tones_dir"] = folder
    return kept


def know(place: Place, db: Database) -> dict[str, str]:
    """Let the database know every file; hash by version of mom."""
    voices = read_voices(place.settings())
    keep_voices(db, voices)
    return {tone.version: tone.hash for tone in voices.versions["mom"]}


def drafts_of(db: Database, tone: str = "mom") -> dict[str, DraftView]:
    cards = [card.id for guide in list_guides(db) for card in list_cards(db, guide.id)]
    found = list_drafts(db, cards)
    return {
        card_id: draft
        for card_id, drafts in found.items()
        for draft in drafts
        if draft.tone == tone
    }


def versions_of(db: Database) -> Counter[str]:
    return Counter(draft.tone_version for draft in drafts_of(db).values())


def promote_next(place: Place) -> None:
    db = place.open()
    promote(db, "mom", know(place, db)[NEXT], None)
    db.dispose()


def recook(place: Place, **asked: Any) -> Any:
    return place.run(stage="cook", tones=("mom",), renew=True, **asked)


# --- old drafts keep their version ---------------------------------------------------------------


def test_promotion_and_rollback_cook_nothing(cooked: Place) -> None:
    before = cooked.content()["drafts"]
    promote_next(cooked)
    promoted = cooked.run(stage="cook")
    db = cooked.open()
    rollback(db, "mom", None)
    db.dispose()
    back = cooked.run(stage="cook")
    assert [(each.drafts.new, each.completions.calls) for each in (promoted, back)] == [(0, 0)] * 2
    assert promoted.drafts.kept == back.drafts.kept == len(before)
    assert cooked.content()["drafts"] == before


def test_file_that_was_edited_in_place_or_deleted_cooks_nothing(
    cooked: Place, folder: Path
) -> None:
    before = cooked.content()["drafts"]
    top = folder / "mom.md"
    top.write_text(top.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert cooked.run(stage="cook").drafts.new == 0
    top.write_text((folder / "next" / f"mom-{NEXT}.md").read_text(encoding="utf-8"), "utf-8")
    (folder / "next" / f"mom-{NEXT}.md").unlink()
    assert cooked.run(stage="cook").drafts.new == 0
    assert cooked.content()["drafts"] == before


def test_card_that_changed_is_cooked_with_the_promoted_version(
    cooked: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote_next(cooked)
    db = cooked.open()
    changed = next(iter(drafts_of(db)))
    with db.write() as session:
        from store.tables import CardRow

        card = session.get_one(CardRow, changed)
        card.body_hash += "x"
        session.add(card)
    assert cooked.run(stage="cook").drafts.new == 3
    after = {id: draft.tone_version for id, draft in drafts_of(db).items()}
    others = {draft.tone_version for draft in drafts_of(db, "expert").values()}
    db.dispose()
    assert after.pop(changed) == NEXT
    assert set(after.values()) == {TOP}
    assert NEXT not in others


def test_drafts_are_made_again_with_what_is_due_when_somebody_asks(cooked: Place) -> None:
    db = cooked.open()
    decided, *others = drafts_of(db).values()
    ada = add_user(db, "ada", "hash").id
    reject(db, decided.id, By(ada, decided.version, 0), RejectReason.TONE)
    promote_next(cooked)
    request = RunRequest(stage=Stage.COOK, tones=("mom",), renew=True)
    plan = asyncio.run(make_plan(request, cooked.settings(), db))
    again = recook(cooked)
    assert plan.drafts == again.drafts.new == len(others)
    assert versions_of(db) == {NEXT: len(others), TOP: 1}
    assert (recook(cooked).drafts.new, cooked.run(stage="cook").drafts.new) == (0, 0)
    rollback(db, "mom", None)
    back = recook(cooked)
    # They were made before, so they stand again and nobody writes.
    assert (back.drafts.new, back.completions.calls, back.completions.cached) == (0, 0, 0)
    assert {draft.id for draft in drafts_of(db).values()} == {decided.id, *(d.id for d in others)}
    db.dispose()


def test_force_cooks_with_the_promoted_version(cooked: Place) -> None:
    promote_next(cooked)
    cooked.run(stage="cook", tones=("mom",), force=True)
    db = cooked.open()
    assert set(versions_of(db)) == {NEXT}
    db.dispose()


# --- a change reaches a run that is under way ----------------------------------------------------


def run_with(place: Place, before_second: Callable[[Database], None]) -> Database:
    """All drafts of mom anew; before_second is called once a guide is cooked, before the next."""
    db, turn, cooked = place.open(), asyncio.Lock(), list[str]()

    async def one_by_one(name: str, work: Callable[[], Awaitable[T]]) -> T:
        async with turn:
            if len(cooked) == 1:
                before_second(db)
            cooked.append(name)
            return await work()

    request = RunRequest(stage=Stage.COOK, tones=("mom",), force=True)
    asyncio.run(run_line(request, place.settings(), db, attempt=one_by_one))
    assert len(cooked) == 3
    return db


def versions_by_guide(db: Database) -> list[set[str]]:
    return sorted(
        ({drafts_of(db)[card.id].tone_version for card in list_cards(db, guide.id)}
         for guide in list_guides(db)),
        key=sorted,
    )  # fmt: skip


def test_promotion_reaches_the_next_guide_of_a_run_under_way(cooked: Place) -> None:
    db = run_with(cooked, lambda db: void(promote(db, "mom", know(cooked, db)[NEXT], None)))
    assert versions_by_guide(db) == [{TOP}, {NEXT}, {NEXT}]
    db.dispose()


def test_version_whose_file_came_after_the_run_began_writes_too(kept: Place, folder: Path) -> None:
    kept.overrides["tones_dir"] = folder

    def act(db: Database) -> None:
        add_version(folder)
        promote(db, "mom", know(kept, db)[NEXT], None)

    db = run_with(kept, act)
    assert versions_by_guide(db) == [{TOP}, {NEXT}, {NEXT}]
    db.dispose()


def void(_: object) -> None:
    """For lambdas that must give nothing."""


# --- canaries ------------------------------------------------------------------------------------


def test_canary_writes_its_share_and_nothing_else(cooked: Place) -> None:
    db = cooked.open()
    start_canary(db, "mom", know(cooked, db)[NEXT], None, share=0.5)
    cooked.run(stage="cook", force=True)
    made = {id: draft.tone_version for id, draft in drafts_of(db).items()}
    assert made == {id: NEXT if is_in_share("mom", id, 0.5) else TOP for id in made}
    assert set(made.values()) == {TOP, NEXT}
    assert NEXT not in {draft.tone_version for draft in drafts_of(db, "expert").values()}
    db.dispose()


def test_raised_share_makes_only_the_added_cards_again_when_asked(cooked: Place) -> None:
    db = cooked.open()
    tried = know(cooked, db)[NEXT]
    start_canary(db, "mom", tried, None, share=0.3)
    few = recook(cooked).drafts.new
    start_canary(db, "mom", tried, None, share=0.8)
    assert cooked.run(stage="cook").drafts.new == 0
    more = recook(cooked).drafts.new
    cards = list(drafts_of(db))
    assert few == sum(is_in_share("mom", card, 0.3) for card in cards)
    assert (
        few + more == sum(is_in_share("mom", card, 0.8) for card in cards) == versions_of(db)[NEXT]
    )
    db.dispose()


def test_canary_of_a_group_writes_the_cards_placed_there(cooked: Place) -> None:
    db = cooked.open()
    start_canary(db, "mom", know(cooked, db)[NEXT], None, groups=["xinshou-mama"])
    placements = list_placements(db, list(drafts_of(db)))
    there = {
        card_id
        for card_id, found in placements.items()
        if "xinshou-mama" in {placement.group_id for placement in found}
    }
    recook(cooked)
    tried = {id for id, draft in drafts_of(db).items() if draft.tone_version == NEXT}
    assert tried == there
    assert there
    db.dispose()


# --- which version is meant ----------------------------------------------------------------------


def test_version_that_is_only_in_the_database_writes(cooked: Place, folder: Path) -> None:
    promote_next(cooked)
    (folder / "next" / f"mom-{NEXT}.md").unlink()
    recook(cooked)
    db = cooked.open()
    assert set(versions_of(db)) == {NEXT}
    db.dispose()


def test_version_that_can_no_longer_be_read_is_named(cooked: Place, folder: Path) -> None:
    promote_next(cooked)
    (folder / "next" / f"mom-{NEXT}.md").unlink()
    db = cooked.open()
    with db.write() as session:
        from store.tables import ToneFileRow

        row = session.get_one(ToneFileRow, next(iter(active_hashes(cooked, db))))
        row.text = row.text.replace("emoji_max", "emojis_max")
        session.add(row)
    with pytest.raises(ConfigError) as caught:
        active_tones(db, read_voices(cooked.settings()))
    assert f"mom {NEXT} (" in str(caught.value)
    assert "unknown key (did you mean `emoji_max`?)" in str(caught.value)
    assert "promote another version" in str(caught.value)
    db.dispose()


def active_hashes(place: Place, db: Database) -> list[str]:
    return [active_tones(db, read_voices(place.settings()))["mom"].hash]


def test_version_is_found_by_number_and_by_hash(cooked: Place, folder: Path) -> None:
    db = cooked.open()
    tried = know(cooked, db)[NEXT]
    voices = read_voices(cooked.settings())
    assert find_version(db, voices, "mom", NEXT).hash == tried
    assert find_version(db, voices, "mom", tried[:8].upper()).hash == tried
    for name in ("7.7", tried[:5], "zzzzzzzz", ""):
        with pytest.raises(ConfigError, match="has no version"):
            find_version(db, voices, "mom", name)
    with pytest.raises(ConfigError, match=r"There is no tone dad\. Known are: engagement"):
        find_version(db, voices, "dad", NEXT)
    db.dispose()


def test_of_equal_numbers_the_file_is_meant_and_several_without_one_need_a_hash(
    cooked: Place, folder: Path
) -> None:
    db = cooked.open()
    first = know(cooked, db)[NEXT]
    path = folder / "next" / f"mom-{NEXT}.md"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    second = know(cooked, db)[NEXT]
    assert find_version(db, read_voices(cooked.settings()), "mom", NEXT).hash == second != first
    path.unlink()
    know(cooked, db)
    voices = read_voices(cooked.settings())
    with pytest.raises(ConfigError, match=f"Several versions of mom are called {NEXT}"):
        find_version(db, voices, "mom", NEXT)
    assert find_version(db, voices, "mom", first[:8]).hash == first
    db.dispose()


def test_cards_without_a_change_are_due_for_the_files_on_top(cooked: Place) -> None:
    db = cooked.open()
    voices = read_voices(cooked.settings())
    assert due_tones(db, voices, ["a", "b"]) == {"a": voices.tops, "b": voices.tops}
    assert due_tones(db, voices, []) == {}
    db.dispose()


def test_review_pages_know_every_version_and_open_in_spite_of_a_mistake(
    place: Place, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place.overrides["tones_dir"] = folder
    db = place.open()
    keep_tones(place.settings(), db)
    assert {file.tone for file in list_tone_files(db)} == {"engagement", "expert", "mom"}
    assert caplog.messages == []
    (folder / "mom.md").write_text("Dear mom,", encoding="utf-8")
    keep_tones(place.settings(), db)
    assert [message.split(": ")[0] for message in caplog.messages] == [f"{folder / 'mom.md'}:1"]
    db.dispose()


# --- one card tried ------------------------------------------------------------------------------


def test_trying_a_version_leaves_the_queue_alone_and_is_on_record(cooked: Place) -> None:
    db = cooked.open()
    card = next(iter(drafts_of(db)))
    know(cooked, db)
    before = everything_in(db)
    tasting = try_tone(cooked.settings(), db, card, "mom", NEXT)
    after = everything_in(db)
    assert tasting.active is not None
    assert (tasting.tried.tone_version, tasting.active.tone_version) == (NEXT, TOP)
    assert (tasting.tried.card_id, tasting.card.id) == (card, card)
    assert {name for name, rows in after.items() if rows != before[name]} == {"runs", "completions"}
    run = list_runs(db)[0]
    assert (run.kind, run.state, run.params) == (
        "try", RunState.DONE, {"card": card, "tones": ["mom"], "versions": [NEXT]},
    )  # fmt: skip
    # The same again is answered by the ledger.
    again = try_tone(cooked.settings(), db, card, "mom", NEXT)
    assert (again.summary.completions.calls, again.summary.completions.cached) == (0, 1)
    assert again.tried == tasting.tried
    db.dispose()


def test_trying_without_a_version_cooks_with_what_writes(cooked: Place) -> None:
    promote_next(cooked)
    db = cooked.open()
    tasting = try_tone(cooked.settings(), db, next(iter(drafts_of(db))), "mom")
    assert (tasting.tried.tone_version, tasting.active) == (NEXT, None)
    db.dispose()


def test_trying_with_a_model_pays_for_what_stands_only_once(
    cooked: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    db = cooked.open()
    card = next(iter(drafts_of(db)))
    with FakeModel(quote_card) as model:
        cooked.overrides |= {
            "model": "openai/fake", "model_api_base": model.base_url, "allow_unpriced_models": True,
        }  # fmt: skip
        first = try_tone(cooked.settings(), db, card, "mom", NEXT)
        asked_for_both = model.calls
        cooked.run(stage="cook")
        asked_by_the_run = model.calls
        second = try_tone(cooked.settings(), db, card, "mom", NEXT)
    # The offline writer's draft is not what the model would write, so both were cooked.
    assert (asked_for_both, first.summary.completions.calls) == (2, 2)
    assert model.calls == asked_by_the_run
    assert second.summary.completions.cached == 1
    assert second.active is not None
    assert (second.active.model, second.active.tone_version) == ("openai/fake", TOP)
    db.dispose()


def test_trying_holds_the_budget(cooked: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    db = cooked.open()
    card = next(iter(drafts_of(db)))
    with FakeModel(quote_card) as model:
        cooked.overrides |= {"model": "openai/gpt-4o-mini", "model_api_base": model.base_url}
        with pytest.raises(BudgetError):
            try_tone(cooked.settings(), db, card, "mom", NEXT, Decimal("0.0000001"))
        assert model.calls == 0
    assert list_runs(db)[0].state is RunState.FAILED
    db.dispose()


@pytest.mark.parametrize(
    ("card", "tone", "version", "message"),
    [
        ("nope", "mom", NEXT, "There is no card nope."),
        ("", "dad", NEXT, "There is no tone dad."),
        (None, "mom", "7.7", "Tone mom has no version 7.7."),
    ],
)
def test_trying_what_is_not_there_is_refused_before_anything_is_recorded(
    cooked: Place, card: str | None, tone: str, version: str, message: str
) -> None:
    db = cooked.open()
    know(cooked, db)
    before = everything_in(db)
    card = next(iter(drafts_of(db))) if card is None else card
    with pytest.raises(ConfigError) as caught:
        try_tone(cooked.settings(), db, card, tone, version)
    assert str(caught.value).startswith(message)
    assert everything_in(db) == before
    db.dispose()
