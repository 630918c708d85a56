from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pytest

from stages.types import CardChange, ChangeKind, Placement, Reuse, Risk, Stakes
from store import queue, verdicts
from store.cards import apply_changes
from store.decision_types import By, RejectReason, Sending
from store.decisions import undo
from store.drafts import add_drafts, list_drafts
from store.engine import Database, utc_now
from store.guides import save_guide
from store.placements import list_placements, set_placements
from store.queue import (
    Filter,
    View,
    get_item,
    get_neighbours,
    get_queue,
    list_guide_titles,
)
from store.queue_sums import fold_sums
from store.runs import start_run
from store.sources import set_sources
from store.users import list_users
from tests.deciding import approve, reject
from tests.store.makers import SOURCE, TONES, Stock, make_card, make_draft, make_guide, new
from tests.store.queries import counted_queries

EMPTY = dict.fromkeys(View, 0)


def ids(db: Database, wanted: Filter | None = None, page: int = 1, **asked: Any) -> list[str]:
    return [item.card.id for item in get_queue(db, wanted or Filter(), page, **asked).items]


def counts(db: Database, wanted: Filter | None = None) -> dict[View, int]:
    """Without the view of what is new today: everything in these tests is."""
    found = get_queue(db, wanted or Filter()).counts
    assert found[View.NEW] == found[View.REVIEW]
    return {view: n for view, n in found.items() if n and view is not View.NEW}


def test_empty_database_has_an_empty_queue(db: Database) -> None:
    page = get_queue(db, Filter())
    assert (page.items, page.total, page.counts) == ((), 0, EMPTY)
    assert get_item(db, "nobody") is None
    assert get_neighbours(db, "nobody", Filter()) == ("", "")


def test_item_has_all_a_page_shows(stocked: Stock) -> None:
    db = stocked.db
    placement = Placement("card-1", "g1", "mom", 0.7, ())
    set_placements(db, {"card-1": [placement]}, {"card-1": "k"})
    item = get_item(db, "card-1")
    assert item is not None
    assert item == get_queue(db, Filter()).items[1]
    assert item.card == make_card("card-1", position=1)
    assert item.drafts == list_drafts(db, ["card-1"])["card-1"]
    assert item.placements == list_placements(db, ["card-1"])["card-1"] == (placement,)
    assert (item.change, item.previous_text, item.is_removed) == (ChangeKind.NEW, "", False)
    assert (item.guide.publisher, item.guide.licence_url, item.guide.reuse, item.guide.title) == (
        "The House",
        "https://licence.example/by",
        Reuse.ADAPT_OK,
        "Sleep",
    )


def test_card_leaves_the_review_when_every_draft_is_decided_and_comes_back_on_undo(
    stocked: Stock,
) -> None:
    db, last = stocked.db, 0
    for nth, draft in enumerate(list_drafts(db, ["card-0"])["card-0"]):
        assert counts(db) == {View.REVIEW: 4}, nth
        if nth == 0:
            approve(db, draft.id, stocked.by_ada(draft), [], 0)
        else:
            last = reject(db, draft.id, stocked.by_ada(draft), RejectReason.OTHER)
    assert counts(db) == {View.REVIEW: 3, View.DECIDED: 1}
    assert ids(db, Filter(view=View.DECIDED)) == ["card-0"]
    undo(db, last, stocked.ada)
    assert counts(db) == {View.REVIEW: 4}


