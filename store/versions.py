"""The texts a draft has had: the machine's, and each one a person saved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from store.engine import Database
from store.tables import DecisionRow, DraftRow, UserRow, id_of

EDIT = "edit"
"""As in `store.decision_types.Action`, which is built on more than is needed here."""


@dataclass(frozen=True, slots=True)
class Version:
    """id: of the decision that saved it, 0 for the machine's text. user: '' for the machine; name:
    what they called it, '' for nothing.
    """

    id: int
    text: str
    user: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DraftVersions:
    """text: of now. version: as in `DraftView`. versions: the latest first, the machine's last."""

    draft_id: int
    card_id: str
    tone: str
    lang: str
    text: str
    version: int
    is_open: bool
    versions: tuple[Version, ...]


def get_versions(db: Database, card_id: str, draft_id: int) -> DraftVersions | None:
    """None unless it is a draft of that very card."""
    with db.read() as session:
        draft = session.get(DraftRow, draft_id)
        if draft is None or draft.card_id != card_id:
            return None
        saved = session.exec(
            select(DecisionRow, UserRow.name)
            .join(UserRow, col(UserRow.id) == col(DecisionRow.user_id))
            .where(DecisionRow.draft_id == draft_id, DecisionRow.action == EDIT)
            .order_by(col(DecisionRow.id).desc())
        ).all()
        machine = Version(0, draft.machine_text, "", "", draft.created_at)
        return DraftVersions(
            draft_id=draft_id,
            card_id=card_id,
            tone=draft.tone,
            lang=draft.lang,
            text=draft.text,
            version=draft.version,
            is_open=draft.is_current and draft.state == "pending",
            versions=(
                *(
                    Version(id_of(row), row.after["text"], name, row.note, row.at)
                    for row, name in saved
                ),
                machine,
            ),
        )
