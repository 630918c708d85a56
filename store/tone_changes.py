"""Which version of a tone writes, and which one is tried beside it.

Told by the changes people made, one row each, never rewritten; where nobody changed anything, the
file on top writes. No change touches a draft: old drafts keep the version they were made with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from store.decision_types import NotAllowedError, StaleError
from store.engine import Database, take_turns, utc_now
from store.tables import GroupRow, PlacementRow, ToneChangeRow, ToneFileRow, UserRow, id_of
from store.tones import Place

NOTE_CHARS = 2000


class ToneAction(StrEnum):
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    CANARY = "canary"
    STOP_CANARY = "stop_canary"


@dataclass(frozen=True, slots=True)
class ToneChange:
    """Who made a version write, or tried one. before_hash: what wrote until then. user: '' for the
    command line. share, groups: of a canary.
    """

    id: int
    tone: str
    action: ToneAction
    hash: str
    before_hash: str
    share: float
    groups: tuple[str, ...]
    user: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Canary:
    """A version that writes some cards: a share of all of them, or those of groups.

    since: when this version was first tried, also if its share was raised meanwhile.
    """

    hash: str
    share: float
    groups: tuple[str, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Which version of a tone writes. active: '' as long as nobody has chosen one, which leaves it
    to the file on top; before: what rolling back returns to, '' for nothing. last_id: of the last
    change, 0 before any.
    """

    tone: str
    active: str = ""
    before: str = ""
    canary: Canary | None = None
    last_id: int = 0


def list_tone_changes(db: Database, limit: int | None = None) -> tuple[ToneChange, ...]:
    """The latest first."""
    with db.read() as session:
        rows = session.execute(
            sql_select(ToneChangeRow, col(UserRow.name))
            .outerjoin(UserRow, col(UserRow.id) == col(ToneChangeRow.user_id))
            .order_by(col(ToneChangeRow.id).desc())
            .limit(limit)
        )
        return tuple(_change(row, user) for row, user in rows)


def list_standings(db: Database) -> dict[str, Standing]:
    """By tone, for those of which somebody ever changed something; one short query."""
    with db.read() as session:
        return _standings(session)


def promote(
    db: Database,
    tone: str,
    tone_hash: str,
    user_id: int | None,
    note: str = "",
    *,
    seen: int | None = None,
) -> int:
    """From now on this version writes; returns the change's id. No draft is touched by it.

    A canary of the same version ends with it, one of another version goes on. seen: `last_id` of
    the standing the person read. Raises NotAllowedError for an unknown version and for the one that
    writes already, StaleError when somebody changed the tone since it was read.
    """
    with _changing(db, tone, seen) as (session, _, active):
        _check_version(session, tone, tone_hash, active)
        return _add_change(session, tone, ToneAction.PROMOTE, tone_hash, active, user_id, note)


def rollback(
    db: Database, tone: str, user_id: int | None, note: str = "", *, seen: int | None = None
) -> int:
    """Return to the version that wrote before the last promotion; the next one goes further back.

    Raises NotAllowedError when there is none, StaleError as `promote` does.
    """
    with _changing(db, tone, seen) as (session, standing, active):
        if not standing.before:
            raise NotAllowedError(
                "No version was promoted that could be rolled back"
                + ("; stop the canary instead." if standing.canary else ".")
            )
        return _add_change(
            session, tone, ToneAction.ROLLBACK, standing.before, active, user_id, note
        )


def start_canary(
    db: Database,
    tone: str,
    tone_hash: str,
    user_id: int | None,
    note: str = "",
    *,
    share: float = 0.0,
    groups: Sequence[str] = (),
    seen: int | None = None,
) -> int:
    """Let a version write a share of the cards, or those placed in groups; takes the place of a
    canary that runs. Returns the change's id.

    A raised share keeps its cards and adds some. Raises NotAllowedError for an unknown version or
    group, the version that writes already, and unless there is a share above 0 or a group, not
    both; StaleError as `promote` does.
    """
    chosen = tuple(dict.fromkeys(groups))
    if bool(chosen) == (share != 0):
        raise NotAllowedError("Say either a share of the cards or groups.")
    if not 0 <= share <= 1:  # a NaN is not, either
        raise NotAllowedError("A share is more than 0 and at most 1 (100 %).")
    with _changing(db, tone, seen) as (session, _, active):
        _check_version(session, tone, tone_hash, active)
        for group_id in chosen:
            group = session.get(GroupRow, group_id)
            if group is None or not group.is_active:
                raise NotAllowedError(f"There is no group {group_id}.")
        return _add_change(
            session, tone, ToneAction.CANARY, tone_hash, active, user_id, note, share, chosen
        )