def test_views_show_what_their_names_say(stocked: Stock) -> None:
    db = stocked.db
    flagged = replace(make_draft("card-0", nth=1), risk=Risk.FLAGGED)
    blocked = replace(make_draft("card-1", nth=1), risk=Risk.BLOCKED)
    add_drafts(db, [flagged, blocked], stocked.run_id)
    old = [make_card(card_id, position=n) for n, card_id in enumerate(stocked.card_ids)]
    high = replace(make_card("high", position=9), stakes=Stakes.HIGH)
    apply_changes(
        db,
        "house/sleep",
        [
            CardChange(ChangeKind.MATERIAL, old[2], replace(old[2], text="Twice a day.")),
            CardChange(ChangeKind.REWORDED, old[1], replace(old[1], text="On its back.")),
            CardChange(ChangeKind.REMOVED, old[3], None),
            *new(high, make_card("uncooked", position=10)),
        ],
        "k2",
    )
    add_drafts(db, [make_draft("high")], stocked.run_id)
    save_guide(db, make_guide("house/read", reuse=Reuse.EXCERPT_ONLY))
    apply_changes(db, "house/read", new(make_card("read", "house/read")), "k1")
    found = {view: ids(db, Filter(view=view)) for view in View}
    assert found == {
        View.REVIEW: ["high", "card-0", "card-1", "card-2"],
        View.NEW: ["high", "card-0", "card-1", "card-2"],
        View.FLAGGED: ["card-0"],
        View.BLOCKED: ["card-1"],
        View.HIGH_STAKES: ["high"],
        View.CHANGED: ["card-1", "card-2"],
        View.WAITING: [],
        View.MINE: [],
        View.DECIDED: [],
        View.READ_ONLY: ["read"],
    }
    assert get_queue(db, Filter()).counts == {view: len(cards) for view, cards in found.items()}


def test_decided_flags_count_no_more(stocked: Stock) -> None:
    flagged = replace(make_draft("card-0", nth=1), risk=Risk.FLAGGED)
    add_drafts(stocked.db, [flagged], stocked.run_id)
    assert counts(stocked.db) == {View.REVIEW: 4, View.FLAGGED: 1}
    draft = stocked.draft("card-0")
    approve(stocked.db, draft.id, stocked.by_ada(draft), [], 0)
    assert counts(stocked.db) == {View.REVIEW: 4}


def test_replaced_draft_counts_no_more(stocked: Stock) -> None:
    blocked = replace(make_draft("card-0", nth=1), risk=Risk.BLOCKED)
    add_drafts(stocked.db, [blocked], stocked.run_id)
    add_drafts(stocked.db, [make_draft("card-0", nth=2)], stocked.run_id)
    assert counts(stocked.db) == {View.REVIEW: 4}


# --- order, pages, neighbours ------------------------------------------------------------------


@pytest.fixture
def ordered(stocked: Stock) -> tuple[Database, list[str]]:
    """A queue with every kind of place in it, and the order to expect."""
    db = stocked.db
    draft = stocked.draft("card-3")
    approve(db, draft.id, stocked.by_ada(draft), ["g1"], 3600)
    save_guide(db, make_guide("house/food"))
    apply_changes(db, "house/food", new(*(make_card(f"f{n}", "house/food", n) for n in "10")), "k")
    cards = {card_id: make_card(card_id, position=n) for n, card_id in enumerate(stocked.card_ids)}
    material = replace(cards["card-3"], text="Twice a day.", body_hash="another")
    high = replace(cards["card-2"], stakes=Stakes.HIGH)
    apply_changes(
        db,
        "house/sleep",
        [
            CardChange(ChangeKind.MATERIAL, cards["card-3"], material),
            CardChange(ChangeKind.KEPT, cards["card-2"], high),
        ],
        "k2",
    )
    add_drafts(db, [make_draft("f0"), make_draft("f1")], stocked.run_id)
    return db, ["card-3", "card-2", "f0", "f1", "card-0", "card-1"]


def test_posts_whose_source_changed_come_first_then_high_stakes_then_guide_by_guide(
    ordered: tuple[Database, list[str]],
) -> None:
    db, order = ordered
    assert ids(db) == order


def test_neighbours_follow_the_order_of_the_queue(ordered: tuple[Database, list[str]]) -> None:
    db, order = ordered
    found = [get_neighbours(db, card_id, Filter()) for card_id in order]
    assert found == list(zip(["", *order], [*order[1:], ""], strict=False))


