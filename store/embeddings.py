"""Embedding vectors by model and text, so that no text is embedded twice."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from sqlmodel import col, select

from store.engine import Database, take_turns
from store.tables import EmbeddingRow


def get_embeddings(db: Database, model: str, texts: Sequence[str]) -> dict[str, bytes]:
    """Vector bytes of those texts that are known, by text."""
    hashes = {_hash(text): text for text in texts}
    known: dict[str, bytes] = {}
    names = list(hashes)
    with db.read() as session:
        for at in range(0, len(names), 500):  # SQLite allows 32,766 parameters, others fewer
            rows = session.exec(
                select(EmbeddingRow).where(
                    EmbeddingRow.model == model,
                    col(EmbeddingRow.text_hash).in_(names[at : at + 500]),
                )
            )
            known.update((hashes[row.text_hash], row.vector) for row in rows)
    return known


def add_embeddings(db: Database, model: str, vectors: Mapping[str, bytes]) -> None:
    """vectors: bytes by text."""
    with db.write() as session:
        take_turns(session.connection(), "embeddings")
        for text, vector in vectors.items():
            session.merge(EmbeddingRow(model=model, text_hash=_hash(text), vector=vector))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
