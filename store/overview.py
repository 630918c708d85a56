"""Figures and texts that pages show of many rows at once, each in one query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, func
from sqlalchemy import select as sql_select
from sqlalchemy.orm import aliased
from sqlmodel import col

from stages.types import CardKind, ChangeKind, PostState, Stakes
from store.decision_types import Action
from store.engine import Database
from store.pages import PageRole, Verdict
from store.tables import (
    CardRow,
    DecisionRow,
    DraftRow,
    DraftState,
    GuideRow,
    PageRow,
    PostRow,
    UserRow,
    id_of,
)


@dataclass(frozen=True, slots=True)
class PageFigures:
    """pages: known of a source and still there. set_aside: of these, without a verdict."""

    pages: int
    set_aside: int


@dataclass(frozen=True, slots=True)
class TextChange:
    """What the last change of a card's source did. previous_text: '' when the text is the same."""

    change: ChangeKind
    previous_text: str
    text: str
    lang: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class PageName:
    """guide_id: of the guide that was made from the page, '' if none."""

    title: str
    url: str
    guide_id: str


@dataclass(frozen=True, slots=True)
class PostTrace:
    """What a person last decided about a post itself. action: KEEP, WITHDRAW, or UNDO for a post
    that went with its approval.
    """

    decision_id: int
    action: Action
    user: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StandingCard:
    """A live card, enough of it to compare it with a text."""

    id: str
    title: str
    text: str
    kind: CardKind
    stakes: Stakes


@dataclass(frozen=True, slots=True)
class StandingGuide:
    """cards: live ones in its order. chars: of its text. pages: how many it was read from."""

    cards: tuple[StandingCard, ...]
    chars: int
    pages: int


@dataclass(frozen=True, slots=True)
class Lapse:
    """An approval that holds no more: the card says something else and was written again at."""

    tone: str
    at: datetime


def count_source_pages(db: Database) -> dict[str, PageFigures]:
    """By source id; a source of which no page is known is missing."""
    is_open = and_(col(PageRow.quarantine_reason) != "", col(PageRow.verdict) == Verdict.NONE.value)
    query = (
        sql_select(col(PageRow.source_id), func.count(), func.sum(case((is_open, 1), else_=0)))
        .where(col(PageRow.role) != PageRole.GONE.value)
        .group_by(col(PageRow.source_id))
    )
    with db.read() as session:
        return {row[0]: PageFigures(row[1], int(row[2])) for row in session.execute(query)}


def list_text_changes(db: Database, card_ids: Sequence[str]) -> dict[str, TextChange]:
    """By card id; ids that are not known are missing."""
    query = sql_select(
        col(CardRow.id),
        col(CardRow.change),
        col(CardRow.previous_text),
        col(CardRow.text),
        col(CardRow.lang),
        col(CardRow.changed_at),
    ).where(col(CardRow.id).in_(card_ids))
    with db.read() as session:
        return {row[0]: TextChange(ChangeKind(row[1]), *row[2:]) for row in session.execute(query)}


def list_page_names(db: Database, page_keys: Sequence[str]) -> dict[str, PageName]:
    """By page key; keys that are not known are missing."""
    query = (
        sql_select(
            col(PageRow.key),
            col(PageRow.title),
            col(PageRow.final_url),
            col(PageRow.url),
            col(GuideRow.id),
            col(GuideRow.title),
        )
        # A page's key is the name of the guide it gave.
        .outerjoin(GuideRow, col(GuideRow.id) == col(PageRow.key))
        .where(col(PageRow.key).in_(page_keys))
    )
    with db.read() as session:
        return {
            row[0]: PageName(row[5] or row[1], row[2] or row[3], row[4] or "")
            for row in session.execute(query)
        }


def list_post_traces(db: Database, post_ids: Sequence[int]) -> dict[int, PostTrace]:
    """By post id: who withdrew it, or keeps it although its source is not what it was; posts about
    which nobody decided anything like that are missing.
    """
    actions = (Action.KEEP.value, Action.WITHDRAW.value, Action.UNDO.value)
    query = (
        sql_select(PostRow, DecisionRow, col(UserRow.name))
        .join(DecisionRow, col(DecisionRow.draft_id) == col(PostRow.draft_id))
        .join(UserRow, col(UserRow.id) == col(DecisionRow.user_id))
        .where(
            col(PostRow.id).in_(post_ids),
            col(DecisionRow.action).in_(actions),
            # What came before this approval is about an earlier life of the post.
            col(DecisionRow.id) > col(PostRow.decision_id),
        )
        .order_by(col(DecisionRow.id))
    )
    with db.read() as session:
        rows = session.execute(query).all()
    undone = {decision.undoes_id for _, decision, _ in rows}
    traces: dict[int, PostTrace] = {}
    for post, decision, user in rows:
        if decision.action == Action.UNDO:
            is_mine = decision.undoes_id == post.decision_id
        else:
            is_mine = decision.before.get("post") == post.id and decision.id not in undone
        is_withdrawal = decision.action != Action.KEEP
        if is_mine and is_withdrawal == (post.state == PostState.WITHDRAWN):
            traces[id_of(post)] = PostTrace(
                id_of(decision), Action(decision.action), user, decision.note, decision.at
            )
    return traces


def list_standing(db: Database, guide_ids: Sequence[str]) -> dict[str, StandingGuide]:
    """By guide id; guides that are not known or gone from their site are missing."""
    guides = sql_select(
        col(GuideRow.id), func.length(col(GuideRow.text)), col(GuideRow.page_urls)
    ).where(col(GuideRow.id).in_(guide_ids), col(GuideRow.removed_at).is_(None))
    cards = (
        sql_select(
            col(CardRow.guide_id),
            col(CardRow.id),
            col(CardRow.title),
            col(CardRow.text),
            col(CardRow.kind),
            col(CardRow.stakes),
        )
        .where(col(CardRow.guide_id).in_(guide_ids), col(CardRow.removed_at).is_(None))
        .order_by(col(CardRow.guide_id), col(CardRow.position))
    )
    found: dict[str, list[StandingCard]] = {}
    with db.read() as session:
        for row in session.execute(cards):
            card = StandingCard(row[1], row[2], row[3], CardKind(row[4]), Stakes(row[5]))
            found.setdefault(row[0], []).append(card)
        return {
            row[0]: StandingGuide(tuple(found.get(row[0], ())), row[1], max(1, len(row[2])))
            for row in session.execute(guides)
        }


def list_lapses(db: Database, card_id: str) -> tuple[Lapse, ...]:
    """Approvals of the card that a draft of another source text took the place of."""
    newer = aliased(DraftRow)
    query = (
        sql_select(col(DraftRow.tone), func.min(col(newer.created_at)))
        .join(
            newer,
            and_(
                col(newer.card_id) == col(DraftRow.card_id),
                col(newer.tone) == col(DraftRow.tone),
                col(newer.id) > col(DraftRow.id),
                col(newer.body_hash) != col(DraftRow.body_hash),
            ),
        )
        .where(
            col(DraftRow.card_id) == card_id,
            col(DraftRow.state) == DraftState.APPROVED.value,
            ~col(DraftRow.is_current),
        )
        .group_by(col(DraftRow.id), col(DraftRow.tone))
    )
    with db.read() as session:
        return tuple(Lapse(row[0], row[1]) for row in session.execute(query))