def stop_canary(
    db: Database, tone: str, user_id: int | None, note: str = "", *, seen: int | None = None
) -> int:
    """The version that writes gets all cards again; drafts of the canary stay.

    Raises NotAllowedError when none runs, StaleError as `promote` does.
    """
    with _changing(db, tone, seen) as (session, standing, active):
        if standing.canary is None:
            raise NotAllowedError(f"No canary of {tone} runs.")
        tried = standing.canary.hash
        return _add_change(session, tone, ToneAction.STOP_CANARY, tried, active, user_id, note)


def list_canary_cards(
    db: Database, tone: str, canary: Canary, card_ids: Sequence[str]
) -> frozenset[str]:
    """Which of the cards the canary writes; for groups, those placed there now."""
    if not canary.groups:
        return frozenset(id for id in card_ids if is_in_share(tone, id, canary.share))
    with db.read() as session:
        rows = session.exec(
            select(PlacementRow.card_id).where(
                col(PlacementRow.card_id).in_(card_ids),
                col(PlacementRow.group_id).in_(canary.groups),
            )
        )
        return frozenset(rows)


def is_in_share(tone: str, card_id: str, share: float) -> bool:
    """Whether a canary of that share (0..1) gets the card: always the same cards, of a larger share
    these and more, and of each tone others, so that no card bears all experiments.
    """
    digest = hashlib.sha256(f"{tone}\0{card_id}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


@contextmanager
def _changing(db: Database, tone: str, seen: int | None) -> Iterator[tuple[Session, Standing, str]]:
    """A transaction that no other change of a tone gets between: standing and active version."""
    with db.write() as session:
        take_turns(session.connection(), "tones")
        standing = _standings(session).get(tone, Standing(tone))
        if seen is not None and seen != standing.last_id:
            raise StaleError(f"Somebody changed {tone} since you opened this. Look at it again.")
        active = (
            standing.active
            or session.exec(
                select(ToneFileRow.hash).where(
                    ToneFileRow.tone == tone, ToneFileRow.place == Place.TOP.value
                )
            ).first()
        )
        if not active:
            raise NotAllowedError(f"There is no tone {tone}.")
        yield session, standing, active


def _check_version(session: Session, tone: str, tone_hash: str, active: str) -> None:
    row = session.get(ToneFileRow, tone_hash)
    if row is None or row.tone != tone:
        raise NotAllowedError(f"There is no such version of {tone}.")
    if tone_hash == active:
        raise NotAllowedError(f"{tone} {row.version} is the version that writes already.")


def _standings(session: Session) -> dict[str, Standing]:
    changes = session.exec(select(ToneChangeRow).order_by(col(ToneChangeRow.id))).all()
    by_tone: dict[str, list[ToneChangeRow]] = {}
    for change in changes:
        by_tone.setdefault(change.tone, []).append(change)
    return {tone: _standing(tone, rows) for tone, rows in by_tone.items()}


def _standing(tone: str, changes: Sequence[ToneChangeRow]) -> Standing:
    active, before, canary = "", list[str](), None
    for change in changes:
        match ToneAction(change.action):
            case ToneAction.PROMOTE:
                before.append(change.before_hash)
                active = change.hash
            case ToneAction.ROLLBACK:
                before.pop()
                active = change.hash
            case ToneAction.CANARY:
                is_raised = canary is not None and canary.hash == change.hash
                since = canary.since if canary is not None and is_raised else change.at
                canary = Canary(change.hash, change.share, tuple(change.groups), since)
            case ToneAction.STOP_CANARY:
                canary = None
        if canary is not None and canary.hash == active:
            canary = None
    return Standing(tone, active, before[-1] if before else "", canary, id_of(changes[-1]))


def _add_change(
    session: Session,
    tone: str,
    action: ToneAction,
    tone_hash: str,
    before_hash: str,
    user_id: int | None,
    note: str,
    share: float = 0.0,
    groups: Sequence[str] = (),
) -> int:
    row = ToneChangeRow(
        tone=tone,
        action=action.value,
        hash=tone_hash,
        before_hash=before_hash,
        share=share,
        groups=list(groups),
        user_id=user_id,
        note=note.strip()[:NOTE_CHARS],
        at=utc_now(),
    )
    session.add(row)
    session.flush()
    return id_of(row)


def _change(row: ToneChangeRow, user: str | None) -> ToneChange:
    return ToneChange(
        id=id_of(row),
        tone=row.tone,
        action=ToneAction(row.action),
        hash=row.hash,
        before_hash=row.before_hash,
        share=row.share,
        groups=tuple(row.groups),
        user=user or "",
        note=row.note,
        at=row.at,
    )
