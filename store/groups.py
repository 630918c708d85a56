"""Community groups and the channels that reach them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import col, select

from stages.types import Group
from store.engine import Database, take_turns, utc_now
from store.tables import ChannelRow, GroupRow
from store.values import dump, load


def set_groups(db: Database, groups: Sequence[Group]) -> None:
    """Make the table say what groups.yaml says; a group that left the file takes no more cards."""
    with db.write() as session:
        take_turns(session.connection(), "groups")
        for channel in {group.channel for group in groups}:
            if session.get(ChannelRow, channel) is None:
                session.add(ChannelRow(id=channel, kind=channel, config={}))
        session.flush()
        rows = {row.id: row for row in session.exec(select(GroupRow))}
        for position, group in enumerate(groups):
            spec = dump(Group, group)
            row = rows.pop(group.id, None)
            if row is None or (row.spec, row.position, row.is_active) != (spec, position, True):
                session.merge(
                    GroupRow(
                        id=group.id,
                        channel_id=group.channel,
                        spec=spec,
                        position=position,
                        is_active=True,
                        updated_at=utc_now(),
                    )
                )
        for row in rows.values():
            row.is_active = False
            session.add(row)


def list_groups(db: Database) -> tuple[Group, ...]:
    """The active groups in the order of groups.yaml."""
    with db.read() as session:
        rows = session.exec(
            select(GroupRow).where(col(GroupRow.is_active)).order_by(col(GroupRow.position))
        )
        return tuple(load(Group, row.spec) for row in rows)


def get_group(db: Database, group_id: str) -> Group | None:
    """Any group there ever was, so that old feeds stay readable."""
    with db.read() as session:
        row = session.get(GroupRow, group_id)
        return load(Group, row.spec) if row else None
