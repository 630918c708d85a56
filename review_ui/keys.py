"""The keyboard: one table of all keys, what people change of it, and what the pages get of it.

The sheet behind `?`, the page where keys are changed and the browser's own map are all made from
KEYS; static/keys.js knows no key by itself.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from review_ui.access import ACCESS, may
from review_ui.desk_words import REASONS as REASON_WORDS
from review_ui.i18n import N_
from review_ui.i18n import gettext as _
from store.users import User

PREF = "keys"
OFF_PREF = "keys_off"
"""What `User.prefs` holds: the keys somebody changed by the id of their action, and whether they
want none of those that are one letter (WCAG 2.1.4)."""

ANYWHERE, GO, DESK, REASONS = "anywhere", "go", "desk", "reasons"
PAGES = {
    DESK: N_("On a card"),
    REASONS: N_("Rejecting: why"),
    "queue": N_("In the queue"),
    "batch": N_("In a batch"),
    "guide": N_("In a guide"),
    "posts": N_("On posts"),
    "calendar": N_("In the calendar"),
    "quarantine": N_("In quarantine"),
    "sources": N_("On sources"),
    "tones": N_("On tones"),
    ANYWHERE: N_("Everywhere"),
    GO: N_("Go to"),
}
ADDRESSES = {"cards": DESK, "guides": "guide"}
"""First part of a path -> its page here, where they differ."""


@dataclass(frozen=True, slots=True)
class Key:
    """page: where it acts. how, what: what static/keys.js does, and with which element, number or
    address. key: one character, told apart by Shift and never by Caps Lock.
    """

    page: str
    action: str
    key: str
    words: str
    how: str = "press"
    what: str = ""

    @property
    def id(self) -> str:
        return f"{self.page}.{self.action}"


@dataclass(frozen=True, slots=True)
class FixedKey:
    """One that browsers and assistive technology lead people to expect: nobody changes it."""

    page: str
    keys: tuple[str, ...]
    words: str


def _rows(page: str, what: str) -> tuple[Key, Key]:
    return (
        Key(page, "next", "j", N_("One down"), "down", what),
        Key(page, "previous", "k", N_("One up"), "up", what),
    )


def _turns(page: str) -> tuple[Key, Key]:
    return (
        Key(page, "later", "n", N_("Next page"), what="a[rel=next]"),
        Key(page, "earlier", "p", N_("Page before"), what="a[rel=prev]"),
    )


KEYS = (
    Key(DESK, "next", "j", N_("Next card"), what="a[rel=next]"),
    Key(DESK, "previous", "k", N_("Card before"), what="a[rel=prev]"),
    Key(DESK, "tone-1", "1", N_("Choose the first tone"), "tone", "1"),
    Key(DESK, "tone-2", "2", N_("Choose the second tone"), "tone", "2"),
    Key(DESK, "tone-3", "3", N_("Choose the third tone"), "tone", "3"),
    Key(DESK, "approve", "a", N_("Approve the chosen tone"), "approve"),
    Key(DESK, "approve_all", "A", N_("Approve all low-risk tones"), what="[data-approve-all]"),
    Key(DESK, "edit", "e", N_("Edit it in place"), "open", "editor"),
    Key(DESK, "reject", "r", N_("Reject it"), "open", "reject"),
    Key(DESK, "regenerate", "w", N_("Have it written again"), what="[data-regenerate]"),
    Key(DESK, "groups", "o", N_("Choose groups"), what="[data-groups]"),
    Key(DESK, "schedule", "t", N_("Choose the time it goes out"), what="[data-schedule]"),
    Key(DESK, "comment", "c", N_("Write a comment"), what="[data-comment]"),
    Key(DESK, "difference", "d", N_("Show the difference"), what="[data-difference]"),
    Key(DESK, "undo", "u", N_("Undo your decision on this card"), "undo"),
    Key(DESK, "undo_last", "U", N_("Undo your last decision anywhere"), what="[data-undo-last]"),
    Key(DESK, "hold", "h", N_("Take the card, or let go"), what="[data-claim], [data-release]"),
    *(
        Key(REASONS, f"reason-{number}", str(number), words, "reason", str(number))
        for number, words in enumerate(REASON_WORDS.values(), 1)
    ),
    Key(REASONS, "note", "n", N_("Write a note"), "note"),
    *_rows("queue", "[data-row] .row-title, .rows .row-title"),
    *_turns("queue"),
    *_rows("batch", ".batch-tick input"),
    Key("batch", "tick", "x", N_("Tick it, or not"), what=".batch-tick input:focus"),
    Key("batch", "approve", "A", N_("Approve what is ticked"), what="[data-batch-approve]"),
    *_rows("guide", "main a[href^='/cards/']"),
    *_rows("posts", "[data-row]"),
    Key("posts", "keep", "a", N_("Keep it as it is"), what="[data-keep]"),
    Key("posts", "withdraw", "w", N_("Withdraw it"), what="[data-withdraw]"),
    Key("posts", "note", "n", N_("Write why it may stay first"), what="textarea[name=note]"),
    Key("posts", "undo", "u", N_("Undo your keeping"), what="[data-undo]"),
    *_rows("calendar", "a.chip"),
    *_turns("calendar"),
    Key("quarantine", "next", "j", N_("One down"), "page-down"),
    Key("quarantine", "previous", "k", N_("One up"), "page-up"),
    Key("quarantine", "accept", "a", N_("Accept the page"), "page-verdict", "[data-accept]"),
    Key("quarantine", "ignore", "i", N_("Ignore it"), "page-verdict", "[data-ignore]"),
    Key("quarantine", "note", "n", N_("Write a note first"), "page-note"),
    Key("quarantine", "stop", "s", N_("Stop its source"), "page-stop"),
    Key("quarantine", "undo", "u", N_("Take back"), "page-undo"),
    *_rows("sources", "[data-row]"),
    Key("sources", "stop", "s", N_("Stop it, or a note to resume"), what="textarea[name=note]"),
    *_rows("tones", "[data-row]"),
    Key(ANYWHERE, "search", "/", N_("Search"), what="#find"),
    Key(ANYWHERE, "help", "?", N_("This sheet"), "sheet"),
    Key(ANYWHERE, "go", "g", N_("Go to a page: then its key"), "go"),
    Key(GO, "queue", "q", N_("Queue"), "address", "/queue"),
    Key(GO, "batch", "b", N_("Batch"), "address", "/batch"),
    Key(GO, "undo", "u", N_("Undo"), "address", "/undo"),
    Key(GO, "posts", "p", N_("Posts"), "address", "/posts"),
    Key(GO, "calendar", "c", N_("Calendar"), "address", "/calendar"),
    Key(GO, "groups", "g", N_("Groups"), "address", "/groups"),
    Key(GO, "quarantine", "x", N_("Quarantine"), "address", "/quarantine"),
    Key(GO, "sources", "s", N_("Sources"), "address", "/sources"),
    Key(GO, "tones", "t", N_("Tones"), "address", "/tones"),
    Key(GO, "runs", "r", N_("Runs"), "address", "/runs"),
    Key(GO, "insights", "i", N_("Insights"), "address", "/insights"),
    Key(GO, "audit", "a", N_("Audit"), "address", "/audit"),
    Key(GO, "keys", "k", N_("Your keys"), "address", "/settings/keys"),
)  # fmt: skip

FIXED = (
    FixedKey(DESK, (N_("Ctrl"), N_("Enter")), N_("Save, or send what you write")),
    FixedKey(DESK, (N_("Space"),), N_("Tick that the licence is checked; then approve")),
    FixedKey(DESK, ("←", "→"), N_("Sentence by sentence, once in a text")),
    FixedKey(REASONS, (N_("Enter"),), N_("Reject for that reason")),
    FixedKey("queue", (N_("Enter"),), N_("Open the card")),
    FixedKey("guide", (N_("Enter"),), N_("Open the card")),
    FixedKey("calendar", (N_("Enter"),), N_("Open the post")),
    FixedKey(ANYWHERE, (N_("Esc"),), N_("Close what is open, keep the text")),
)

BY_ID: Mapping[str, Key] = {key.id: key for key in KEYS}
SAVES_IN = (
    ":is([data-editor], [data-reject], [data-regenerate], [data-comment], [data-row]) textarea"
)
"""Where Ctrl+Enter, or Cmd+Enter, sends the form."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """keys: what to press, in order. id: '' for a fixed one."""

    id: str
    keys: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Section:
    page: str
    title: str
    rows: tuple[SheetRow, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """here: sections that act on this page, those of other pages after. data: for keys.js."""

    here: tuple[Section, ...]
    others: tuple[Section, ...]
    data: str
    is_off: bool


@dataclass(frozen=True, slots=True)
class Remap:
    """What somebody asked for. keys: by action, what they typed; changed: of it, what is not the
    default. problems: by action, why it cannot be, said in the reader's language.
    """

    keys: Mapping[str, str]
    changed: Mapping[str, str]
    problems: Mapping[str, str]


def keys_of(user: User | None) -> dict[str, str]:
    """Every action's key for that person, '' where they want none."""
    changed = user.prefs.get(PREF) if user else None
    chosen = {key.id: key.key for key in KEYS}
    if isinstance(changed, Mapping):
        known = {id: key for id, key in changed.items() if id in BY_ID and isinstance(key, str)}
        own = {id: key for id, key in known.items() if not key or not _refuse(id, key)}
        chosen |= own
        # An action that came later gives way to what somebody chose before.
        chosen |= {id: "" for id, other in _clashes(chosen) if id not in own and other in own}
    return chosen


