"""What the queue's page shows: its views and their counts, its filters, its rows, the day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

from review_ui.choice import tone_rank
from review_ui.filters import read_filter, write_filter
from review_ui.i18n import N_, ngettext
from review_ui.i18n import gettext as _
from review_ui.render import language, tone_name
from stages.types import Group, PostState, Risk
from store.engine import Database
from store.groups import list_groups
from store.posts import count_posts
from store.progress import Progress, get_progress
from store.quarantine import count_quarantined
from store.queue import (
    PAGE_SIZE,
    Filter,
    View,
    find_cards,
    get_guide_title,
    list_guide_titles,
    list_models,
)
from store.queue_rows import QueueRow, RowTone, list_rows
from store.saved_views import SavedView, count_saved, list_views
from store.sources import list_sources
from store.tones import list_tone_versions

VIEW_NAMES = {
    View.REVIEW: N_("To review"),
    View.NEW: N_("New today"),
    View.CHANGED: N_("Source changed"),
    View.HIGH_STAKES: N_("High stakes"),
    View.FLAGGED: N_("Flagged"),
    View.BLOCKED: N_("Blocked"),
    View.WAITING: N_("Waiting for second"),
    View.MINE: N_("Mine"),
    View.DECIDED: N_("Decided"),
    View.READ_ONLY: N_("Read only"),
}
RISK_NAMES = {
    Risk.LOW: N_("Low risk"),
    Risk.FLAGGED: N_("Flagged"),
    Risk.BLOCKED: N_("Blocked"),
}
FOLDED = {
    "guide": "guide_id",
    "group": "group_id",
    "topic": "topic",
    "stage": "stage",
    "model": "model",
    "version": "version",
}
"""Filters used less: not read before somebody asks for them. As in `filters.FIELDS`."""
AGES_H = (6, 24, 48, 168)
LANGUAGES = ("en", "zh")
MOST_GUIDES = 100
"""A longer list is no help; a guide's own heading leads to its cards as well."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the page's filters. options: value and name; is_folded: one of `FOLDED`."""

    name: str
    label: str
    everything: str
    value: str
    options: tuple[tuple[str, str], ...]
    is_folded: bool

    @property
    def said(self) -> str:
        return dict(self.options).get(self.value, self.value)


@dataclass(frozen=True, slots=True)
class Age:
    """How long a card waits. is_late: longer than it should."""

    words: str
    is_late: bool


@dataclass(frozen=True, slots=True)
class Day:
    """The day's work. share: of it that is done, 0..100; left: how long the rest takes, or ''."""

    decided: int
    mine: int
    of: int
    share: int
    left: str


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one guide that follow one another."""

    guide_id: str
    title: str
    lang: str
    publisher: str
    is_read_only: bool
    rows: tuple[QueueRow, ...]


@dataclass(frozen=True, slots=True)
class QueueView:
    """is_unfolded: the choices hold all of the page's filters, not only the ones used most."""

    wanted: Filter
    params: Mapping[str, str]
    counts: Mapping[View, int]
    total: int
    page_number: int
    pages: int
    blocks: tuple[Block, ...]
    choices: tuple[Choice, ...]
    saved: tuple[tuple[SavedView, int], ...]
    failed_posts: int
    quarantined: int
    group_names: Mapping[str, str]
    day: Day | None
    ages: Mapping[str, Age]
    is_unfolded: bool

    @property
    def narrowed(self) -> tuple[tuple[str, str, str], ...]:
        """The filters that are set: name, what it is, what it says."""
        said = [(each.name, each.label, each.said) for each in self.choices if each.value]
        others = (("q", _("Search"), "q"), ("run", _("Run"), "run"))
        return (
            *((name, label, self.params[key]) for name, label, key in others if self.params[key]),
            *said,
        )


