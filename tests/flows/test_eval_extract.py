"""`eval extract`: the overlap of texts, the score of a page, the figures of a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.evals.extract import (
    Found,
    GoldPage,
    PageScore,
    extract_trafilatura,
    figures,
    read_gold,
    run_extract,
    score_page,
)
from flows.evals.overlap import Overlap, measure_overlap, tokens
from stages.errors import ConfigError

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "extraction"


def page(gold: str, must_have: tuple[str, ...] = (), must_not: tuple[str, ...] = ()) -> GoldPage:
    return GoldPage(b"", "", "en", gold, must_have, must_not)


def test_tokens_are_words_and_single_han_characters():
    assert tokens("Feed at 6 months. 宝宝睡觉,3个月") == [
        "feed", "at", "6", "months", "宝", "宝", "睡", "觉", "3个月",
    ]  # fmt: skip


def test_overlap_counts_each_gram_as_often_as_gold_has_it():
    assert measure_overlap("a b c d e", "a b c d e") == Overlap(1.0, 1.0)
    assert measure_overlap("a b c d e", "a b c d") == Overlap(1.0, 0.5)
    assert measure_overlap("a b c d", "a b c d x a b c d") == Overlap(1 / 6, 1.0)
    assert measure_overlap("a b c d", "") == Overlap(0.0, 0.0)
    assert measure_overlap("a b", "a b") == Overlap(1.0, 1.0)


def test_overlap_f1_is_the_harmonic_mean():
    assert [Overlap(1.0, 0.5).f1, Overlap(0.0, 0.0).f1] == [pytest.approx(2 / 3), 0.0]


def test_score_page_looks_for_snippets_in_title_and_text_with_white_space_collapsed():
    gold = page("a b c d", ("The title", "a\u00a0b  c", "gone"), ("Menu", "menu"))
    assert score_page(gold, Found("a b\nc d Menu", "The title"), 0.5) == PageScore(
        "en", Overlap(0.5, 1.0), kept=2, must_have=3, leaked=1, must_not_have=2, seconds=0.5
    )


def test_extract_figures_are_means_over_pages_and_shares_of_all_snippets():
    scores = [
        PageScore("en", Overlap(1.0, 1.0), 1, 2, 1, 4, 0.5),
        PageScore("zh", Overlap(0.0, 0.0), 0, 0, 0, 0, 0.5),
    ]
    assert figures(scores) == {
        "f1": 0.5, "precision": 0.5, "recall": 0.5, "must_have": 0.5, "must_not_have": 0.25,
        "pages_per_s": 2.0,
        "by_lang": {
            "en": {"f1": 1.0, "precision": 1.0, "recall": 1.0, "must_have": 0.5,
                   "must_not_have": 0.25, "pages_per_s": 2.0},
            "zh": {"f1": 0.0, "precision": 0.0, "recall": 0.0, "must_have": None,
                   "must_not_have": None, "pages_per_s": 2.0},
        },
    }  # fmt: skip


def write_gold(folder: Path, **changes: object) -> None:
    row = {"id": "p", "html": "p.html", "lang": "en", "main_content": "x"} | changes
    (folder / "gold.jsonl").write_text("\n" + json.dumps(row) + "\n", "utf-8")


def test_run_extract_measures_both_extractors(tmp_path):
    said = "Put your baby down on the back for every sleep, in a clear and flat cot."
    (tmp_path / "p.html").write_text(
        f"<html lang=en><body><nav><a href=/>Menu</a></nav><main><h1>Sleep</h1><p>{said}</p>"
        "<p>A room of 16 to 20 degrees is comfortable for most babies at night.</p></main></body>",
        "utf-8",
    )
    write_gold(
        tmp_path,
        main_content=f"{said}\nA room of 16 to 20 degrees is comfortable for most babies at night.",
        must_have=[said],
        must_not_have=["Menu"],
    )
    report = run_extract(tmp_path)
    keys = {"f1", "precision", "recall", "must_have", "must_not_have", "pages_per_s", "by_lang"}
    assert set(report) == keys | {"trafilatura"}
    assert set(report["trafilatura"]) == keys
    assert [report["f1"], report["must_have"], report["must_not_have"]] == [1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"html": "../p.html"}, ":2: html: `../p.html` leaves the folder"),
        ({"html": "q.html"}, ":2: html: there is no file"),
        ({"main_content": None}, ":2: main_content: found null; expected some text"),
        ({"must_have": "x"}, ':2: must_have: found "x"; expected a list of texts'),
        ({"lang": 3}, ":2: lang: found 3; expected some text"),
    ],
)
def test_read_gold_names_file_line_and_what_was_expected(tmp_path, changes, problem):
    (tmp_path / "p.html").write_text("<p>x</p>", "utf-8")
    write_gold(tmp_path, **changes)
    with pytest.raises(ConfigError) as error:
        read_gold(tmp_path)
    assert str(error.value).startswith(f"{tmp_path / 'gold.jsonl'}{problem}")


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the extraction pages are not on this machine")
def test_definition_gives_the_known_figures_of_trafilatura():
    pages = read_gold(CORPUS)
    measured = figures([score_page(each, extract_trafilatura(each), 1.0) for each in pages])
    kept = measured["must_have"] * sum(len(each.must_have) for each in pages)
    leaked = measured["must_not_have"] * sum(len(each.must_not_have) for each in pages)
    assert (round(measured["f1"], 3), round(measured["by_lang"]["zh"]["f1"], 3)) == (0.874, 0.858)
    assert (round(kept), round(leaked)) == (119, 2)
