"""What became of a text: change by change, layer by layer, and what of it is nobody's source."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from review_ui.differences import LayerRow, compare_texts, make_layers, own_words
from review_ui.marks import Change
from stages.types import DraftSentence

CASES = Path(__file__).parents[1] / "cases" / "differences"


def read_cases() -> Iterator[tuple[str, str, tuple[Change, ...]]]:
    """Edits as people make them; what changed was read and agreed to case by case."""
    for path in sorted(CASES.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            case = json.loads(line)
            yield case["old"], case["new"], tuple(Change(*change) for change in case["changes"])


def test_a_hundred_edits_of_each_language_are_there() -> None:
    counts = {path.stem: len(path.read_text("utf-8").splitlines()) for path in CASES.glob("*")}
    assert counts.keys() == {"en", "zh"}
    assert min(counts.values()) >= 100


@pytest.mark.parametrize(("old", "new", "changes"), read_cases())
def test_compare_says_of_an_edit_what_a_reader_would(
    old: str, new: str, changes: tuple[Change, ...]
) -> None:
    assert compare_texts(old, new) == changes


SOURCE = {"s1": "Milk keeps for up to 4 hours.", "s2": "Do not refreeze it."}
SENTENCES = (
    DraftSentence("Hello."),
    DraftSentence("Milk keeps 4 hours.", ("s1",)),
    DraftSentence("Never refreeze it.", ("s2",)),
)
MACHINE = "Hello. Milk keeps 4 hours. Never refreeze it."


def same(text: str) -> Change:
    return Change("same", text)


def test_layers_of_an_untouched_draft_are_source_and_machine() -> None:
    assert make_layers(SENTENCES, MACHINE, MACHINE, SOURCE, "en") == (
        LayerRow((), (same("Hello."),), ()),
        LayerRow(
            (same("Milk keeps"), Change("removed", " for up to"), same(" 4 hours.")),
            (same("Milk keeps 4 hours."),),
            (),
        ),
        LayerRow(
            (Change("removed", "Do not"), same(" refreeze it.")),
            (Change("added", "Never"), same(" refreeze it.")),
            (),
        ),
    )


def test_layers_show_an_edit_with_the_sentence_it_changed() -> None:
    text = "Hello. Milk keeps 3 hours, no more. Never refreeze it."
    rows = make_layers(SENTENCES, MACHINE, text, SOURCE, "en")
    assert [row.mine for row in rows] == [
        (),
        (
            same("Milk keeps "), Change("removed", "4"), Change("added", "3"), same(" hours"),
            Change("added", ", no more"), same("."),
        ),
        (),
    ]  # fmt: skip


def test_layers_keep_what_was_added_between_sentences_and_what_was_taken_out() -> None:
    rows = make_layers(SENTENCES, MACHINE, "Hello. Dear all. Never refreeze it.", SOURCE, "en")
    told = ["".join(f"{c.kind[0]}<{c.text}>" for c in row.mine) for row in rows]
    assert told == ["", "r<Milk keeps 4 hours>a<Dear all>s<.>", ""]


def test_layers_of_a_draft_without_sentences_of_its_own_are_none() -> None:
    assert make_layers((), "Text.", "Text!", SOURCE, "en") == ()


def test_layers_pass_over_a_sentence_the_card_does_not_have() -> None:
    sentence = DraftSentence("Ask a nurse.", ("s9",))
    (row,) = make_layers((sentence,), "Ask a nurse.", "Ask a nurse.", SOURCE, "en")
    assert row == LayerRow((), (same("Ask a nurse."),), ())


@pytest.mark.parametrize(
    ("sentence", "source", "lang", "own"),
    [
        ("Storing milk in fridges", "Store it in the fridge: milk", "en", []),
        ("Give 38.5 °C a thought", "At 38 °C call", "en", ["38.5", "thought"]),
        ("On the counter it is fine for up to 4 hours", "It keeps for up to 4 hours", "en",
         ["counter", "fine"]),
        ("Babies' feeding times", "Time to feed the baby", "en", []),
        ("Don’t worry", "Do not run", "en", ["worry"]),
        ("Call now!", "Call your doctor at once.", "en", []),
        ("A little paracetamol helps", "Call a doctor", "en", ["paracetamol", "helps"]),
        ("", "Anything", "en", []),
        ("到了38℃，马上带去医院。", "体温达到38℃，应立即就医。", "zh", ["带去医院"]),
        ("体温达到39℃", "体温达到38℃", "zh", ["39"]),
        ("母乳、奶粉宝宝都要补", "母乳喂养的婴儿都需要补充", "zh", ["奶粉宝宝"]),
        ("应立即就医", "体温达到38℃，应立即就医。", "zh", []),
        ("嬰兒發燒", "嬰兒發燒要看醫生", "zh-Hant", []),
    ],
)  # fmt: skip
def test_own_words_are_those_the_source_does_not_have(
    sentence: str, source: str, lang: str, own: list[str]
) -> None:
    assert [sentence[start:end] for start, end in own_words(sentence, source, lang)] == own
