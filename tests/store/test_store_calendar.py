"""Posts by the time that counts for each of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import col, update

from stages.types import PostState
from store.calendar import list_calendar, list_lanes
from store.engine import utc_now
from store.posts import list_posts
from store.tables import PostRow
from tests.deciding import approve
from tests.store.makers import Stock


def schedule(stocked: Stock, card: str, group: str, **values: object) -> int:
    """A post of that card in that state; returns its id."""
    draft = stocked.draft(card)
    approve(stocked.db, draft.id, stocked.by_ada(draft), [group], 60)
    post_id = list_posts(stocked.db, card_id=card)[0].post.id
    with stocked.db.write() as session:
        session.exec(update(PostRow).where(col(PostRow.id) == post_id).values(**values))
    return post_id


def test_calendar_holds_what_is_out_by_when_it_went_out_and_the_rest_by_when_it_is_due(
    stocked: Stock,
) -> None:
    noon = utc_now().replace(hour=12, minute=0, second=0, microsecond=0)
    day = timedelta(days=1)
    late = schedule(
        stocked, "card-0", "g1", state="published", due_at=noon - 3 * day, published_at=noon
    )
    due = schedule(stocked, "card-1", "g2", state="failed", due_at=noon - timedelta(hours=1))
    schedule(stocked, "card-2", "g1", state="withdrawn", due_at=noon)
    schedule(stocked, "card-3", "g1", state="scheduled", due_at=noon + day)

    def found(since: datetime, until: datetime, group: str = "") -> list[int]:
        return [post.id for post in list_calendar(stocked.db, since, until, group)]

    start = noon.replace(hour=0)
    assert found(start, start + day) == [due, late]
    assert found(start, start + day, "g1") == [late]
    assert found(start - 3 * day, start - 2 * day) == []
    posts = list_calendar(stocked.db, start, start + day)
    assert [(post.state, post.at) for post in posts] == [
        (PostState.FAILED, noon - timedelta(hours=1)),
        (PostState.PUBLISHED, noon),
    ]


def test_lanes_are_all_groups(stocked: Stock) -> None:
    assert [lane.name for lane in list_lanes(stocked.db)] == ["Group g1", "Group g2"]
