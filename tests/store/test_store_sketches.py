from __future__ import annotations

from dataclasses import replace

from stages.types import CardChange, ChangeKind
from store.cards import apply_changes, get_card, list_cards
from store.engine import Database
from store.guides import remove_guide, save_guide
from store.queue import Filter, TwinFacts, get_item, get_queue
from store.sketches import add_sketches, list_unsketched, load_sketches, set_twins
from tests.store.makers import Stock, make_card, make_guide, new
from tests.store.queries import counted_queries

A, B = bytes(range(256)) * 2, b"\0" * 512


def sketched(db: Database, sketches: dict[str, bytes]) -> dict[str, tuple[str, bytes]]:
    """With the body hashes of the cards as they are."""
    cards = {card.id: card for card in list_cards(db, "house/sleep")}
    return {card_id: (cards[card_id].body_hash, sketch) for card_id, sketch in sketches.items()}


def twin_of(db: Database, card_id: str) -> TwinFacts | None:
    item = get_item(db, card_id)
    assert item
    return item.twin


def test_sketches_of_live_cards_come_back(stocked: Stock) -> None:
    db = stocked.db
    assert load_sketches(db) == ()
    add_sketches(db, sketched(db, {"card-1": B, "card-0": A, "card-2": A}))
    add_sketches(db, sketched(db, {"card-0": B, "card-3": A}))
    add_sketches(db, {})
    gone = CardChange(ChangeKind.REMOVED, get_card(db, "card-2"), None)
    apply_changes(db, "house/sleep", [gone], "k2")
    assert load_sketches(db) == (
        ("card-0", "house/sleep", B),
        ("card-1", "house/sleep", B),
        ("card-3", "house/sleep", A),
    )
    remove_guide(db, "house/sleep")
    assert load_sketches(db) == ()


def test_sketch_of_a_text_that_is_no_more_is_left_out(stocked: Stock) -> None:
    mixed = sketched(stocked.db, {"card-0": A}) | {"card-1": ("another", B), "card-9": ("x", A)}
    add_sketches(stocked.db, mixed)
    assert load_sketches(stocked.db) == (("card-0", "house/sleep", A),)
    assert "card-0" not in {card.card_id for card in list_unsketched(stocked.db)}


def test_card_whose_text_changes_has_no_sketch_until_it_gets_a_new_one(stocked: Stock) -> None:
    db = stocked.db
    add_sketches(db, sketched(db, {"card-0": A}))
    card = get_card(db, "card-0")
    assert card
    other = replace(card, text="Another text.", body_hash="other")
    apply_changes(db, "house/sleep", [CardChange(ChangeKind.REWORDED, card, other)], "k2")
    assert load_sketches(db) == ()
    unsketched = {row.card_id: row for row in list_unsketched(db)}
    assert unsketched["card-0"].text == "Another text."


def test_card_shows_its_twin_while_that_is_there(stocked: Stock) -> None:
    db = stocked.db
    save_guide(db, replace(make_guide("house/nights"), title="Nights"))
    apply_changes(db, "house/nights", new(make_card("night", "house/nights")), "k1")
    set_twins(db, {"card-0": "night", "night": "card-0", "card-1": "card-9"})
    set_twins(db, {})
    assert twin_of(db, "card-0") == TwinFacts("night", "Title of night", "Nights", "The House")
    assert twin_of(db, "card-1") is None
    card = get_card(db, "card-0")
    assert card
    apply_changes(db, "house/sleep", [CardChange(ChangeKind.REWORDED, card, card)], "k2")
    assert twin_of(db, "card-0") is not None
    remove_guide(db, "house/nights")
    assert twin_of(db, "card-0") is None
    set_twins(db, {"night": ""})
    assert twin_of(db, "night") is None


def test_queue_with_twins_costs_one_more_query_for_one_and_for_many(stocked: Stock) -> None:
    db = stocked.db
    lengths = []
    for twins in ({"card-0": "card-1"}, {"card-1": "card-2", "card-2": "card-3"}):
        set_twins(db, twins)
        with counted_queries(db) as queries:
            get_queue(db, Filter())
        lengths.append(len([query for query in queries if "SELECT" in query]))
    assert lengths == [9, 9]


def test_disagreement_about_the_licence_travels_to_the_card(stocked: Stock) -> None:
    said = "The page says: all rights reserved."
    save_guide(stocked.db, replace(make_guide(), licence_finding=said))
    item = get_item(stocked.db, "card-0")
    assert item
    assert item.licence_finding == said
