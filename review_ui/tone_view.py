"""A tone as its page shows it: which version writes, which is tried, and how each fares."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from babel.lists import format_list

from review_ui.choice import TONE_ORDER
from review_ui.i18n import N_, spoken_locale
from review_ui.i18n import gettext as _
from review_ui.render import number
from store.engine import Database
from store.groups import list_groups
from store.tone_changes import (
    Canary,
    Standing,
    ToneAction,
    ToneChange,
    list_standings,
    list_tone_changes,
)
from store.tone_figures import (
    VersionFigures,
    cost_of_a_draft,
    count_canary_cards,
    count_untouched,
    count_versions,
)
from store.tones import Place, ToneFile, list_tone_files

HISTORY_SHOWN = 12
HASH_CHARS = 8
OFFLINE_MODEL = "offline/house"
LEAST_DRAFTS = 30
"""Of each version, before a difference is spoken of: below it the normal approximation of two
shares does not hold."""

CHANCE_Z = 1.96
"""Differences of two shares that chance alone exceeds once in twenty times."""

NO_FIGURES = VersionFigures()
COMMAND_LINE = N_("the command line")
PLACE_WORDS = {
    Place.TOP: N_("the file on top"),
    Place.NEXT: N_("waits in next/"),
    Place.EARLIER: N_("kept in earlier/"),
    Place.GONE: N_("no longer a file; kept here"),
}
FLAGGED_SHARES = (
    N_(
        "%(share)s %% of its drafts are flagged or blocked, %(other)s %% of the others: no more of "
        "a difference than chance makes."
    ),
    N_(
        "%(share)s %% of its drafts are flagged or blocked, %(other)s %% of the others: more, and "
        "not by chance."
    ),
    N_(
        "%(share)s %% of its drafts are flagged or blocked, %(other)s %% of the others: fewer, and "
        "not by chance."
    ),
)
APPROVED_SHARES = (
    N_(
        "%(share)s %% of its drafts are approved as written, %(other)s %% of the others: no more "
        "of a difference than chance makes."
    ),
    N_(
        "%(share)s %% of its drafts are approved as written, %(other)s %% of the others: more, and "
        "not by chance."
    ),
    N_(
        "%(share)s %% of its drafts are approved as written, %(other)s %% of the others: fewer, "
        "and not by chance."
    ),
)
"""Two shares side by side: of chance, more, fewer."""
ACTION_ICONS = {
    ToneAction.PROMOTE: "check",
    ToneAction.ROLLBACK: "undo",
    ToneAction.CANARY: "play",
    ToneAction.STOP_CANARY: "pause",
}


@dataclass(frozen=True, slots=True)
class VersionView:
    """is_active: it writes; is_canary: it writes some cards. remade: drafts nobody has touched that
    another version made: what could be made again once it writes.
    """

    file: ToneFile
    name: str
    is_active: bool
    is_canary: bool
    figures: VersionFigures
    remade: int

    @property
    def place_words(self) -> str:
        return _(PLACE_WORDS[self.file.place])


@dataclass(frozen=True, slots=True)
class Trial:
    """A canary beside the version that writes, both since it began. cards: of the library that it
    would write now. verdict: what the figures say, in sentences.
    """

    canary: Canary
    whose: str
    cards: int
    tried: VersionFigures
    active: VersionFigures
    verdict: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HistoryLine:
    words: str
    note: str
    at: datetime
    icon: str


@dataclass(frozen=True, slots=True)
class ToneView:
    """versions: the one that writes first, then the canary, then what is on files, then the rest.
    back_to: name of the version a rollback returns to, '' for none. seen: sent with each button, so
    that nobody decides on what has changed meanwhile. cost_usd: of one draft, None when unknown.
    """

    tone: str
    versions: tuple[VersionView, ...]
    active: VersionView
    standing: Standing
    back_to: str
    trial: Trial | None
    history: tuple[HistoryLine, ...]
    cost_usd: Decimal | None
    is_free: bool

    @property
    def seen(self) -> int:
        return self.standing.last_id

    def cost_words(self, drafts: int) -> str:
        """What making so many drafts would cost, as a sentence."""
        if self.is_free:
            return _("It costs nothing: the offline writer writes it.")
        if self.cost_usd is None:
            return _("What it costs is not known yet: nothing was paid so far.")
        cost = number(float(round(self.cost_usd * drafts, 2)))
        return _("It would cost about %(cost)s USD, going by what drafts have cost so far.") % {
            "cost": cost
        }


def list_tone_views(db: Database, model: str) -> tuple[ToneView, ...]:
    """Every tone that has a file on top; model: the one configured. A fixed number of queries."""
    files: dict[str, list[ToneFile]] = {}
    for file in list_tone_files(db):
        files.setdefault(file.tone, []).append(file)
    standings = list_standings(db)
    since = {name: each.canary.since for name, each in standings.items() if each.canary}
    figures, recent = count_versions(db), count_versions(db, since)
    untouched, cards = count_untouched(db), count_canary_cards(db)
    groups = {group.id: group.name for group in list_groups(db)}
    changes = list_tone_changes(db)
    cost = None if model == OFFLINE_MODEL else cost_of_a_draft(db, model)
    views = []
    for tone, found in files.items():
        standing = standings.get(tone, Standing(tone))
        top = next((file.hash for file in found if file.place is Place.TOP), "")
        active = standing.active or top
        if not top or not active:
            continue
        names = name_versions(found)
        versions = _versions(found, names, active, standing, figures, untouched.get(tone, {}))
        canary = standing.canary
        views.append(
            ToneView(
                tone=tone,
                versions=versions,
                active=versions[0],
                standing=standing,
                back_to=names.get(standing.before, ""),
                trial=_trial(canary, active, recent, cards.get(tone, 0), groups)
                if canary
                else None,
                history=tuple(
                    _history_line(change, names, groups)
                    for change in changes
                    if change.tone == tone
                )[:HISTORY_SHOWN],
                cost_usd=cost,
                is_free=model == OFFLINE_MODEL,
            )
        )
    return tuple(sorted(views, key=lambda view: (_order(view.tone), view.tone)))


def name_versions(files: list[ToneFile]) -> dict[str, str]:
    """By hash: the version, with a piece of its hash where two files bear the same one."""
    versions = [file.version for file in files]
    return {
        file.hash: file.version
        if versions.count(file.version) == 1
        else f"{file.version} ({file.hash[:HASH_CHARS]})"
        for file in files
    }


def judge(tried: VersionFigures, active: VersionFigures) -> tuple[str, ...]:
    """What a canary's figures say beside those of the version that writes, in sentences."""
    sayings = []
    for said, of_tried, of_active in (
        (
            FLAGGED_SHARES,
            (tried.flagged + tried.blocked, tried.drafts),
            (active.flagged + active.blocked, active.drafts),
        ),
        (
            APPROVED_SHARES,
            (tried.approved, tried.decided),
            (active.approved, active.decided),
        ),
    ):
        saying = _compare_shares(said, of_tried, of_active)
        if saying:
            sayings.append(saying)
    return tuple(sayings) or (
        _("Too little to judge it by: a difference is spoken of from %(num)s drafts of each.")
        % {"num": LEAST_DRAFTS},
    )


