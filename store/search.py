"""Words of a text, and of a question, for finding cards: one way for SQLite and PostgreSQL.

The databases' own analysers do not know where Chinese words end, and each cuts differently. So a
text is cut here: Latin words as they are, Han text into overlapping pairs of characters, each run's
last character by itself. Every character begins a term that way, so that one character alone is
found as the beginning of a term. What cards are narrowed by stands among the words. SQLite keeps
the terms in FTS5, PostgreSQL in a tsvector of the entry with GIN.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, cast, literal_column, select, table, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlmodel import Session

MAX_WORDS = 8
MAX_TERM = 40
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUNS = re.compile(rf"[{HAN}]+|[^\W_{HAN}]+")
_IS_HAN = re.compile(f"[{HAN}]")
FACET = "\ue000"
"""Begins the term of a facet. It is for private use: FTS5 counts it as a letter, and no text is cut
into terms that have it, so nobody can type one.
"""
WORDS = "queue_words"
"""SQLite's tables of the index begin so. PostgreSQL's is the column below."""
WORDS_COLUMN = "words"
"""Of queue_entries, in PostgreSQL alone: what is counted is found without another table."""


@dataclass(frozen=True, slots=True)
class Question:
    """terms: what the index is asked for, all of them; True: as the beginning of a word.

    exact: words that must also stand in the text as they are typed, because the terms say less
    than they do: `100%`, `snake_case`, three Chinese characters and more.
    """

    terms: tuple[tuple[str, bool], ...]
    exact: tuple[str, ...]


def cut(content: str) -> tuple[str, ...]:
    """The terms of a text, each once."""
    found: dict[str, None] = {}
    for run in _RUNS.findall(_fold(content)):
        if _IS_HAN.match(run):
            found.update((run[at : at + 2], None) for at in range(len(run)))
        else:
            found[run[:MAX_TERM]] = None
    return tuple(found)


def ask(words: str) -> Question:
    """What somebody typed, as a question to the index. A Latin word finds those it begins."""
    terms: dict[tuple[str, bool], None] = {}
    exact: list[str] = []
    for word in words.split()[:MAX_WORDS]:
        runs = _RUNS.findall(_fold(word))
        for run in runs:
            if not _IS_HAN.match(run):
                terms[run[:MAX_TERM], True] = None
            elif len(run) == 1:
                terms[run, True] = None
            else:
                pairs = [run[at : at + 2] for at in range(len(run) - 1)]
                terms.update(((pair, False), None) for pair in pairs[:MAX_TERM])
        is_said = len(runs) == 1 and runs[0] == _fold(word)
        if not is_said or len(runs[0]) > (2 if _IS_HAN.match(runs[0]) else MAX_TERM):
            exact.append(word)
    return Question(tuple(terms), tuple(exact))


def facet(name: str, value: str) -> str:
    """The term by which entries are found that have the value, such as `topic`, `sleep`: short, as
    each entry has a dozen.
    """
    return FACET + blake2b(f"{name}:{value}".encode(), digest_size=6).hexdigest()


def has_terms(
    session: Session, terms: tuple[tuple[str, bool], ...], *, is_common: bool = False
) -> ColumnElement[bool]:
    """Which of the queue's entries have all the terms: those of `ask` and of `facet`. is_common:
    many do, so that the first of them are found sooner by looking through the queue in its order.
    """
    if session.connection().dialect.name == "postgresql":
        said = " & ".join(f"'{term}'{':*' if begins else ''}" for term, begins in terms)
        words: ColumnElement[Any] = literal_column("queue_entries.words")
        return words.bool_op("@@")(cast(said, TSQUERY))
    said = " AND ".join(f'"{term}"{"*" if begins else ""}' for term, begins in terms)
    rowids: Select[Any] = select(literal_column("rowid")).select_from(table(WORDS))
    found = rowids.where(text("queue_words MATCH :asked").bindparams(asked=said))
    # No index can be asked for a sum: that leaves the one in the order of the queue.
    entry_id: ColumnElement[Any] = literal_column(
        "queue_entries.id + 0" if is_common else "queue_entries.id"
    )
    return entry_id.in_(found)


def set_words(session: Session, contents: Mapping[int, Sequence[str]]) -> None:
    """Make these entries of the queue be found by these terms; by entry id."""
    if not contents:
        return
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        statement = (
            "UPDATE queue_entries SET words = array_to_tsvector(CAST(:words AS text[]))"
            " WHERE id = :id"
        )
        rows = [{"id": key, "words": list(terms)} for key, terms in contents.items()]
    else:
        statement = "INSERT OR REPLACE INTO queue_words (rowid, words) VALUES (:id, :words)"
        rows = [{"id": key, "words": " ".join(terms)} for key, terms in contents.items()]
    connection.execute(text(statement), rows)


def list_facets(session: Session, entry_ids: Sequence[int]) -> dict[int, list[str]]:
    """The facets that these entries are found by, by entry id."""
    if not entry_ids:
        return {}
    if session.connection().dialect.name == "postgresql":
        query = "SELECT id, tsvector_to_array(words) AS words FROM queue_entries WHERE id IN :ids"
    else:
        query = "SELECT rowid AS id, words FROM queue_words WHERE rowid IN :ids"
    asked = text(query).bindparams(bindparam("ids", list(entry_ids), expanding=True))
    found = {}
    for row in session.execute(asked):
        terms = row.words.split() if isinstance(row.words, str) else row.words
        found[row.id] = [term for term in terms if term.startswith(FACET)]
    return found


def _fold(content: str) -> str:
    return unicodedata.normalize("NFKC", content).casefold()
