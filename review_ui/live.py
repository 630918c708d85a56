"""What an editor is shown while they type: the checks of the text as it stands, and its lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from review_ui.desk import NumberedFinding
from review_ui.i18n import N_
from review_ui.i18n import gettext as _
from review_ui.marks import Mark, Piece, lay_out
from stages.cook.checks import check_draft, licence_findings
from stages.cook.risk import assess_edit
from stages.publish.limits import MOST_BYTES, join_post, measure
from stages.text import count_words, is_chinese
from stages.types import Group, Risk, ToneRules
from store.working_texts import EditBasis

_LOOKS = ("critical", "major", "minor", "perhaps", "info")
CHANNEL_NAMES = {"wecom": N_("WeCom"), "dingtalk": N_("DingTalk")}
NEARLY = 0.9
"""Share of a limit from which its meter warns."""


@dataclass(frozen=True, slots=True)
class Meter:
    """How long the text is against a limit. state: `ok`, `near`, `over` or `under`; share: of the
    limit, at most 1.
    """

    label: str
    count: int
    least: int
    most: int
    unit: str
    state: str

    @property
    def share(self) -> float:
        return min(self.count / self.most, 1.0) if self.most else 0.0


@dataclass(frozen=True, slots=True)
class LiveView:
    """rows: the text line by line, with the words that findings point at marked."""

    risk: Risk
    findings: tuple[NumberedFinding, ...]
    rows: tuple[tuple[Piece, ...], ...]
    meters: tuple[Meter, ...]


def look_at(basis: EditBasis, text: str, rules: ToneRules, groups: Sequence[Group]) -> LiveView:
    """The same checks as saving runs. groups: those the card's text could go to."""
    checked = check_draft(basis.card, text, rules, basis.draft.sentences)
    found = (*checked.findings, *licence_findings(basis.licence_finding))
    risk = assess_edit(found, checked.score, basis.card.stakes, rules.flag_from)
    numbered = [
        NumberedFinding(f"live-{basis.draft.id}-{number}", finding)
        for number, finding in enumerate(found, 1)
    ]
    numbered.sort(key=lambda item: (_LOOKS.index(item.look), -item.finding.strength))
    marks = [
        Mark(*item.finding.draft_span, item.key, item.look)
        for item in numbered
        if item.finding.draft_span
    ]
    return LiveView(
        risk, tuple(numbered), _rows(text, marks), make_meters(basis, text, rules, groups)
    )


def make_meters(
    basis: EditBasis, text: str, rules: ToneRules, groups: Sequence[Group]
) -> tuple[Meter, ...]:
    """The tone's own length first, then that of each channel that has a limit."""
    least, most = rules.length
    count = count_words(text, rules.lang)
    state = "under" if count < least else "over" if count > most else "ok"
    unit = _("characters") if is_chinese(rules.lang) else _("words")
    meters = [Meter(_("Length"), count, least, most, unit, state)]
    whole = measure(join_post(basis.card.title, text, basis.attribution, basis.source_url))
    channels = {group.channel for group in groups}
    for channel in (known for known in MOST_BYTES if known in channels):
        limit = MOST_BYTES[channel]
        state = "over" if whole > limit else "near" if whole >= NEARLY * limit else "ok"
        meters.append(Meter(_(CHANNEL_NAMES[channel]), whole, 0, limit, _("bytes"), state))
    return tuple(meters)


def _rows(text: str, marks: Sequence[Mark]) -> tuple[tuple[Piece, ...], ...]:
    """Every line of text, empty ones too, so that they stand exactly where the editor has them."""
    laid = iter(lay_out(text, (), marks))
    return tuple(
        tuple(piece for run in next(laid).runs for piece in run.pieces)
        if line.strip()
        else (Piece(line),)
        for line in text.split("\n")
    )
