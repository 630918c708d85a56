"""Labelled folders as examples for the fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flows.evals.cards import CARDS, card_of, read_cards
from flows.evals.changes import find_changes
from flows.evals.checks import CORRUPTED, REWRITES, Rules
from flows.evals.files import Row, Step, by_id, check_folder, no_step, read_rows
from flows.evals.fit import Example
from stages.cook.checks import Gathered, gather
from stages.cook.facts import language_key
from stages.cook.score import LEFT_OUT, SAID
from stages.policy import Policy
from stages.types import Card, Span

LOST_MORE = 0.15
"""How much less of a card clause a corrupted draft covers than its partner, to be blamed."""


def read_examples(
    folders: Sequence[Path], rules: Rules, policy: Policy, step: Step = no_step
) -> list[Example]:
    """Every draft of the folders, each of the shape `eval checks` reads, with its evidence.

    Raises ConfigError when a folder is not of that shape.
    """
    found: list[Example] = []
    for folder in folders:
        check_folder(folder, [CARDS, REWRITES, CORRUPTED])
        cards = read_cards(folder, policy)
        partners: dict[tuple[str, str], tuple[str, Gathered]] = {}
        for name in (REWRITES, CORRUPTED):
            for row in by_id(read_rows(folder / name)).values():
                card = card_of(row, cards)
                gathered = _gather(row, card, rules)
                key = (card.id, row.text("tone"))
                if name == REWRITES:
                    partners[key] = row.text("text"), gathered
                partner = partners.get(key) if name == CORRUPTED else None
                found.append(_example(f"{folder.name}:{card.id}", row, card, gathered, partner))
                step(row.text("id"))
    return found


def _gather(row: Row, card: Card, rules: Rules) -> Gathered:
    tone_rules = rules(row.text("tone"), card.lang)
    if tone_rules is None:
        raise row.error(f"tone: `{row.text('tone')}` is no tone of this installation")
    tone_rules = replace(tone_rules, disclaimer="", required_phrases=())
    return gather(card, row.text("text"), tone_rules)


def _example(
    name: str, row: Row, card: Card, gathered: Gathered, partner: tuple[str, Gathered] | None
) -> Example:
    evidence = gathered.evidence
    faults = {side: [False] * len(evidence[side]) for side in (SAID, LEFT_OUT)}
    if partner is not None:
        faithful, before = partner
        changes = find_changes(card, faithful, row.text("text"))
        faults[SAID] = [_touches(e.draft_span, changes.in_text) for e in evidence[SAID]]
        faults[LEFT_OUT] = [
            (more := now.features["lost_near"] - old.features["lost_near"]) > LOST_MORE
            or (more > 0 and _touches(now.card_span, changes.in_card))
            or (
                now.features.get("freed_near", 0.0) > old.features.get("freed_near", 0.0)
                and _touches(now.card_span, changes.in_card)
            )
            for now, old in zip(evidence[LEFT_OUT], before.evidence[LEFT_OUT], strict=True)
        ]
    is_fault = partner is not None or "error_type" in row.values
    return Example(
        card=name,
        language=language_key(card.lang),
        evidence=evidence,
        faults=faults,
        findings=gathered.findings,
        is_fault=is_fault,
        severity=row.text("severity") if is_fault else "",
    )


def _touches(span: Span | None, ranges: Sequence[Span]) -> bool:
    return span is not None and any(
        (start < span[1] and span[0] < end) or (start == end and span[0] <= start <= span[1])
        for start, end in ranges
    )