def page_of(path: str) -> str:
    """The page of keys that a path is, '' when it has none of its own."""
    first = path.strip("/").split("/")[0]
    name = ADDRESSES.get(first, first)
    return name if name in PAGES else ""


def make_sheet(user: User, path: str) -> Sheet:
    here = page_of(path)
    now = keys_of(user)
    is_off = bool(user.prefs.get(OFF_PREF))
    sections = list_sections(user)
    acting = {here, REASONS if here == DESK else "", ANYWHERE, GO}
    data = {
        part: [[now[key.id], key.how, key.what] for key in _of(page, user) if now[key.id]]
        for part, page in (("page", here), ("anywhere", ANYWHERE), ("go", GO), ("reasons", REASONS))
    }
    empty: dict[str, list[list[str]]] = {part: [] for part in data}
    # What pages say beside their buttons is the default, and put right where it is another.
    own = (*_of(here, user), *(_of(REASONS, user) if here == DESK else ()))
    named = {key.action: "" if is_off else now[key.id] for key in own}
    return Sheet(
        tuple(section for section in sections if section.page in acting),
        tuple(section for section in sections if section.page not in acting),
        json.dumps(
            {**(empty if is_off else data), "saves": SAVES_IN, "named": named}, ensure_ascii=False
        ),
        is_off,
    )


