"""Sending what people approved and whose time to undo has passed."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from stages.errors import StageError
from stages.publish.channels import open_channel, state_after
from stages.types import Post, PostState
from store.engine import Database
from store.posts import (
    claim_due_posts,
    mark_failed,
    mark_published,
    mark_rescheduled,
    mark_verify,
)

RETRY_AFTER_S = 300.0


@dataclass(slots=True)
class PublishSummary:
    published: int = 0
    rescheduled: int = 0
    failed: int = 0
    verify: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


async def publish_due(db: Database) -> PublishSummary:
    """Send every post that is due, each exactly once; what became of it is written down at once."""
    summary = PublishSummary()
    while posts := claim_due_posts(db):
        for post in posts:
            await _send(db, post, summary)
    return summary


async def _send(db: Database, post: Post, summary: PublishSummary) -> None:
    try:
        receipt = await open_channel(post.channel).send(post)
    except StageError as error:
        match state_after(error):
            case PostState.SCHEDULED:
                wait_s = getattr(error, "retry_after_s", None) or RETRY_AFTER_S
                mark_rescheduled(db, post.id, str(error), wait_s)
                summary.rescheduled += 1
            case PostState.VERIFY:
                mark_verify(db, post.id, str(error))
                summary.verify += 1
            case _:
                mark_failed(db, post.id, str(error))
                summary.failed += 1
    except Exception as error:  # noqa: BLE001  # a channel's mistake costs one post, not the rest
        mark_verify(db, post.id, f"{type(error).__name__} while sending: {error}")
        summary.verify += 1
    else:
        mark_published(db, post.id, receipt)
        summary.published += 1
