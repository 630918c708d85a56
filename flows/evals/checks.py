"""`eval checks`: faithful and corrupted drafts through the checks, at the shipped threshold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from flows.evals.cards import CARDS, card_of, read_cards
from flows.evals.changes import find_changes, is_localised
from flows.evals.files import Row, Step, by_id, check_folder, no_step, read_rows, share
from stages.cook.checks import check_draft
from stages.cook.risk import assess_risk
from stages.policy import Policy
from stages.text import is_chinese
from stages.types import Card, Risk, Severity, ToneRules

REWRITES, CORRUPTED = "rewrites.jsonl", "corrupted.jsonl"
SEVERITIES = tuple(severity.value for severity in reversed(Severity))

Rules = Callable[[str, str], ToneRules | None]
"""Tone id and language to what the checks hold its drafts to, None for an unknown tone."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checks made of one draft.

    error_type, severity: of the planted fault, '' for a faithful draft. is_localised: a finding
    that flags points at the changed words; None for a faithful draft or one without a partner.
    """

    lang: str
    is_flagged: bool
    ms: float
    error_type: str = ""
    severity: str = ""
    is_localised: bool | None = None

    @property
    def is_faithful(self) -> bool:
        return not self.error_type


def run_checks(data: Path, rules: Rules, policy: Policy, step: Step = no_step) -> dict[str, Any]:
    """All drafts of the folder as plain text, without the sentence references ours carry.

    The lines a tone asks every draft to say (its closing line, required phrases) are not asked
    for: drafts by other hands know nothing of them, so their absence would flag all drafts alike,
    faithful or not, and hide what is measured.
    Raises ConfigError when the folder is not of the expected shape.
    """
    return figures(judge(data, rules, policy, step))


def judge(data: Path, rules: Rules, policy: Policy, step: Step = no_step) -> tuple[Verdict, ...]:
    """One verdict per row: the faithful drafts, then the corrupted ones."""
    check_folder(data, [CARDS, REWRITES, CORRUPTED])
    cards = read_cards(data, policy)
    faithful = tuple(by_id(read_rows(data / REWRITES)).values())
    corrupted = tuple(by_id(read_rows(data / CORRUPTED)).values())
    partners = {(row.text("card_id"), row.text("tone")): row.text("text") for row in faithful}
    verdicts = []
    for row in faithful:
        verdicts.append(
            _judge_draft(row, card_of(row, cards), rules, policy, None, has_fault=False)
        )
        step(row.text("id"))
    for row in corrupted:
        card = card_of(row, cards)
        partner = partners.get((card.id, row.text("tone")))
        verdicts.append(_judge_draft(row, card, rules, policy, partner, has_fault=True))
        step(row.text("id"))
    return tuple(verdicts)


def _judge_draft(
    row: Row, card: Card, rules: Rules, policy: Policy, partner: str | None, *, has_fault: bool
) -> Verdict:
    tone_rules = rules(row.text("tone"), card.lang)
    if tone_rules is None:
        raise row.error(f"tone: `{row.text('tone')}` is no tone of this installation")
    tone_rules = replace(tone_rules, disclaimer="", required_phrases=(), flag_from=policy.flag_from)
    text = row.text("text")
    start = perf_counter()
    checked = check_draft(card, text, tone_rules)
    risk = assess_risk(checked.findings, checked.score, card.stakes, policy.flag_from)
    is_flagged = risk is not Risk.LOW
    ms = 1000 * (perf_counter() - start)
    # A hint on reading grade spans the whole text; it points at nothing.
    flags = [each for each in checked.findings if each.severity is not Severity.INFO]
    return Verdict(
        lang="zh" if is_chinese(card.lang) else card.lang.partition("-")[0].lower(),
        is_flagged=is_flagged,
        ms=ms,
        error_type=row.text("error_type") if has_fault else "",
        severity=_severity(row) if has_fault else "",
        is_localised=None
        if partner is None
        else is_localised(flags, find_changes(card, partner, text)),
    )


def _severity(row: Row) -> str:
    severity = row.text("severity")
    if severity not in SEVERITIES:
        raise row.error(f"severity: `{severity}`; expected one of: {', '.join(SEVERITIES)}")
    return severity


def figures(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Flagged is every risk but low.

    false_flag: share of faithful drafts flagged; recall: share of corrupted ones; localised: share
    of the flagged corrupted ones (with a faithful partner to compare with) where a finding points
    at the changed words; ms_p95: of one draft, checked and assessed. None where there is nothing
    to measure.
    """
    faults = [verdict for verdict in verdicts if not verdict.is_faithful]
    placed = [v for v in faults if v.is_flagged and v.is_localised is not None]
    severities = [name for name in SEVERITIES if any(v.severity == name for v in faults)]
    return {
        **_rates(verdicts),
        "by_severity": {name: _flagged([v for v in faults if v.severity == name])
                        for name in severities},
        "by_type": {name: _flagged([v for v in faults if v.error_type == name])
                    for name in sorted({v.error_type for v in faults})},
        "by_lang": {lang: _rates([v for v in verdicts if v.lang == lang])
                    for lang in sorted({v.lang for v in verdicts})},
        "localised": share(sum(v.is_localised is True for v in placed), len(placed)),
        "ms_p95": percentile([verdict.ms for verdict in verdicts], 0.95),
    }  # fmt: skip


def percentile(values: Sequence[float], level: float) -> float | None:
    """The least value that at least that share of the values does not exceed; None of none."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(level * len(values)) - 1)]


def _rates(verdicts: Sequence[Verdict]) -> Mapping[str, float | None]:
    return {
        "false_flag": _flagged([v for v in verdicts if v.is_faithful]),
        "recall": _flagged([v for v in verdicts if not v.is_faithful]),
    }


def _flagged(verdicts: Sequence[Verdict]) -> float | None:
    return share(sum(verdict.is_flagged for verdict in verdicts), len(verdicts))
