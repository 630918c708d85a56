"""Several drafts approved by one press: in one transaction, and taken back by one undo.

What must not be waved through gets in nowhere here, whatever the page offered: high stakes, drafts
and cards that the checks flag or block, and whatever asks for a look of its own.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from stages.types import Card, Placement, Risk, Stakes
from store.alerts import Alert
from store.cards import make_card
from store.decision_records import find_press
from store.decision_rules import load_draft
from store.decision_types import OTHER_PRESS, Action, By, NotAllowedError, Sending, StaleError
from store.decisions import approve_in
from store.desk_tables import QueueEntryRow
from store.drafts import DraftView, list_drafts
from store.engine import Database
from store.placements import list_placements
from store.posts import PostView, make_post_view
from store.queue_entries import EntryState, Mark, open_marks
from store.tables import (
    CardRow,
    DecisionRow,
    DraftRow,
    GroupRow,
    GuideRow,
    PlacementRow,
    PostRow,
    id_of,
)

UNFIT = Mark.FLAGGED | Mark.BLOCKED | Mark.OUTDATED | Mark.HIGH_STAKES | Mark.UNSURE
MAX_BATCH = 25
"""Drafts: as many as a person can be expected to read in one go."""

HIGH_STAKES = "Much is at stake here: it is decided by itself."
NOT_LOW = "The checks found something here: it is decided by itself."
OTHER_TONE = "The checks found something in another tone of this card: it is decided by itself."
LICENCE_OPEN = "The page says something else about its licence: it is decided by itself."
SOURCE_ALERT = "The source of something that went out has changed: it is decided by itself."
ELSEWHERE = "This draft is of another card."


@dataclass(frozen=True, slots=True)
class Pick:
    """A draft as it was shown, and the groups it was shown to go to."""

    draft_id: int
    version: int
    group_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    draft_id: int
    why: str


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """batch: names it for its undo, '' when nothing was approved."""

    batch: str
    decision_ids: tuple[int, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class BatchCard:
    """A card that may be in a batch. drafts: all that stand; posts: all there are of it."""

    card: Card
    guide_title: str
    guide_url: str
    drafts: tuple[DraftView, ...]
    placements: tuple[Placement, ...]
    posts: tuple[PostView, ...]


def approve_many(
    db: Database, picks: Sequence[Pick], by: By, publish_delay_s: int, *, card_id: str = ""
) -> BatchOutcome:
    """Approve what may be approved together, at most MAX_BATCH drafts, and say what was left out.

    card_id: the low-risk tones of this card, whose other tones may be flagged; otherwise a batch
    over cards, where every tone of each has to be low. by.version is not looked at; by.active_s is
    shared out. Raises NotAllowedError for a batch that is too large.
    """
    if len(picks) > MAX_BATCH:
        raise NotAllowedError(f"A batch has at most {MAX_BATCH} drafts.")
    try:
        with db.write() as session:
            found = _find_batch(session, picks, by)
            return found or _approve(session, picks, by, publish_delay_s, card_id)
    except IntegrityError:
        # The same press, sent twice at the same moment: the other one has won.
        with db.read() as session:
            found = _find_batch(session, picks, by)
        if found is None:
            raise
        return found


def list_candidates(db: Database, limit: int, skip: int = 0) -> tuple[BatchCard, ...]:
    """Cards that some group waits for and whose pending drafts are all low risk, as the queue
    has them. Six queries, whatever the limit.
    """
    entry = QueueEntryRow
    query = (
        select(CardRow, GuideRow.title, GuideRow.url)
        .join(QueueEntryRow, col(entry.card_id) == col(CardRow.id))
        .join(GuideRow, col(GuideRow.id) == col(CardRow.guide_id))
        .where(
            entry.state == EntryState.OPEN,
            col(entry.marks).in_(open_marks(without=UNFIT)),
            entry.rank == 3,
            entry.first_by == "",
            select(PlacementRow.card_id).where(PlacementRow.card_id == CardRow.id).exists(),
        )
        .order_by(col(entry.day), col(entry.guide_id), col(entry.position), col(entry.card_id))
        .offset(skip)
        .limit(limit)
    )
    with db.read() as session:
        rows = session.exec(query).all()
        posts = _list_posts(session, [card.id for card, _, _ in rows])
    ids = [card.id for card, _, _ in rows]
    drafts, placements = list_drafts(db, ids), list_placements(db, ids)
    return tuple(
        BatchCard(
            make_card(card),
            title,
            url,
            drafts.get(card.id, ()),
            tuple(placements.get(card.id, ())),
            posts.get(card.id, ()),
        )
        for card, title, url in rows
        if all(draft.risk is Risk.LOW for draft in drafts.get(card.id, ()))
    )


def _approve(
    session: Session, picks: Sequence[Pick], by: By, publish_delay_s: int, card_id: str
) -> BatchOutcome:
    batch = secrets.token_hex(8)
    share_s = by.active_s / max(1, len(picks))
    done: list[int] = []
    left_out: list[LeftOut] = []
    for pick in _in_order(session, picks):
        # Only the first carries the name of the press: it stands for all of them.
        one = By(by.user_id, pick.version, share_s, "" if done else by.request_id)
        sending = Sending(pick.group_ids, publish_delay_s)
        try:
            with session.begin_nested():
                _check_fits(session, pick.draft_id, card_id)
                done.append(approve_in(session, pick.draft_id, one, sending, batch))
        except (StaleError, NotAllowedError) as error:
            left_out.append(LeftOut(pick.draft_id, str(error)))
    if done and left_out:
        first = session.get_one(DecisionRow, done[0])
        rest = [[one.draft_id, one.why] for one in left_out]
        first.after = {**first.after, "left_out": rest}
        session.add(first)
    return BatchOutcome(batch if done else "", tuple(done), tuple(left_out))


def _in_order(session: Session, picks: Sequence[Pick]) -> list[Pick]:
    """Each draft once, card by card: two batches never wait for each other in a circle."""
    by_id = {pick.draft_id: pick for pick in picks}
    rows = session.exec(
        select(DraftRow.id, DraftRow.card_id).where(col(DraftRow.id).in_(list(by_id)))
    )
    cards: Mapping[int | None, str] = dict(rows.all())
    return sorted(by_id.values(), key=lambda pick: (cards.get(pick.draft_id, ""), pick.draft_id))


def _check_fits(session: Session, draft_id: int, card_id: str) -> None:
    """Raises NotAllowedError for a draft that is no part of a batch."""
    draft, card, guide = load_draft(session, draft_id)
    if card_id and card.id != card_id:
        raise NotAllowedError(ELSEWHERE)
    if card.stakes == Stakes.HIGH:
        raise NotAllowedError(HIGH_STAKES)
    if draft.risk != Risk.LOW:
        raise NotAllowedError(NOT_LOW)
    if guide.licence_finding:
        raise NotAllowedError(LICENCE_OPEN)
    ours = DraftRow.card_id == card.id
    alert = (
        select(PostRow.id)
        .join(DraftRow, col(DraftRow.id) == col(PostRow.draft_id))
        .where(ours, PostRow.alert != Alert.NONE)
    )
    if session.exec(alert.limit(1)).first() is not None:
        raise NotAllowedError(SOURCE_ALERT)
    risky = select(DraftRow.id).where(ours, col(DraftRow.is_current), DraftRow.risk != Risk.LOW)
    if not card_id and session.exec(risky.limit(1)).first() is not None:
        raise NotAllowedError(OTHER_TONE)


def _find_batch(session: Session, picks: Sequence[Pick], by: By) -> BatchOutcome | None:
    """What this press came to when it was sent before; NotAllowedError when it was another."""
    first = find_press(session, by)
    if first is None:
        return None
    is_approval = first.batch and first.action == Action.APPROVE
    if not is_approval or first.draft_id not in {pick.draft_id for pick in picks}:
        raise NotAllowedError(OTHER_PRESS)
    rows = session.exec(
        select(DecisionRow)
        .where(DecisionRow.batch == first.batch, DecisionRow.action == Action.APPROVE)
        .order_by(col(DecisionRow.id))
    ).all()
    left_out = tuple(LeftOut(*one) for one in first.after.get("left_out", ()))
    return BatchOutcome(first.batch, tuple(id_of(row) for row in rows), left_out)


def _list_posts(session: Session, card_ids: Sequence[str]) -> dict[str, tuple[PostView, ...]]:
    rows = session.exec(
        select(PostRow, DraftRow, GroupRow)
        .join(DraftRow, col(DraftRow.id) == col(PostRow.draft_id))
        .join(GroupRow, col(GroupRow.id) == col(PostRow.group_id))
        .where(col(DraftRow.card_id).in_(card_ids))
    )
    found: dict[str, tuple[PostView, ...]] = {}
    for post, draft, group in rows:
        found[draft.card_id] = (*found.get(draft.card_id, ()), make_post_view(post, draft, group))
    return found