def _compare_shares(
    said: tuple[str, str, str], tried: tuple[int, int], active: tuple[int, int]
) -> str:
    """'' below LEAST_DRAFTS; a two-proportion z-test says whether chance could explain it."""
    (some, of_tried), (others, of_active) = tried, active
    if min(of_tried, of_active) < LEAST_DRAFTS:
        return ""
    share, other = some / of_tried, others / of_active
    pooled = (some + others) / (of_tried + of_active)
    error = math.sqrt(pooled * (1 - pooled) * (1 / of_tried + 1 / of_active))
    chance, more, fewer = said
    if error == 0 or abs(share - other) < CHANCE_Z * error:
        sentence = chance
    else:
        sentence = more if share > other else fewer
    return _(sentence) % {"share": f"{100 * share:.0f}", "other": f"{100 * other:.0f}"}


def _versions(
    files: list[ToneFile],
    names: Mapping[str, str],
    active: str,
    standing: Standing,
    figures: Mapping[str, VersionFigures],
    untouched: Mapping[str, int],
) -> tuple[VersionView, ...]:
    tried = standing.canary.hash if standing.canary else ""
    views = [
        VersionView(
            file=file,
            name=names[file.hash],
            is_active=file.hash == active,
            is_canary=file.hash == tried,
            figures=figures.get(file.hash, NO_FIGURES),
            remade=sum(count for made, count in untouched.items() if made != file.hash),
        )
        for file in files
    ]
    places = list(PLACE_WORDS)
    return tuple(
        sorted(
            views,
            key=lambda view: (
                not view.is_active,
                not view.is_canary,
                view.file.hash != standing.before,
                places.index(view.file.place),
            ),
        )
    )


def _trial(
    canary: Canary,
    active: str,
    recent: Mapping[str, VersionFigures],
    cards: int,
    groups: Mapping[str, str],
) -> Trial:
    tried, writes = recent.get(canary.hash, NO_FIGURES), recent.get(active, NO_FIGURES)
    whose = say_whose(canary.share, canary.groups, groups)
    return Trial(canary, whose, cards, tried, writes, judge(tried, writes))


def say_whose(share: float, groups: tuple[str, ...], names: Mapping[str, str]) -> str:
    """`20 % of the cards`, or the groups by name."""
    if groups:
        called = [names.get(group, group) for group in groups]
        listed = format_list(called, locale=spoken_locale())
        return _("the cards of %(groups)s") % {"groups": listed}
    return _("%(share)s %% of the cards") % {"share": f"{100 * share:g}"}


def _history_line(
    change: ToneChange, names: Mapping[str, str], groups: Mapping[str, str]
) -> HistoryLine:
    name, before = names.get(change.hash, "?"), names.get(change.before_hash, "?")
    words = {
        ToneAction.PROMOTE: _("%(who)s promoted %(version)s; %(before)s wrote until then"),
        ToneAction.ROLLBACK: _("%(who)s rolled back from %(before)s to %(version)s"),
        ToneAction.CANARY: _("%(who)s let %(version)s write %(cards)s"),
        ToneAction.STOP_CANARY: _("%(who)s stopped the canary %(version)s"),
    }[change.action] % {
        "who": change.user or _(COMMAND_LINE),
        "version": name,
        "before": before,
        "cards": say_whose(change.share, change.groups, groups),
    }
    icon = ACTION_ICONS[change.action]
    return HistoryLine(words, change.note, change.at, icon)


def _order(tone: str) -> int:
    return TONE_ORDER.index(tone) if tone in TONE_ORDER else len(TONE_ORDER)
