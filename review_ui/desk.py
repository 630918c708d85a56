"""The card page's view: everything on it, gathered in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from review_ui.choice import GroupChoice, Picked, make_choices, targets, tone_rank
from review_ui.marks import (
    Change,
    Line,
    Mark,
    compare,
    draft_parts,
    lay_out,
    line_kinds,
    source_parts,
)
from stages.text import split_sentences
from stages.types import Finding, Risk, Severity, Stakes
from store.decisions import Action, Decision, list_decisions
from store.drafts import DraftView
from store.engine import Database
from store.groups import list_groups
from store.guides import get_guide
from store.overview import Lapse, list_lapses
from store.posts import PostView, list_posts
from store.queue import Filter, QueueItem, get_item, get_neighbours
from store.tables import DraftState
from store.users import User

WEAK_BELOW = 0.5
"""Strength under which a finding is shown as a hint to look, not as a fault."""

_LOOKS = ("critical", "major", "minor", "perhaps", "info")


@dataclass(frozen=True, slots=True)
class NumberedFinding:
    """key: how the page ties the finding to its marks."""

    key: str
    finding: Finding

    @property
    def look(self) -> str:
        return _look(self.finding)


def _look(finding: Finding) -> str:
    """How it is shown: its severity, or `perhaps` when the check hardly saw it."""
    is_weak = finding.strength < WEAK_BELOW and finding.severity is not Severity.INFO
    return "perhaps" if is_weak else finding.severity.value


@dataclass(frozen=True, slots=True)
class ToneColumn:
    """One draft on the desk. refusal: why it cannot be approved as it stands, '' if it can.

    decision: the one that decided it, with can_undo; editor: who edited it last, '' if nobody.
    licence: how the guide's page disagrees with the register, '' if it does not. is_outdated: the
    card says something else since the draft was written. findings: worst first. chance: its score
    as people say it, '' for none.
    """

    draft: DraftView
    lines: tuple[Line, ...]
    findings: tuple[NumberedFinding, ...]
    changes: tuple[Change, ...]
    targets: tuple[GroupChoice, ...]
    posts: tuple[PostView, ...]
    decision: Decision | None
    can_undo: bool
    editor: str
    refusal: str
    licence: str
    is_outdated: bool
    chance: str

    @property
    def is_pending(self) -> bool:
        return self.draft.state is DraftState.PENDING


@dataclass(frozen=True, slots=True)
class DeskView:
    """history: what happened to the card's drafts, the latest first."""

    item: QueueItem
    source_lines: tuple[Line, ...]
    source_changes: tuple[Change, ...]
    columns: tuple[ToneColumn, ...]
    choices: tuple[GroupChoice, ...]
    history: tuple[Decision | Lapse, ...]
    previous_id: str
    next_id: str
    chosen: str

    @property
    def is_read_only(self) -> bool:
        return not self.item.guide.reuse.allows_publishing

    @property
    def is_decided(self) -> bool:
        return bool(self.columns) and not any(column.is_pending for column in self.columns)


def get_desk(
    db: Database, card_id: str, user: User, wanted: Filter, picked: Picked | None = None
) -> DeskView | None:
    """None when there is no such card."""
    item = get_item(db, card_id)
    if item is None:
        return None
    previous_id, next_id = get_neighbours(db, card_id, wanted)
    posts = list_posts(db, card_id=card_id)
    decisions = list_decisions(db, card_id=card_id)
    drafts = sorted(item.drafts, key=lambda draft: tone_rank(draft.tone))
    choices = make_choices(list_groups(db), item.placements, drafts, posts, item.card.lang, picked)
    columns = tuple(_column(draft, item, choices, posts, decisions, user) for draft in drafts)
    guide = get_guide(db, item.guide.id)
    sentences = source_parts(split_sentences(item.card.text, item.card.lang))
    return DeskView(
        item=item,
        source_lines=lay_out(
            item.card.text,
            sentences,
            _card_marks(columns),
            line_kinds(guide, item.card.spans) if guide else (),
        ),
        source_changes=compare(item.previous_text, item.card.text) if item.previous_text else (),
        columns=columns,
        choices=choices,
        history=_history(decisions, list_lapses(db, card_id)),
        previous_id=previous_id,
        next_id=next_id,
        chosen=_first_choice(columns),
    )