def test_neighbours_of_a_card_that_was_just_decided_are_those_it_had(
    ordered: tuple[Database, list[str]],
) -> None:
    db, _ = ordered
    for draft in list_drafts(db, ["f0"])["f0"]:
        reject(db, draft.id, By(list_users(db)[0].id, 1), RejectReason.OTHER)
    assert get_neighbours(db, "f0", Filter()) == ("card-2", "f1")
    assert get_neighbours(db, "f1", Filter()) == ("card-2", "card-0")


def test_neighbours_stay_in_the_filter(ordered: tuple[Database, list[str]]) -> None:
    db, _ = ordered
    food = Filter(guide_id="house/food")
    assert get_neighbours(db, "f0", food) == ("", "f1")
    assert get_neighbours(db, "card-0", food) == ("f1", "")


def test_pages_share_the_queue_out(stocked: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "PAGE_SIZE", 3)
    assert [ids(stocked.db, page=page) for page in (1, 2, 3)] == [
        ["card-0", "card-1", "card-2"],
        ["card-3"],
        [],
    ]
    assert get_queue(stocked.db, Filter(), 2).total == 4


def test_page_that_cannot_be_is_the_first_or_empty(stocked: Stock) -> None:
    pages = [ids(stocked.db, page=page) for page in (0, -7, 10**30)]
    assert pages == [list(stocked.card_ids), list(stocked.card_ids), []]


# --- filters -----------------------------------------------------------------------------------


@pytest.fixture
def library(stocked: Stock) -> Stock:
    """Texts that tell a search that takes words as they are from one that reads them."""
    texts = {
        "percent": "Give 100% milk",
        "plain": "Give 1000 ml milk",
        "underscore": "a snake_case word",
        "space": "a snakeXcase word",
        "slash": "and/or \\ back",
        "chinese": "宝宝每天睡 14 小时",
        "upper": "NEVER Shake a baby",
    }
    guide = replace(make_guide("house/text"), title="Words", lang="zh-Hans")
    save_guide(stocked.db, guide)
    cards = [
        replace(
            make_card(name, guide.id, n, text),
            title=name.title(),
            lang="zh-Hans" if name == "chinese" else "en-GB",
        )
        for n, (name, text) in enumerate(texts.items())
    ]
    apply_changes(stocked.db, guide.id, new(*cards), "k")
    add_drafts(stocked.db, [make_draft(card.id) for card in cards], stocked.run_id)
    return stocked


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("100%", ["percent"]),
        ("%", ["percent"]),
        ("snake_case", ["underscore"]),
        ("_", ["underscore"]),
        ("/", ["slash"]),
        ("\\", ["slash"]),
        ("MILK give", ["percent", "plain"]),
        ("睡", ["chinese"]),
        ("每天  14", ["chinese"]),
        ("never SHAKE", ["upper"]),
        ("Underscore", ["underscore"]),
        ("' OR 1=1 --", []),
        ("\0", []),
        ("\ud83d", []),
        ("milk snake", []),
    ],
)
def test_search_takes_every_word_as_it_is(library: Stock, words: str, found: list[str]) -> None:
    wanted = Filter(text=words, guide_id="house/text")
    assert ids(library.db, wanted) == found
    assert counts(library.db, wanted).get(View.REVIEW, 0) == len(found)


def test_filters_narrow_items_and_counts_together(library: Stock) -> None:
    db = library.db
    second_run = start_run(db, "adhoc", [], {})
    add_drafts(db, [make_draft("plain", nth=1)], second_run)
    set_placements(db, {"slash": [Placement("slash", "g2", "mom", 0.5, ())]}, {"slash": "k"})
    set_sources(db, [SOURCE, replace(SOURCE, id="other")])
    guide = replace(make_guide("other/guide"), source_id="other")
    save_guide(db, guide)
    apply_changes(db, guide.id, new(make_card("elsewhere", guide.id)), "k")
    add_drafts(db, [make_draft("elsewhere")], library.run_id)
    for wanted, found in [
        (Filter(lang="zh"), ["chinese"]),
        (Filter(lang="zh-Hant"), []),
        (Filter(lang="en-"), ["percent", "plain", "underscore", "space", "slash", "upper"]),
        (Filter(run_id=second_run), ["plain"]),
        (Filter(group_id="g2"), ["slash"]),
        (Filter(group_id="g1"), []),
        (Filter(source_id="other"), ["elsewhere"]),
        (Filter(source_id="other", lang="zh"), []),
        (Filter(guide_id="house/sleep"), list(library.card_ids)),
        (Filter(lang="%"), []),
    ]:
        page = get_queue(db, wanted)
        assert [item.card.id for item in page.items] == found, wanted
        assert (page.total, page.counts[View.REVIEW]) == (len(found), len(found)), wanted