def get_queue_view(
    db: Database,
    wanted: Filter,
    page: int,
    user_id: int,
    now: datetime,
    late_h: int,
    *,
    is_unfolded: bool = False,
) -> QueueView:
    """page: from 1. late_h: hours after which a card waits for too long. is_unfolded: as in
    `QueueView`; it is anyway when one of those filters is set.
    """
    found = find_cards(db, wanted, page, user_id=user_id, now=now)
    pages = max(1, -(-found.total // PAGE_SIZE))
    if page > pages:
        page = pages
        found = find_cards(db, wanted, page, user_id=user_id, now=now)
    rows = list_rows(db, found.card_ids, now)
    publishers = {source.id: source.publisher for source in list_sources(db)}
    is_unfolded = is_unfolded or any(getattr(wanted, field) for field in FOLDED.values())
    saved = list_views(db, user_id)
    filters = {view.id: read_filter(view.params) for view in saved}
    counts = count_saved(db, filters, user_id, now)
    specs = list_groups(db)
    groups = {group.id: group.name for group in specs}
    return QueueView(
        wanted=wanted,
        params=write_filter(wanted),
        counts=found.counts,
        total=found.total,
        page_number=page,
        pages=pages,
        blocks=_make_blocks(rows, publishers),
        choices=(
            *_make_choices(db, wanted, publishers),
            *(_make_folded(db, wanted, specs) if is_unfolded else ()),
        ),
        saved=tuple((view, counts[view.id]) for view in saved),
        failed_posts=count_posts(db).get(PostState.FAILED, 0),
        quarantined=count_quarantined(db),
        group_names=groups,
        day=make_day(get_progress(db, user_id, found.drafts, now)),
        ages={row.card_id: age for row in rows if (age := make_age(row.oldest_at, now, late_h))},
        is_unfolded=is_unfolded,
    )


def make_age(oldest_at: datetime | None, now: datetime, late_h: int) -> Age | None:
    """None for a card nothing of which waits."""
    if oldest_at is None:
        return None
    waited = max(now - oldest_at, timedelta())
    hours = int(waited.total_seconds() // 3600)
    is_late = waited >= timedelta(hours=late_h)
    if hours < 1:
        return Age(_("new"), is_late)
    if hours < 48:
        return Age(ngettext("%(num)s h", "%(num)s h", hours) % {"num": hours}, is_late)
    days = hours // 24
    return Age(ngettext("%(num)s day", "%(num)s days", days) % {"num": days}, is_late)


def make_day(progress: Progress) -> Day | None:
    """None when there was nothing to do."""
    of = progress.all + progress.left
    if not of:
        return None
    return Day(
        decided=progress.all,
        mine=progress.mine,
        of=of,
        share=100 * progress.all // of,
        left=say_time(progress.left_s) if progress.left and progress.left_s is not None else "",
    )


def say_time(seconds: float) -> str:
    """About how long, for people: minutes up to an hour and a half, then hours."""
    minutes = max(1, round(seconds / 60))
    if minutes < 90:
        return ngettext("about %(num)s minute", "about %(num)s minutes", minutes) % {"num": minutes}
    hours = round(minutes / 60)
    return ngettext("about %(num)s hour", "about %(num)s hours", hours) % {"num": hours}


def sort_tones(tones: Sequence[RowTone]) -> list[RowTone]:
    return sorted(tones, key=lambda each: tone_rank(each.tone))


def _make_blocks(rows: Sequence[QueueRow], publishers: Mapping[str, str]) -> tuple[Block, ...]:
    """Cards of one guide may stand apart in the queue, so a guide may begin more than once."""
    blocks = []
    for guide_id, group in groupby(rows, key=lambda row: row.guide_id):
        of_guide = tuple(group)
        first = of_guide[0]
        blocks.append(
            Block(
                guide_id=guide_id,
                title=first.guide_title,
                lang=first.lang,
                publisher=publishers.get(first.source_id, first.source_id),
                is_read_only=not first.reuse.allows_publishing,
                rows=tuple(replace(row, tones=tuple(sort_tones(row.tones))) for row in of_guide),
            )
        )
    return tuple(blocks)


def _make_choices(
    db: Database, wanted: Filter, publishers: Mapping[str, str]
) -> tuple[Choice, ...]:
    tones = sorted({tone.tone for tone in list_tone_versions(db)}, key=tone_rank)
    ages = {
        str(h): ngettext("%(num)s hour and more", "%(num)s hours and more", h) % {"num": h}
        if h < 48
        else ngettext("%(num)s day and more", "%(num)s days and more", h // 24) % {"num": h // 24}
        for h in AGES_H
    }
    choice = _chooser(wanted)
    return (
        choice("source", _("Source"), _("All sources"), publishers),
        choice("tone", _("Tone"), _("All tones"), {tone: tone_name(tone) for tone in tones}),
        choice("risk", _("Risk"), _("Any risk"), {risk: _(RISK_NAMES[risk]) for risk in Risk}),
        choice("age", _("Waiting"), _("Any age"), ages),
        choice(
            "lang", _("Language"), _("All languages"), {code: language(code) for code in LANGUAGES}
        ),
    )


def _make_folded(db: Database, wanted: Filter, specs: Sequence[Group]) -> tuple[Choice, ...]:
    guides = list_guide_titles(db, wanted.source_id, MOST_GUIDES)
    if wanted.guide_id and wanted.guide_id not in guides:
        guides[wanted.guide_id] = get_guide_title(db, wanted.guide_id) or wanted.guide_id
    groups = {group.id: group.name for group in specs}
    topics = sorted({topic for group in specs for topic in group.topics})
    stages = list(dict.fromkeys(s for group in specs for s in group.stages if s != "any"))
    versions = {
        f"{tone.tone}@{tone.version}": f"{tone_name(tone.tone)} {tone.version}"
        for tone in list_tone_versions(db)
    }

    def plain(values: Sequence[str]) -> dict[str, str]:
        return {value: value.replace("_", " ") for value in values}

    choice = partial(_chooser(wanted), is_folded=True)
    return (
        choice("guide", _("Guide"), _("All guides"), guides),
        choice("group", _("Group"), _("All groups"), groups),
        choice("topic", _("Topic"), _("All topics"), plain(topics)),
        choice("stage", _("Stage"), _("All stages"), plain(stages)),
        choice("model", _("Model"), _("All models"), {m: m for m in list_models(db)}),
        choice("version", _("Tone version"), _("All versions"), versions),
    )


def _chooser(wanted: Filter) -> Callable[..., Choice]:
    """Makes choices by name, label, word for everything and options, with what is wanted chosen."""
    params = write_filter(wanted)

    def choice(
        name: str, label: str, everything: str, options: Mapping[str, str], is_folded: bool = False
    ) -> Choice:
        value = params[name]
        if value and value not in options:
            options = {**options, value: value}
        return Choice(name, label, everything, value, tuple(options.items()), is_folded)

    return choice
