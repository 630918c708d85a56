"""The card page's view: everything on it, gathered in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from review_ui.choice import GroupChoice, Picked, make_choices, targets, tone_rank
from review_ui.differences import LayerRow, compare_texts, make_layers, own_words
from review_ui.guidelines import Guideline, get_guideline
from review_ui.i18n import N_
from review_ui.i18n import gettext as _
from review_ui.marks import (
    Change,
    Line,
    Mark,
    Part,
    around,
    draft_parts,
    lay_out,
    line_kinds,
    source_parts,
)
from stages.cook.risk import CLEAR
from stages.text import split_sentences
from stages.types import Finding, Risk, Sentence, Severity, Span, Stakes
from store.comments import Comment, list_comments
from store.cook_requests import CookRequest, list_open
from store.decision_records import list_decisions
from store.decision_types import Action, Decision
from store.drafts import DraftView
from store.engine import Database, utc_now
from store.groups import list_groups
from store.guides import get_guide
from store.leases import Lease, get_lease
from store.overview import Lapse, list_lapses
from store.posts import PostView, list_posts
from store.queue import Filter, QueueItem, get_item, get_neighbours
from store.tables import DraftState
from store.users import User
from store.verdicts import DIFFERS, GIVEN, VerdictState, get_verdicts
from store.working_texts import WorkingText, list_working

WEAK_BELOW = CLEAR
"""Strength under which a finding is shown as a hint to look, not as a fault."""

NO_VERDICT = VerdictState()

_LOOKS = ("critical", "major", "minor", "perhaps", "info")


@dataclass(frozen=True, slots=True)
class NumberedFinding:
    """key: how the page ties the finding to its marks."""

    key: str
    finding: Finding

    @property
    def look(self) -> str:
        return _look(self.finding)

    @property
    def guideline(self) -> Guideline:
        return get_guideline(self.finding.check)


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
    as people say it, '' for none. layers: sentence by sentence, what became of the source; () for
    a draft without sentences of its own. working: what the reader typed into it and did not save.
    """

    draft: DraftView
    lines: tuple[Line, ...]
    findings: tuple[NumberedFinding, ...]
    layers: tuple[LayerRow, ...]
    targets: tuple[GroupChoice, ...]
    posts: tuple[PostView, ...]
    decision: Decision | None
    can_undo: bool
    editor: str
    refusal: str
    licence: str
    is_outdated: bool
    chance: str
    working: WorkingText | None
    verdict: VerdictState = NO_VERDICT
    asked: CookRequest | None = None
    is_high: bool = False

    @property
    def is_pending(self) -> bool:
        return self.draft.state is DraftState.PENDING

    @property
    def is_waiting(self) -> bool:
        """Whether the reader has said their word, and somebody else has to say theirs."""
        return self.is_pending and self.verdict.is_waiting

    @property
    def is_open(self) -> bool:
        """Whether it is for the reader to decide."""
        return self.is_pending and not self.is_waiting

    @property
    def is_low(self) -> bool:
        """Whether it may be approved together with others, without a look of its own."""
        is_safe = self.draft.risk is Risk.LOW and not self.licence and not self.is_high
        return self.is_open and is_safe and not self.refusal


@dataclass(frozen=True, slots=True)
class DeskView:
    """history: what happened to the card's drafts, the latest first. above, below: the guide's
    passages around the card. lease: who works on it at the moment. stamp: another one as soon as
    anything of the card or its drafts is another.
    """

    item: QueueItem
    above: tuple[Line, ...]
    source_lines: tuple[Line, ...]
    below: tuple[Line, ...]
    source_changes: tuple[Change, ...]
    columns: tuple[ToneColumn, ...]
    choices: tuple[GroupChoice, ...]
    history: tuple[Decision | Lapse, ...]
    previous_id: str
    next_id: str
    chosen: str
    lease: Lease | None
    comments: tuple[Comment, ...]

    @property
    def stamp(self) -> str:
        drafts = (f"{c.draft.id}.{c.draft.version}" for c in self.columns)
        return "-".join((self.item.card.body_hash[:12], *drafts))

    @property
    def lows(self) -> tuple[ToneColumn, ...]:
        return tuple(column for column in self.columns if column.is_low)

    @property
    def needs_two(self) -> bool:
        """Whether two people decide about every draft that waits."""
        waiting = [column for column in self.columns if column.is_pending]
        return bool(waiting) and all(column.verdict.needs_two for column in waiting)

    @property
    def is_read_only(self) -> bool:
        return not self.item.guide.reuse.allows_publishing

    @property
    def is_decided(self) -> bool:
        """Whether nothing is left for this reader to decide."""
        return bool(self.columns) and not any(column.is_open for column in self.columns)


