"""Sending what people approved: once, not too early, and what each ending means for the post."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from flows import publish
from flows.publish import PublishSummary, publish_due
from stages.errors import PermanentError, TransientError
from stages.publish.channels import UnknownOutcome
from stages.types import Post, PostState, Receipt
from store.cards import list_cards
from store.decision_types import By
from store.decisions import undo
from store.drafts import list_drafts
from store.engine import Database, utc_now
from store.guides import list_guides
from store.posts import list_posts, list_published
from store.users import add_user
from tests.deciding import approve
from tests.flows.small_site import Place

GROUP = "new-parents"


@dataclass
class FakeChannel:
    """Keeps what it was sent; raises its error instead, if it has one."""

    error: Exception | None = None
    sent: list[Post] = field(default_factory=list)
    name: str = "atom"

    async def send(self, post: Post) -> Receipt:
        self.sent.append(post)
        if self.error:
            raise self.error
        return Receipt(external_id=f"id-{post.id}")


@dataclass(frozen=True)
class Desk:
    """An editor and the drafts of one guide. approve_one(delay_s) gives the decision's id."""

    db: Database
    user_id: int
    approve_one: Callable[..., int]


@pytest.fixture
def desk(kept: Place) -> Iterator[Desk]:
    db = kept.open()
    user = add_user(db, "ann", "hash").id
    guide = next(ref for ref in list_guides(db) if ref.lang == "en")
    cards = [card.id for card in list_cards(db, guide.id)]
    waiting = [drafts[0] for drafts in list_drafts(db, cards).values()]

    def approve_one(delay_s: int = 0) -> int:
        draft = waiting.pop()
        return approve(db, draft.id, By(user, draft.version), [GROUP], delay_s)

    yield Desk(db, user, approve_one)
    db.dispose()


def send_through(channel: FakeChannel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "open_channel", lambda name: channel)


def publish_now(desk: Desk) -> PublishSummary:
    return asyncio.run(publish_due(desk.db))


def test_due_posts_go_out_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = FakeChannel()
    send_through(channel, monkeypatch)
    for _ in range(3):
        desk.approve_one()
    first, second = publish_now(desk), publish_now(desk)

    assert (first, second) == (PublishSummary(published=3), PublishSummary())
    assert len({post.key for post in channel.sent}) == len(channel.sent) == 3
    assert {view.post.state for view in list_posts(desk.db)} == {PostState.PUBLISHED}


def test_due_posts_reach_the_feed_through_the_real_channel(desk: Desk) -> None:
    desk.approve_one()
    assert publish_now(desk) == PublishSummary(published=1)
    assert [post.state for post in list_published(desk.db, GROUP)] == [PostState.PUBLISHED]


def test_nothing_goes_out_before_the_delay(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = FakeChannel()
    send_through(channel, monkeypatch)
    desk.approve_one(delay_s=120)
    early = publish_now(desk)
    monkeypatch.setattr("store.posts.utc_now", lambda: utc_now() + timedelta(seconds=121))
    late = publish_now(desk)

    assert early == PublishSummary()
    assert late == PublishSummary(published=1)
    assert len(channel.sent) == 1


def test_undone_approval_is_never_sent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = FakeChannel()
    send_through(channel, monkeypatch)
    undo(desk.db, desk.approve_one(delay_s=120), desk.user_id)
    monkeypatch.setattr("store.posts.utc_now", lambda: utc_now() + timedelta(days=1))

    assert publish_now(desk) == PublishSummary()
    assert channel.sent == []


@pytest.mark.parametrize(
    ("error", "state", "summary"),
    [
        (PermanentError("refused"), PostState.FAILED, PublishSummary(failed=1)),
        (UnknownOutcome("no answer"), PostState.VERIFY, PublishSummary(verify=1)),
        (TransientError("busy"), PostState.SCHEDULED, PublishSummary(rescheduled=1)),
        (KeyError("a mistake of ours"), PostState.VERIFY, PublishSummary(verify=1)),
    ],
)
def test_channel_errors_decide_the_state_and_nothing_is_sent_again_blindly(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    state: PostState,
    summary: PublishSummary,
) -> None:
    channel = FakeChannel(error)
    send_through(channel, monkeypatch)
    desk.approve_one()
    first, second = publish_now(desk), publish_now(desk)

    assert (first, second) == (summary, PublishSummary())
    assert len(channel.sent) == 1
    (view,) = list_posts(desk.db)
    assert view.post.state is state
    assert view.error.endswith(str(error))


def test_busy_channel_gets_the_post_again_after_the_pause_it_asked_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = FakeChannel(TransientError("busy", retry_after_s=30))
    send_through(channel, monkeypatch)
    desk.approve_one()
    before = utc_now()
    publish_now(desk)
    due = list_posts(desk.db)[0].post.due_at
    channel.error = None
    monkeypatch.setattr("store.posts.utc_now", lambda: utc_now() + timedelta(seconds=40))
    after = publish_now(desk)

    assert timedelta(seconds=29) < due - before < timedelta(seconds=40)
    assert after == PublishSummary(published=1)


def test_post_for_a_channel_we_do_not_have_fails_and_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = publish.open_channel
    monkeypatch.setattr(publish, "open_channel", lambda name: real("pigeon"))
    desk.approve_one()

    assert publish_now(desk) == PublishSummary(failed=1)
    view = list_posts(desk.db)[0]
    assert view.post.state is PostState.FAILED
    assert view.error == "channel: there is no 'pigeon'; expected one of: atom"


def test_one_failing_post_does_not_hold_up_the_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OnceBroken(FakeChannel):
        async def send(self, post: Post) -> Receipt:
            self.error = PermanentError("refused") if not self.sent else None
            return await super().send(post)

    send_through(OnceBroken(), monkeypatch)
    for _ in range(3):
        desk.approve_one()

    assert publish_now(desk) == PublishSummary(published=2, failed=1)
