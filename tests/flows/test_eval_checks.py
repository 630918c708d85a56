"""`eval checks`: what changed in a corrupted text, whether a finding points there, the figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.evals.changes import Changes, find_changes, is_localised
from flows.evals.checks import Verdict, figures, judge, percentile
from stages.errors import ConfigError
from stages.policy import Policy
from stages.types import Card, CardKind, Finding, Severity, Stakes, ToneRules

TEXT = "Keep the room at 16 to 20 °C. Never cover your baby's head."
FAITHFUL = "A room of 16 to 20 °C is fine. Never cover the head of your baby."


def make_card(text: str = TEXT, lang: str = "en") -> Card:
    return Card(
        id="c", guide_id="g", title="Sleep", breadcrumbs=("Sleep",), text=text,
        kind=CardKind.FACT, spans=((0, len(text)),), body_hash="b", ctx_hash="c", lang=lang,
        topics=(), stakes=Stakes.NORMAL, position=0,
    )  # fmt: skip


def spans_of(text: str, *pieces: str) -> tuple[tuple[int, int], ...]:
    return tuple((text.index(piece), text.index(piece) + len(piece)) for piece in pieces)


def test_changed_words_and_the_card_sentence_they_rest_on():
    corrupted = FAITHFUL.replace("20", "26")
    assert find_changes(make_card(), FAITHFUL, corrupted) == Changes(
        spans_of(corrupted, "26"), spans_of(TEXT, "Keep the room at 16 to 20 °C.")
    )


def test_added_words_rest_on_no_card_sentence():
    corrupted = f"{FAITHFUL} It cures colic."
    assert find_changes(make_card(), FAITHFUL, corrupted) == Changes(
        spans_of(corrupted, "It cures colic."), ()
    )


def test_lost_words_leave_the_range_between_their_neighbours():
    corrupted = "A room of 16 to 20 °C is fine."
    assert find_changes(make_card(), FAITHFUL, corrupted) == Changes(
        (((len(corrupted) - 1, len(corrupted))),),
        spans_of(TEXT, "Never cover your baby's head."),
    )


def test_changes_in_chinese_are_signs():
    card = make_card("室温保持在20℃左右。不要盖住宝宝的头。", "zh")
    faithful, corrupted = "室温20℃就好。不要盖住宝宝的头哦。", "室温26℃就好。不要盖住宝宝的头哦。"
    assert find_changes(card, faithful, corrupted) == Changes(((2, 4),), ((0, 11),))


def test_finding_counts_where_it_points():
    changes = Changes(((10, 12),), ((30, 40),))

    def finding(draft=None, card=None):
        return [Finding("x", Severity.MAJOR, "m", draft, card)]

    assert [
        is_localised(finding((11, 20)), changes),
        is_localised(finding((12, 20)), changes),
        is_localised(finding(None, (39, 50)), changes),
        is_localised(finding((0, 5), (30, 40)), changes),
        is_localised(finding(), changes),
        is_localised([], changes),
    ] == [True, False, True, False, False, False]


def test_checks_figures_are_shares_of_drafts():
    verdicts = [
        Verdict("en", False, 1.0),
        Verdict("en", True, 2.0),
        Verdict("zh", False, 3.0),
        Verdict("en", True, 4.0, "number_changed", "critical", True),
        Verdict("en", True, 5.0, "number_changed", "minor", False),
        Verdict("zh", False, 6.0, "sales_pitch", "minor", False),
        Verdict("en", True, 7.0, "sales_pitch", "minor"),
    ]
    assert figures(verdicts) == {
        "false_flag": 1 / 3,
        "recall": 0.75,
        "by_severity": {"critical": 1.0, "minor": 2 / 3},
        "by_type": {"number_changed": 1.0, "sales_pitch": 0.5},
        "by_lang": {
            "en": {"false_flag": 0.5, "recall": 1.0},
            "zh": {"false_flag": 0.0, "recall": 0.0},
        },
        "localised": 0.5,
        "ms_p95": 7.0,
    }


def test_percentile_is_a_value_that_was_seen():
    assert [percentile([], 0.5), percentile([3.0, 1.0, 2.0], 0.5), percentile([1.0], 0.95)] == [
        None, 2.0, 1.0,
    ]  # fmt: skip


def rules(tone: str, lang: str) -> ToneRules | None:
    if tone != "mom":
        return None
    return ToneRules("mom", "1", "h", lang, (1, 1000), 0, 9, ("Say this.",), (), "And this.")


def write_data(folder: Path, **changes: str) -> Path:
    card = {"id": "c", "lang": "en", "title": "Sleep", "breadcrumbs": ["Sleep"], "text": TEXT}
    draft = {"id": "r", "card_id": "c", "tone": "mom", "text": FAITHFUL}
    fault = {"id": "x", "error_type": "number_changed", "severity": "critical"}
    rows = {
        "cards": card,
        "rewrites": draft,
        "corrupted": draft | fault | {"text": FAITHFUL.replace("20", "36")} | changes,
    }
    for name, row in rows.items():
        (folder / f"{name}.jsonl").write_text(json.dumps(row, ensure_ascii=False), "utf-8")
    return folder


def test_judge_holds_drafts_to_their_card_and_not_to_lines_they_cannot_know(tmp_path):
    faithful, corrupted = judge(write_data(tmp_path), rules, Policy(()))
    assert (faithful.lang, faithful.is_flagged, faithful.is_faithful) == ("en", False, True)
    assert (corrupted.error_type, corrupted.severity) == ("number_changed", "critical")
    assert (corrupted.is_flagged, corrupted.is_localised) == (True, True)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"tone": "poet"}, "tone: `poet` is no tone of this installation"),
        ({"card_id": "d"}, "card_id: `d` is no id of cards.jsonl; expected one of its ids"),
        ({"severity": "bad"}, "severity: `bad`; expected one of: critical, major, minor, info"),
        ({"text": " "}, 'text: found " "; expected some text'),
    ],
)
def test_judge_names_file_line_and_what_was_expected(tmp_path, changes, problem):
    with pytest.raises(ConfigError) as error:
        judge(write_data(tmp_path, **changes), rules, Policy(()))
    assert str(error.value) == f"{tmp_path / 'corrupted.jsonl'}:1: {problem}"
