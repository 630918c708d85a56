from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.types import Block, BlockKind, CalloutKind, CardChange, ChangeKind, Reuse
from store.cards import (
    CardState,
    apply_changes,
    count_cards,
    get_card,
    list_card_states,
    list_cards,
)
from store.engine import Database
from store.guides import GuideRef, get_guide, list_guides, save_guide
from store.queue import QueueItem, get_item
from store.sources import list_sources, set_sources
from tests.store.makers import SOURCE, Stock, make_card, make_guide, new

GUIDE = make_guide()


def start(db: Database) -> None:
    set_sources(db, [SOURCE])
    save_guide(db, GUIDE)


def item(db: Database, card_id: str) -> QueueItem:
    found = get_item(db, card_id)
    assert found
    return found


# --- sources and guides ---------------------------------------------------------------------


def test_sources_become_what_the_file_says(db: Database) -> None:
    other = replace(SOURCE, id="other", page_reuse={"https://a.example/x": Reuse.LINK_ONLY})
    set_sources(db, [SOURCE, other])
    assert list_sources(db) == (SOURCE, other)
    changed = replace(SOURCE, min_delay_s=3.5, enabled=False, disabled_reason="asked to")
    set_sources(db, [changed, other])
    assert list_sources(db) == (changed, other)


def test_source_that_left_the_file_is_off_and_its_guides_stay(db: Database) -> None:
    start(db)
    set_sources(db, [])
    assert list_sources(db) == (replace(SOURCE, enabled=False),)
    assert get_guide(db, GUIDE.id) == GUIDE


def test_known_guides_follow_the_licence_of_their_source(db: Database) -> None:
    page = replace(make_guide("house/page"), url="https://guides.example/a%20page")
    other = replace(make_guide("other/a"), source_id="other")
    set_sources(db, [SOURCE, replace(SOURCE, id="other")])
    for guide in (GUIDE, page, other):
        save_guide(db, guide)
    said = {"licence": "CC BY-SA 4.0", "attribution": "The House, CC BY-SA 4.0"}
    changed = replace(
        SOURCE, **said, page_reuse={"https://Guides.example/a page#top": Reuse.LINK_ONLY}
    )
    set_sources(db, [changed, replace(SOURCE, id="other")])
    assert [get_guide(db, guide.id) for guide in (GUIDE, page, other)] == [
        replace(GUIDE, **said),
        replace(page, **said, reuse=Reuse.LINK_ONLY),
        other,
    ]
    set_sources(db, [replace(SOURCE, reuse=Reuse.UNKNOWN), replace(SOURCE, id="other")])
    assert [ref.reuse for ref in list_guides(db)] == [
        Reuse.UNKNOWN,
        Reuse.UNKNOWN,
        Reuse.ADAPT_OK,
    ]


def test_source_that_comes_back_is_on_again(db: Database) -> None:
    for sources in ([SOURCE], [], [SOURCE]):
        set_sources(db, sources)
    assert list_sources(db) == (SOURCE,)


def test_guide_comes_back_as_it_was_saved(db: Database) -> None:
    guide = replace(
        GUIDE,
        lang="zh-Hans",
        blocks=(
            Block(BlockKind.HEADING, "睡眠 💤", level=2, start=0),
            Block(BlockKind.LIST_ITEM, "1 岁以下", 1, 2, "1.", CalloutKind.WARNING, 6),
        ),
        text="睡眠 💤\n1 岁以下",
        reviewed="2025-01-31",
        page_urls=("https://guides.example/1", "https://guides.example/2"),
    )
    set_sources(db, [SOURCE])
    assert save_guide(db, guide)
    assert get_guide(db, guide.id) == guide
    assert get_guide(db, "nobody/knows") is None


def test_saving_says_whether_the_content_changed_and_keeps_how_far_chopping_is(
    db: Database,
) -> None:
    start(db)
    apply_changes(db, GUIDE.id, [], "k7")
    assert not save_guide(db, replace(GUIDE, title="Other boilerplate"))
    assert save_guide(db, replace(GUIDE, content_hash="c2"))
    (ref,) = list_guides(db)
    assert ref == GuideRef(GUIDE.id, "house", GUIDE.url, "Sleep", "en", "c2", "k7", Reuse.ADAPT_OK)


def test_guides_are_listed_by_source(db: Database) -> None:
    set_sources(db, [SOURCE, replace(SOURCE, id="other")])
    for guide_id, source_id in (("b", "house"), ("a", "house"), ("c", "other")):
        save_guide(db, replace(make_guide(guide_id), source_id=source_id))
    assert [ref.id for ref in list_guides(db)] == ["a", "b", "c"]
    assert [ref.id for ref in list_guides(db, ["other"])] == ["c"]
    assert list_guides(db, []) == ()


