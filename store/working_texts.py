"""What people typed into drafts and have not saved: one row a draft and person, overwritten as they
type, so that neither a closed tab nor a lost connection costs anybody their words.

Only the person who typed a text ever sees it. Saving it for good is `store.decisions.edit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import and_, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from stages.errors import PermanentError
from stages.types import Card
from store.cards import make_card
from store.desk_tables import WorkingTextRow
from store.drafts import DraftView, make_view
from store.engine import Database
from store.tables import (
    CardRow,
    DecisionRow,
    DraftRow,
    DraftState,
    GuideRow,
    SourceRow,
    UserRow,
    id_of,
    metadata,
)

_DRAFTS = metadata.tables["drafts"]
_WORKING = metadata.tables[WorkingTextRow.__tablename__]


@dataclass(frozen=True, slots=True)
class WorkingText:
    """draft_id, base_version: what it was begun from; the draft may have been replaced since."""

    draft_id: int
    text: str
    base_version: int
    saved_at: datetime


class ClashKind(StrEnum):
    """What became of a draft while somebody typed into it."""

    EDITED = "edited"
    DECIDED = "decided"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Clash:
    """The draft is not what somebody's typing began from: three texts for them to look at.

    base: what they began from; theirs: what stands there now; mine: what they typed. user, at: who
    wrote last and when; '' when a run of the line did. lang, draft_id, version: of what stands now.
    """

    kind: ClashKind
    base: str
    theirs: str
    mine: str
    user: str
    at: datetime
    lang: str
    draft_id: int
    version: int


@dataclass(frozen=True, slots=True)
class EditBasis:
    """What a text is checked against while its editor types. licence_finding, attribution,
    source_url: its guide's; country: its source's, '' when the source is nobody's.
    """

    draft: DraftView
    card: Card
    licence_finding: str
    attribution: str
    source_url: str
    country: str


def save_working(
    db: Database,
    draft_id: int,
    user_id: int,
    text: str,
    base_version: int,
    now: datetime,
    card_id: str = "",
) -> Clash | None:
    """Keep what somebody has typed so far; returns what became of the draft meanwhile, if anything.

    Nothing is kept of a text the draft says already. card_id: the card the draft must be of, ''
    for any. Raises PermanentError when there is no such draft.
    """
    with db.write() as session:
        draft = session.get(DraftRow, draft_id)
        if draft is None or card_id not in ("", draft.card_id):
            raise PermanentError("There is no such draft.")
        if draft.text == text:
            drop_working(session, draft_id, user_id)
            return None
        insert = (
            postgresql.insert
            if session.connection().dialect.name == "postgresql"
            else (sqlite.insert)
        )
        values = {"text": text, "base_version": base_version, "saved_at": now}
        session.execute(
            insert(_WORKING)
            .values(draft_id=draft_id, user_id=user_id, **values)
            .on_conflict_do_update(
                index_elements=[_WORKING.c.draft_id, _WORKING.c.user_id], set_=values
            )
        )
        return _clash(session, draft, text, base_version)


def discard_working(db: Database, draft_id: int, user_id: int) -> bool:
    """Forget what somebody typed; False when there was nothing."""
    with db.write() as session:
        return drop_working(session, draft_id, user_id)


def drop_working(session: Session, draft_id: int, user_id: int) -> bool:
    """The same inside a transaction; for `store.decisions`, when the text is saved for good.

    Also of what was typed into an earlier draft of the same card and tone.
    """
    draft, other = _DRAFTS.alias("draft"), _DRAFTS.alias("other")
    same = (
        select(other.c.id)
        .join(draft, and_(draft.c.card_id == other.c.card_id, draft.c.tone == other.c.tone))
        .where(draft.c.id == draft_id)
    )
    return bool(
        session.exec(
            delete(WorkingTextRow).where(
                col(WorkingTextRow.draft_id).in_(same), col(WorkingTextRow.user_id) == user_id
            )
        ).rowcount
    )


def list_working(db: Database, draft_ids: Sequence[int], user_id: int) -> dict[int, WorkingText]:
    """What one person typed and did not save, by the id of the draft that stands there now.

    What was typed into an earlier draft of the same card and tone is theirs still.
    """
    if not draft_ids:
        return {}
    present, typed_into = _DRAFTS.alias("present"), _DRAFTS.alias("typed_into")
    query = (
        select(present.c.id, *_WORKING.c["draft_id", "text", "base_version", "saved_at"])
        .join(typed_into, typed_into.c.id == _WORKING.c.draft_id)
        .join(
            present,
            and_(present.c.card_id == typed_into.c.card_id, present.c.tone == typed_into.c.tone),
        )
        .where(present.c.id.in_(draft_ids), _WORKING.c.user_id == user_id)
        .order_by(_WORKING.c.saved_at)
    )
    with db.read() as session:
        return {row[0]: WorkingText(*row[1:]) for row in session.execute(query)}


def get_clash(db: Database, draft_id: int, mine: str, base_version: int) -> Clash | None:
    """What became of the draft since it had base_version, None when it stands as it was."""
    with db.read() as session:
        draft = session.get(DraftRow, draft_id)
        return _clash(session, draft, mine, base_version) if draft else None


def get_basis(db: Database, card_id: str, draft_id: int) -> EditBasis | None:
    """None unless it is a current draft of that very card."""
    with db.read() as session:
        row = session.execute(
            select(DraftRow, CardRow, GuideRow, SourceRow)
            .join(CardRow, col(CardRow.id) == col(DraftRow.card_id))
            .join(GuideRow, col(GuideRow.id) == col(CardRow.guide_id))
            .join(SourceRow, col(SourceRow.id) == col(GuideRow.source_id))
            .where(
                col(DraftRow.id) == draft_id,
                col(DraftRow.card_id) == card_id,
                col(DraftRow.is_current),
            )
        ).first()
        if row is None:
            return None
        draft, card, guide, source = row
        return EditBasis(
            make_view(draft, {}),
            make_card(card),
            guide.licence_finding,
            guide.attribution,
            guide.url,
            str(source.spec.get("country", "")),
        )


def _clash(session: Session, draft: DraftRow, mine: str, base_version: int) -> Clash | None:
    is_open = draft.is_current and draft.state == DraftState.PENDING.value
    if draft.version == base_version and is_open:
        return None
    decided = session.execute(
        select(DecisionRow, UserRow.name)  # type: ignore[call-overload]
        .join(UserRow, col(UserRow.id) == col(DecisionRow.user_id))
        .where(col(DecisionRow.draft_id) == draft.id)
        .order_by(col(DecisionRow.id))
    ).all()
    base = text_at(draft.machine_text, [row for row, _ in decided], base_version)
    since = [(row, name) for row, name in decided if row.after.get("version", 0) > base_version]
    last, user = since[-1] if since else (None, "")
    at = last.at if last else draft.created_at
    present = draft
    kind = ClashKind.EDITED if is_open else ClashKind.DECIDED
    if not draft.is_current:
        newer = session.execute(
            select(DraftRow).where(
                col(DraftRow.card_id) == draft.card_id,
                col(DraftRow.tone) == draft.tone,
                col(DraftRow.is_current),
            )
        ).scalar()
        if newer is not None:
            kind, present, user, at = ClashKind.REPLACED, newer, "", newer.created_at
    if kind is ClashKind.EDITED and base == present.text:
        return None  # decided and reopened: the text is the one they began from
    return Clash(
        kind, base, present.text, mine, user, at, present.lang, id_of(present), present.version
    )


def text_at(machine_text: str, decisions: Sequence[DecisionRow], version: int) -> str:
    """The text a draft had at a version; decisions: all of the draft, the first first."""
    texts = [
        str(row.after["text"])
        for row in decisions
        if "text" in row.after and row.after["version"] <= version
    ]
    return texts[-1] if texts else machine_text