@pytest.mark.parametrize(
    "wanted",
    [
        *(Filter(), Filter(topic="sleep"), Filter(stage="3-6m"), Filter(model="offline/house")),
        *(Filter(version="mom@1"), Filter(tone="mom"), Filter(tone="expert", risk="flagged")),
        *(Filter(risk="flagged"), Filter(tone="mom", topic="fever"), Filter(lang="zh")),
        *(Filter(text="give"), Filter(text="give", topic="sleep"), Filter(topic="nobody's")),
    ],
    ids=lambda wanted: "&".join(f"{k}={v}" for k, v in asdict(wanted).items() if v and k != "view"),
)
def test_every_view_has_as_many_cards_as_it_says(library: Stock, wanted: Filter) -> None:
    db = library.db
    now = utc_now()
    feverish = replace(
        make_card("feverish", position=9), topics=("fever",), stages=("3-6m",), stakes=Stakes.HIGH
    )
    apply_changes(db, "house/sleep", new(feverish), "k2")
    drafts = [replace(make_draft("feverish", tone), model="offline/other") for tone in TONES]
    flagged = replace(make_draft("slash", nth=1), risk=Risk.FLAGGED)
    add_drafts(db, [*drafts, flagged], library.run_id)
    draft = library.draft("feverish")
    verdicts.approve(db, draft.id, library.by_ada(draft), Sending())
    rejected = library.draft("card-1", "mom")
    reject(db, rejected.id, library.by_ada(rejected), RejectReason.OTHER)
    for tone in TONES:
        decided = library.draft("card-0", tone)
        approve(db, decided.id, library.by_ada(decided), [], 0)
    shown = {
        (user, view): ids(db, replace(wanted, view=view), user_id=user, now=now)
        for user in (library.ada, library.ben)
        for view in View
    }
    assert shown[library.ada, View.WAITING] == []
    for user in (library.ada, library.ben):
        said = get_queue(db, wanted, user_id=user, now=now).counts
        assert said == {view: len(shown[user, view]) for view in View}
    assert get_queue(db, wanted, now=now + timedelta(days=1)).counts[View.NEW] == 0
    fold_sums(db)
    again = get_queue(db, wanted, user_id=library.ben, now=now).counts
    assert again == {view: len(shown[library.ben, view]) for view in View}


def test_guides_are_listed_for_the_filter(library: Stock) -> None:
    assert list_guide_titles(library.db) == {"house/sleep": "Sleep", "house/text": "Words"}


# --- cost --------------------------------------------------------------------------------------


def test_queue_asks_the_same_number_of_questions_for_few_cards_and_for_many(
    stocked: Stock,
) -> None:
    db = stocked.db
    with counted_queries(db) as few:
        assert len(get_queue(db, Filter()).items) == 4
    cards = [make_card(f"more-{n}", position=9 + n) for n in range(20)]
    apply_changes(db, "house/sleep", new(*cards), "k2")
    add_drafts(db, [make_draft(card.id) for card in cards], stocked.run_id)
    with counted_queries(db) as many:
        assert len(get_queue(db, Filter()).items) == 24
    selects = [[s for s in statements if "SELECT" in s] for statements in (few, many)]
    assert len(selects[0]) == len(selects[1]) <= 9