def list_sections(user: User, typed: Mapping[str, str] | None = None) -> tuple[Section, ...]:
    """All keys, page by page, as the person has them; typed: as they are just changing them."""
    now = {**keys_of(user), **(typed or {})}
    return tuple(
        Section(
            page,
            _(title),
            (
                *(SheetRow(key.id, _presses(key, now), _(key.words)) for key in _of(page, user)),
                *(
                    SheetRow("", tuple(map(_, fixed.keys)), _(fixed.words))
                    for fixed in FIXED
                    if fixed.page == page
                ),
            ),
        )
        for page, title in PAGES.items()
    )


def read_remap(user: User, sent: Mapping[str, str]) -> Remap:
    """What a form asks for, by the ids of actions; those it leaves out stay as they are."""
    keys = {**keys_of(user), **{id: _clean(sent[id]) for id in BY_ID if id in sent}}
    problems = {id: reason for id, key in keys.items() if key and (reason := _refuse(id, key))}
    for id, other in _clashes(keys):
        problems.setdefault(id, _("“%(key)s” does this too: %(words)s") % {
            "key": keys[id], "words": _(BY_ID[other].words)
        })  # fmt: skip
    changed = {id: key for id, key in keys.items() if key != BY_ID[id].key}
    return Remap(keys, changed, problems)


def _presses(key: Key, now: Mapping[str, str]) -> tuple[str, ...]:
    own = now[key.id]
    starter = now[f"{ANYWHERE}.go"]
    return (starter, own) if key.page == GO and own else (own,) if own else ()


def _of(page: str, user: User) -> Sequence[Key]:
    """A page's keys, without those that lead where nothing is, or not for this person."""
    return [
        key
        for key in KEYS
        if key.page == page
        and (
            key.how != "address"
            or (("GET", key.what) in ACCESS and may(user.role, "GET", key.what))
        )
    ]


def _clean(typed: str) -> str:
    """As the browser will say it: a full-width letter is the letter."""
    return unicodedata.normalize("NFKC", typed).strip()


def _refuse(id: str, key: str) -> str:
    """Why no action may have that key; '' when it may."""
    if len(key) != 1 or not key.isprintable():
        return _("One character, please: a letter, a digit or a sign.")
    if key == "'" or (key == "/" and id != f"{ANYWHERE}.search"):
        return _("Browsers search in the page with this key.")
    return ""


def _clashes(keys: Mapping[str, str]) -> list[tuple[str, str]]:
    """Pairs of actions that one press would mean on one page."""
    found = []
    for id, key in keys.items():
        page = BY_ID[id].page
        # Everywhere's keys act beside a page's own; after `g`, and among reasons, others wait.
        beside = {page} if page in (GO,) else {page, ANYWHERE}
        if page == ANYWHERE:
            beside = set(PAGES) - {GO}
        for other, same in keys.items():
            if other != id and same == key != "" and BY_ID[other].page in beside:
                found.append((id, other))
                break
    return found
