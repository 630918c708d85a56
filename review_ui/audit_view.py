"""The record for people: what an entry says, and the same entries as CSV and JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from review_ui.access import LEADS
from review_ui.desk_words import REASONS as REJECT_REASONS
from review_ui.i18n import N_
from review_ui.i18n import gettext as _
from review_ui.marks import Change, compare
from review_ui.quarantine_view import REASONS as QUARANTINE_REASONS
from store.audit import Entry, Kind, hide_pace
from store.users import User

KIND_NAMES = {
    Kind.DECISIONS: N_("Drafts and posts"),
    Kind.PAGES: N_("Pages and sources"),
    Kind.TONES: N_("Tones"),
    Kind.ACCOUNTS: N_("Accounts"),
}
ACTION_NAMES = {
    Kind.DECISIONS: {
        "approve": N_("Approved"),
        "reject": N_("Rejected"),
        "edit": N_("Edited"),
        "undo": N_("Took back"),
        "withdraw": N_("Withdrew the post"),
        "retry": N_("Sent again"),
        "settle": N_("Looked whether the post is out"),
        "keep": N_("Kept the post"),
        "regenerate": N_("Had it written again"),
        "reschedule": N_("Moved the post"),
    },
    Kind.PAGES: {
        "accept": N_("Accepted the page"),
        "ignore": N_("Ignored the page"),
        "restore": N_("Set the page aside again"),
        "stop": N_("Stopped the source"),
        "resume": N_("Resumed the source"),
    },
    Kind.TONES: {
        "promote": N_("Promoted a version"),
        "rollback": N_("Rolled back"),
        "canary": N_("Tried a version"),
        "stop_canary": N_("Stopped the trial"),
    },
    Kind.ACCOUNTS: {
        "added": N_("Added the account"),
        "role": N_("Gave another role"),
        "disabled": N_("Disabled the account"),
        "enabled": N_("Enabled the account"),
        "password": N_("Set a password"),
        "sessions_ended": N_("Ended sessions"),
        "token_made": N_("Made an API key"),
        "token_revoked": N_("Revoked an API key"),
        "linked": N_("Linked a sign-in"),
        "unlinked": N_("Unlinked a sign-in"),
        "invited": N_("Invited somebody"),
        "invite_revoked": N_("Took an invite back"),
    },
}
ICONS = {
    "approve": "check", "reject": "cross", "edit": "pen", "undo": "undo", "withdraw": "undo",
    "retry": "out", "settle": "flag", "keep": "check", "regenerate": "change",
    "reschedule": "clock", "accept": "check", "ignore": "cross", "restore": "undo",
    "stop": "stop", "resume": "play", "promote": "check", "rollback": "undo", "canary": "flag",
    "stop_canary": "pause",
}  # fmt: skip
FACT_NAMES = {
    "state": N_("State"),
    "version": N_("Version"),
    "revision": N_("Edits"),
    "risk": N_("Risk"),
    "score": N_("Score"),
    "groups": N_("Groups"),
    "post": N_("Post"),
    "snapshots": N_("Snapshots"),
    "due_at": N_("Goes out at"),
    "alert": N_("Alert"),
    "alert_at": N_("Alert since"),
    "licence_finding": N_("Licence"),
    "share": N_("Share"),
    "hash": N_("File"),
    "role": N_("Role"),
    "name": N_("Name"),
}

HIDDEN_FACTS = ("text", "findings", "request", "verdicts")
"""What a row keeps for undoing, or says elsewhere."""

CSV_COLUMNS = (
    "kind", "id", "at", "user", "action", "about", "reason", "note", "active_s", "source_id",
    "guide_id", "guide_title", "page_key", "card_id", "draft_id", "lang", "tone", "tone_version",
    "tone_hash", "model", "draft_key", "batch", "undoes_id", "is_undone", "text_before",
    "text_after", "before", "after",
)  # fmt: skip
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
_FORMULA = tuple("=+-@\t\r＝＋－＠")


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing an entry changed. before: '' where there was nothing."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class FirstVerdict:
    """What somebody said before the decision that agreed with it or settled it."""

    user: str
    said: str
    reason: str
    note: str


@dataclass(frozen=True, slots=True)
class AuditLine:
    """changes: of the text, empty when it stayed as it was. verdicts: those that came before."""

    entry: Entry
    said: str
    reason: str
    icon: str
    changes: tuple[Change, ...]
    facts: tuple[Fact, ...]
    post_id: int | None
    verdicts: tuple[FirstVerdict, ...]


def seen_by(entries: Iterable[Entry], user: User) -> tuple[Entry, ...]:
    """How long somebody looked is for themselves and for leads."""
    if user.role in LEADS:
        return tuple(entries)
    return tuple(hide_pace(entry, user.name) for entry in entries)


def make_line(entry: Entry) -> AuditLine:
    before, after = entry.before, entry.after
    changes: tuple[Change, ...] = ()
    if isinstance(after.get("text"), str):
        changes = compare(str(before.get("text", "")), after["text"])
    post_id = after.get("post", before.get("post"))
    return AuditLine(
        entry,
        say_action(entry.kind, entry.action),
        say_reason(entry.reason),
        ICONS.get(entry.action, "pen"),
        changes,
        tuple(_facts(before, after)),
        post_id if isinstance(post_id, int) else None,
        tuple(_verdict(each) for each in after.get("verdicts", ())),
    )


def _verdict(kept: Mapping[str, Any]) -> FirstVerdict:
    return FirstVerdict(
        str(kept["user"]),
        say_action(Kind.DECISIONS, str(kept["verdict"])),
        say_reason(str(kept["reason"])),
        str(kept["note"]),
    )


def say_action(kind: Kind, action: str) -> str:
    """An action for people; one that has no words yet is said as it is written down."""
    name = ACTION_NAMES[kind].get(action)
    return _(name) if name else action.replace("_", " ")


def say_reason(reason: str) -> str:
    """Why a draft was rejected or a page was set aside, in words."""
    words: dict[str, str] = {str(code): said for code, said in QUARANTINE_REASONS.items()}
    words |= {str(code): said for code, said in REJECT_REASONS.items()}
    return _(words[reason]) if reason in words else reason.replace("_", " ")


def _facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Fact]:
    for key in dict.fromkeys((*before, *after)):
        old, new = _plain(before.get(key)), _plain(after.get(key))
        if key not in HIDDEN_FACTS and old != new:
            name = FACT_NAMES.get(key)
            yield Fact(_(name) if name else key.replace("_", " "), old, new)


def _plain(value: Any) -> str:
    if value is None or value == []:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    return json.dumps(value, ensure_ascii=False)


def record(entry: Entry) -> dict[str, Any]:
    """An entry as plain JSON, for programs."""
    return {
        "kind": entry.kind.value,
        "id": entry.id,
        "at": entry.at.isoformat(),
        "user": entry.user,
        "action": entry.action,
        "about": entry.about,
        "reason": entry.reason,
        "note": entry.note,
        "active_s": entry.active_s,
        "source_id": entry.source_id,
        "guide_id": entry.guide_id,
        "guide_title": entry.guide_title,
        "page_key": entry.page_key,
        "card_id": entry.card_id,
        "draft_id": entry.draft_id,
        "lang": entry.lang,
        "tone": entry.tone,
        "tone_version": entry.tone_version,
        "tone_hash": entry.tone_hash,
        "model": entry.model,
        "draft_key": entry.key,
        "batch": entry.batch,
        "undoes_id": entry.undoes_id,
        "is_undone": entry.is_undone,
        "before": dict(entry.before),
        "after": dict(entry.after),
    }


Batches = Iterable[tuple[Entry, ...]]


def write_jsonl(batches: Batches) -> Iterator[bytes]:
    """One JSON object a line, a chunk per batch."""
    for batch in batches:
        lines = (json.dumps(record(entry), ensure_ascii=False) + "\n" for entry in batch)
        yield "".join(lines).encode()


def write_csv(batches: Batches) -> Iterator[bytes]:
    """UTF-8 that spreadsheets recognise as such, a chunk per batch; no cell is run as a formula."""
    yield (BOM + _rows([CSV_COLUMNS])).encode()
    for batch in batches:
        yield _rows([_csv_row(entry) for entry in batch]).encode()


WRITERS: dict[str, tuple[str, Callable[[Batches], Iterator[bytes]]]] = {
    "csv": ("text/csv; charset=utf-8", write_csv),
    "jsonl": ("application/jsonl; charset=utf-8", write_jsonl),
}
"""By the end of the file's name: its media type and what writes it."""


def _csv_row(entry: Entry) -> list[str]:
    values = record(entry)
    values["text_before"] = entry.before.get("text")
    values["text_after"] = entry.after.get("text")
    for name in ("before", "after"):
        rest = {key: value for key, value in values[name].items() if key != "text"}
        values[name] = json.dumps(rest, ensure_ascii=False) if rest else ""
    return [inert("" if values[name] is None else str(values[name])) for name in CSV_COLUMNS]


def inert(cell: str) -> str:
    """A cell no spreadsheet runs: what begins like a formula gets an apostrophe before it."""
    return "'" + cell if cell.lstrip(" \n").startswith(_FORMULA) else cell


def _rows(rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
