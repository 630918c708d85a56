"""Near-duplicates in the library: found across guides, whatever else is in it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pytest

from stages.chop.sketch import SKETCH_BYTES, Library, sketch

SLEEP = (
    "Put your baby down on the back for every sleep, by day and by night, until 12 months. Keep "
    "the room between 16 and 20°C, and take off hats and outdoor clothes indoors. Do not use a "
    "pillow or a duvet, because they can cover the face and the baby overheats."
)
FEVER = (
    "A fever is a temperature of 38°C or higher. Offer small drinks often, and dress your child in "
    "one light layer. Call a doctor straight away if a baby under 3 months has a fever."
)
MILK = (
    "宝宝满六个月以后要逐渐添加富含铁的辅食，每次只加一种新的食物，"
    "观察三到五天，没有不舒服再换下一种。"
)


def rows(*texts: str, lang: str = "en") -> list[tuple[str, str, bytes]]:
    """Each text a card of its own guide: c0 of g0, c1 of g1, ..."""
    return [(f"c{n}", f"g{n}", sketch(text, lang)) for n, text in enumerate(texts)]


def test_sketch_is_the_same_everywhere_and_always() -> None:
    assert sketch("Keep the room cool.", "en").hex()[:24] == SKETCH_START
    assert len(sketch("", "en")) == len(sketch(MILK, "zh")) == SKETCH_BYTES


SKETCH_START = "c1f21cc5e66e32c21f81fec2"


def test_sketch_ignores_case_typography_and_markers() -> None:
    plain = "Don't use a pillow.\nKeep the room cool."
    assert sketch("- DON’T use a pillow;\n- keep the room\u200b cool", "en") == sketch(plain, "en")


@pytest.mark.parametrize(
    ("text", "changed", "lang"),
    [
        (SLEEP, SLEEP.replace("12 months", "6 months"), "en"),
        (SLEEP, SLEEP.replace("Do not use", "Use"), "en"),
        (SLEEP, SLEEP.replace("by day and by night, ", ""), "en"),
        (MILK, MILK.replace("六", "四"), "zh-Hans"),
    ],
)
def test_find_twin_sees_through_small_changes(text: str, changed: str, lang: str) -> None:
    library = rows(FEVER, changed, lang=lang)
    assert Library(library).find_twin(sketch(text, lang), "other") == "c1"


def test_find_twin_takes_the_likest_and_never_the_guides_own() -> None:
    library = rows(SLEEP.replace("12", "6").replace("hats", "caps"), SLEEP, FEVER)
    assert Library(library).find_twin(sketch(SLEEP, "en"), "other") == "c1"
    assert Library(library).find_twin(sketch(SLEEP, "en"), "g1") == "c0"
    assert Library(library[1:]).find_twin(sketch(SLEEP, "en"), "g1") == ""


@pytest.mark.parametrize("library", [(), rows(FEVER, MILK), [("c", "g", b"too short")]])
def test_find_twin_finds_none(library: Sequence[tuple[str, str, bytes]]) -> None:
    assert Library(library).find_twin(sketch(SLEEP, "en"), "other") == ""


def test_find_twin_refuses_what_is_no_sketch() -> None:
    with pytest.raises(ValueError, match="512 bytes, not 3"):
        Library(rows(SLEEP)).find_twin(b"abc", "other")


def test_library_answers_among_100_000_cards_within_20_ms() -> None:
    """Beside a plain comparison of the whole matrix in the same process, so that a busy machine
    does not decide.
    """
    rng = np.random.default_rng(1)
    values = rng.integers(0, 2**32, (100_000, 128), dtype=np.uint32)
    library = Library(
        [(f"c{n}", f"g{n // 20}", row.tobytes()) for n, row in enumerate(values)] + rows(SLEEP)
    )
    wanted = np.frombuffer(sketch(SLEEP, "en"), dtype=np.uint32)
    start = time.process_time()
    for _ in range(5):
        (values == wanted).sum(axis=1)
    plain = time.process_time() - start
    start = time.process_time()
    for _ in range(5):
        assert library.find_twin(wanted.tobytes(), "other") == "c0"
    assert time.process_time() - start < max(plain, 5 * 0.020)