# --- the cards of a guide over its versions ----------------------------------------------------


def test_new_cards_come_back_in_the_order_of_the_guide(db: Database) -> None:
    start(db)
    cards = (make_card("b", position=0), make_card("a", position=1))
    apply_changes(db, GUIDE.id, new(*reversed(cards)), "k1")
    assert list_cards(db, GUIDE.id) == cards
    assert list_card_states(db, GUIDE.id) == tuple(CardState(card, "") for card in cards)
    assert (get_card(db, "a"), get_card(db, "z")) == (cards[1], None)
    assert list_guides(db)[0].chopped_key == "k1"


def test_changes_of_a_version_show_on_their_cards_only(db: Database) -> None:
    start(db)
    kept, reworded, material, gone = (make_card(name, position=n) for n, name in enumerate("krmg"))
    apply_changes(db, GUIDE.id, new(kept, reworded, material, gone), "k1")
    before = {name: item(db, name) for name in "krmg"}
    softer = replace(reworded, text="On its back.")
    eight = replace(material, text="On the back for 8 months.")
    added = make_card("a", position=5)
    moved = replace(kept, position=3)
    apply_changes(
        db,
        GUIDE.id,
        [
            CardChange(ChangeKind.KEPT, kept, moved),
            CardChange(ChangeKind.REWORDED, reworded, softer),
            CardChange(ChangeKind.MATERIAL, material, eight),
            CardChange(ChangeKind.REMOVED, gone, None),
            CardChange(ChangeKind.NEW, None, added),
        ],
        "k2",
    )
    after = {name: item(db, name) for name in "krmga"}
    assert {
        name: (it.card, it.change, it.previous_text, it.is_removed) for name, it in after.items()
    } == {
        "k": (moved, ChangeKind.NEW, "", False),
        "r": (softer, ChangeKind.REWORDED, "On the back.", False),
        "m": (eight, ChangeKind.MATERIAL, "On the back.", False),
        "g": (gone, ChangeKind.REMOVED, "", True),
        "a": (added, ChangeKind.NEW, "", False),
    }
    assert after["k"].changed_at == before["k"].changed_at
    assert all(after[name].changed_at > before[name].changed_at for name in "rmg")
    assert list_cards(db, GUIDE.id) == (softer, eight, moved, added)
    assert count_cards(db, ["house"]) == 4
    assert list_guides(db)[0].chopped_key == "k2"


def test_material_change_stays_marked_when_the_next_version_keeps_the_card(db: Database) -> None:
    start(db)
    first, second = make_card("a"), make_card("a", text="Twice a day.")
    apply_changes(db, GUIDE.id, new(first), "k1")
    apply_changes(db, GUIDE.id, [CardChange(ChangeKind.MATERIAL, first, second)], "k2")
    apply_changes(db, GUIDE.id, [CardChange(ChangeKind.KEPT, second, second)], "k3")
    found = item(db, "a")
    assert (found.change, found.previous_text) == (ChangeKind.MATERIAL, first.text)


def test_removed_card_that_comes_back_is_live_again_with_its_drafts(stocked: Stock) -> None:
    db = stocked.db
    card = make_card("card-0")
    drafts = item(db, "card-0").drafts
    apply_changes(db, GUIDE.id, [CardChange(ChangeKind.REMOVED, card, None)], "k2")
    assert (item(db, "card-0").is_removed, count_cards(db, ["house"])) == (True, 3)
    apply_changes(db, GUIDE.id, new(card), "k3")
    found = item(db, "card-0")
    assert (found.card, found.is_removed, found.change) == (card, False, ChangeKind.NEW)
    assert found.drafts == drafts
    assert (len(drafts), count_cards(db, ["house"])) == (3, 4)


def test_changes_of_a_version_are_all_made_or_none(db: Database) -> None:
    start(db)
    good, orphan = make_card("a"), make_card("b", guide_id="no/such/guide")
    try:
        apply_changes(db, GUIDE.id, new(good, orphan), "k1")
    except Exception as error:  # noqa: BLE001  # each driver names it differently
        assert "foreign key" in str(error).lower()  # noqa: PT017
    else:
        raise AssertionError("a card without a guide was kept")
    assert (list_cards(db, GUIDE.id), list_guides(db)[0].chopped_key) == ((), "")


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    texts=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
        min_size=1,
        max_size=4,
    )
)
def test_any_text_comes_back_from_the_database(stocked: Stock, texts: list[str]) -> None:
    cards = [
        replace(make_card(f"card-{n}", position=n, text=text), breadcrumbs=(text, text))
        for n, text in enumerate(texts)
    ]
    apply_changes(stocked.db, GUIDE.id, new(*cards), "k")
    assert [get_card(stocked.db, card.id) for card in cards] == cards