def _column(
    draft: DraftView,
    item: QueueItem,
    choices: Sequence[GroupChoice],
    posts: Sequence[PostView],
    decisions: Sequence[Decision],
    user: User,
) -> ToneColumn:
    findings = tuple(
        NumberedFinding(f"{draft.id}-{number}", finding)
        for number, finding in enumerate(sorted(draft.findings, key=_rank), 1)
    )
    marks = [
        Mark(*item.finding.draft_span, item.key, item.look)
        for item in findings
        if item.finding.draft_span
    ]
    own = [decision for decision in decisions if decision.draft_id == draft.id]
    decided = next(
        (d for d in own if d.action in (Action.APPROVE, Action.REJECT) and not d.is_undone), None
    )
    editor = next((d.user for d in own if d.action is Action.EDIT), "")
    is_pending = draft.state is DraftState.PENDING
    return ToneColumn(
        draft=draft,
        lines=lay_out(draft.text, draft_parts(draft.id, draft.text, draft.sentences), marks),
        findings=findings,
        changes=compare(draft.machine_text, draft.text) if draft.is_edited else (),
        targets=targets(choices, draft.tone),
        posts=tuple(view for view in posts if view.draft_id == draft.id),
        decision=None if is_pending else decided,
        can_undo=decided is not None and not is_pending and decided.user == user.name,
        editor=editor if draft.is_edited else "",
        refusal=_refusal(draft, item, editor, user) if is_pending else "",
        licence=item.licence_finding,
        is_outdated=draft.body_hash != item.card.body_hash,
        chance=_say_chance(draft.score) if is_pending else "",
    )


def _rank(finding: Finding) -> tuple[int, float]:
    """Sort key, worst first; what was hardly seen comes after what was."""
    return _LOOKS.index(_look(finding)), -finding.strength


def _say_chance(score: float | None) -> str:
    """A score as a share in words: `42%`, `under 1%`; '' for none."""
    if score is None:
        return ""
    if score < 0.01:
        return "under 1%"
    return "over 99%" if score > 0.99 else f"{score:.0%}"


def _history(
    decisions: Sequence[Decision], lapses: Sequence[Lapse]
) -> tuple[Decision | Lapse, ...]:
    lines: list[Decision | Lapse] = [*decisions, *lapses]
    return tuple(sorted(lines, key=lambda line: line.at, reverse=True))


def _refusal(draft: DraftView, item: QueueItem, editor: str, user: User) -> str:
    """The same rules as `store.decisions`, said before anybody presses the button."""
    if not item.guide.reuse.allows_publishing:
        return "Read only: the licence of this source does not let us publish adapted text."
    if item.is_removed:
        return "This card is no longer in its guide."
    if draft.body_hash != item.card.body_hash:
        return "The source has changed since this draft was written. The next run writes it again."
    if draft.risk is Risk.BLOCKED:
        return "Blocked by a check. Edit the text it points at first."
    is_high = item.card.stakes is Stakes.HIGH
    if draft.machine_risk is Risk.BLOCKED and is_high and editor == user.name:
        return "You rewrote a blocked draft on a high-stakes topic. A second person approves it."
    return ""


def _card_marks(columns: Sequence[ToneColumn]) -> list[Mark]:
    return [
        Mark(*item.finding.card_span, item.key, item.look)
        for column in columns
        if column.is_pending
        for item in column.findings
        if item.finding.card_span
    ]


def _first_choice(columns: Sequence[ToneColumn]) -> str:
    """The tone the keyboard starts on: open, and some group is waiting for it."""
    open_columns = [column for column in columns if column.is_pending]
    wanted = [column for column in open_columns if column.targets and not column.refusal]
    first = next(iter(wanted or open_columns or columns), None)
    return first.draft.tone if first else ""


def find_column(view: DeskView, draft_id: int) -> ToneColumn | None:
    return next((column for column in view.columns if column.draft.id == draft_id), None)


def read_picked(form: Mapping[str, Sequence[str]]) -> Picked | None:
    """The groups panel as a form sent it; None when the form came without any of it.

    form: every value of every field, by name.
    """
    if "picked" not in form and "group" not in form:
        return None
    return Picked(
        groups=frozenset(form.get("group", ())),
        tones={
            name.removeprefix("tone:"): values[-1]
            for name, values in form.items()
            if name.startswith("tone:") and values
        },
    )
