"""A desk in the middle of a morning: the small desk after people and the line have used it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from store.comments import add_comment
from store.decision_types import By, RejectReason
from store.decisions import edit
from store.drafts import DraftView, list_drafts
from store.engine import Database, utc_now
from store.leases import take
from store.posts import claim_due_posts, mark_failed
from tests.deciding import approve, reject
from tests.review_ui.desk_data import DeskData, build_desk
from tests.review_ui.shelf_data import ShelfData, add_shelf
from tests.review_ui.tone_data import add_versions

MARA, LIN = 1, 2


def build_lived_desk(home: Path) -> tuple[DeskData, ShelfData]:
    """In a folder of its own. Users are the desk's: 1 mara, 2 lin."""
    desk = build_desk(home)
    shelf = add_shelf(desk)
    add_versions(desk.db)
    _decide(desk.db, shelf)
    return desk, shelf


def _decide(db: Database, shelf: ShelfData) -> None:
    cards, now = shelf.cards, utc_now()
    expert, mom, engagement = _drafts(db, cards["pump"])
    approve(db, expert.id, By(MARA, expert.version), ["back-to-work"], 0)
    (post,) = claim_due_posts(db)
    mark_failed(db, post.id, "The feed could not be written: no space left on the device.")
    reject(db, engagement.id, By(LIN, engagement.version), RejectReason.TONE, "Too loud for us.")
    text = mom.text + " Ask us anything!"
    edit(db, mom.id, By(LIN, mom.version), text, (), mom.risk, None)
    for days, (card, group) in enumerate(
        (("iron", "toddler-table"), ("zh-vitamin", "xin-shou-ma-ma"), ("twin", "night-feeds"))
    ):
        draft = _drafts(db, cards[card])[days]
        due_at = now + timedelta(days=days, hours=1)
        approve(db, draft.id, By((MARA, LIN)[days % 2], draft.version), [group], 0, due_at=due_at)
    take(db, cards["diapers"], LIN, now)
    add_comment(db, cards["storage"], LIN, "@mara is 4 days still right for the fridge?", now)
    add_comment(db, cards["storage"], MARA, "Yes: the page was changed last week, see above.", now)


def _drafts(db: Database, card_id: str) -> tuple[DraftView, ...]:
    return tuple(list_drafts(db, [card_id])[card_id])