def get_desk(
    db: Database,
    card_id: str,
    user: User,
    wanted: Filter,
    picked: Picked | None = None,
    *,
    second_person: bool = True,
) -> DeskView | None:
    """None when there is no such card. second_person: as in the settings."""
    item = get_item(db, card_id)
    if item is None:
        return None
    previous_id, next_id = get_neighbours(db, card_id, wanted, user_id=user.id)
    posts = list_posts(db, card_id=card_id)
    decisions = list_decisions(db, card_id=card_id)
    drafts = sorted(item.drafts, key=lambda draft: tone_rank(draft.tone))
    choices = make_choices(list_groups(db), item.placements, drafts, posts, item.card.lang, picked)
    working = list_working(db, [draft.id for draft in drafts], user.id)
    source = split_sentences(item.card.text, item.card.lang)
    verdicts = get_verdicts(db, [draft.id for draft in drafts], user.id, needs_two=second_person)
    requests = list_open(db, card_id)
    columns = tuple(
        with_others(
            _column(draft, item, source, choices, posts, decisions, user, working.get(draft.id)),
            verdicts.get(draft.id, NO_VERDICT),
            requests.get(draft.id),
        )
        for draft in drafts
    )
    guide = get_guide(db, item.guide.id)
    above, below = around(guide, item.card.spans) if guide else ((), ())
    return DeskView(
        item=item,
        above=above,
        source_lines=lay_out(
            item.card.text,
            source_parts(source),
            _card_marks(columns),
            line_kinds(guide, item.card.spans) if guide else (),
        ),
        below=below,
        source_changes=(
            compare_texts(item.previous_text, item.card.text) if item.previous_text else ()
        ),
        columns=columns,
        choices=choices,
        history=_history(decisions, list_lapses(db, card_id)),
        previous_id=previous_id,
        next_id=next_id,
        chosen=_first_choice(columns),
        lease=get_lease(db, card_id, utc_now()),
        comments=list_comments(db, card_id),
    )


def _column(
    draft: DraftView,
    item: QueueItem,
    source: Sequence[Sentence],
    choices: Sequence[GroupChoice],
    posts: Sequence[PostView],
    decisions: Sequence[Decision],
    user: User,
    working: WorkingText | None,
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
    sources = {sentence.id: sentence.text for sentence in source}
    parts = draft_parts(draft.id, draft.text, draft.sentences)
    return ToneColumn(
        draft=draft,
        lines=lay_out(draft.text, parts, marks, own=_own(draft, parts, sources)),
        findings=findings,
        layers=make_layers(draft.sentences, draft.machine_text, draft.text, sources, draft.lang),
        targets=targets(choices, draft.tone),
        posts=tuple(view for view in posts if view.draft_id == draft.id),
        decision=None if is_pending else decided,
        can_undo=decided is not None and not is_pending and decided.user == user.name,
        editor=editor if draft.is_edited else "",
        refusal=_refusal(draft, item, editor, user) if is_pending else "",
        licence=item.licence_finding,
        is_outdated=draft.body_hash != item.card.body_hash,
        chance=_say_chance(draft.score) if is_pending else "",
        working=working,
        is_high=item.card.stakes is Stakes.HIGH,
    )


def with_others(column: ToneColumn, verdict: VerdictState, asked: CookRequest | None) -> ToneColumn:
    """The column with what others have to do with it: verdicts, and a request for another draft."""
    waits = (DIFFERS if verdict.differs else GIVEN) if verdict.is_waiting else ""
    refusal = column.refusal or (waits if column.is_pending else "")
    return replace(column, verdict=verdict, asked=asked, refusal=refusal)


def _own(draft: DraftView, parts: Sequence[Part], sources: Mapping[str, str]) -> tuple[Span, ...]:
    """Words of the draft that what their sentence rests on does not have."""
    spans: list[Span] = []
    for part in parts:
        source = "\n".join(sources[ref] for ref in part.refs if ref in sources)
        if source:
            own = own_words(draft.text[part.start : part.end], source, draft.lang)
            spans += [(part.start + start, part.start + end) for start, end in own]
    return tuple(spans)


def _rank(finding: Finding) -> tuple[int, float]:
    """Sort key, worst first; what was hardly seen comes after what was."""
    return _LOOKS.index(_look(finding)), -finding.strength


def _say_chance(score: float | None) -> str:
    """A score as a share in words: `42%`, `under 1%`; '' for none."""
    if score is None:
        return ""
    if score < 0.01:
        return _("under 1%")
    return _("over 99%") if score > 0.99 else f"{score:.0%}"


def _history(
    decisions: Sequence[Decision], lapses: Sequence[Lapse]
) -> tuple[Decision | Lapse, ...]:
    lines: list[Decision | Lapse] = [*decisions, *lapses]
    return tuple(sorted(lines, key=lambda line: line.at, reverse=True))


def _refusal(draft: DraftView, item: QueueItem, editor: str, user: User) -> str:
    """The same rules as `store.decision_rules`, said before anybody presses the button."""
    if not item.guide.reuse.allows_publishing:
        return N_("Read only: the licence of this source does not let us publish adapted text.")
    if item.is_removed:
        return N_("This card is no longer in its guide.")
    if draft.body_hash != item.card.body_hash:
        return N_(
            "The source has changed since this draft was written. The next run writes it again."
        )
    if draft.risk is Risk.BLOCKED:
        return N_("Blocked by a check. Edit the text it points at first.")
    is_high = item.card.stakes is Stakes.HIGH
    if draft.machine_risk is Risk.BLOCKED and is_high and editor == user.name:
        return N_(
            "You rewrote a blocked draft on a high-stakes topic. A second person approves it."
        )
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
    open_columns = [column for column in columns if column.is_open]
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
