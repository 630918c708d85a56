"""The bar: which pages there are for whoever looks at it, and where they are now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from review_ui.access import ACCESS, may
from review_ui.i18n import N_, gettext
from store.users import Role

DESK = (
    ("/queue", N_("Queue")),
    ("/posts", N_("Posts")),
    ("/calendar", N_("Calendar")),
    ("/groups", N_("Groups")),
)
LINE = (
    ("/quarantine", N_("Quarantine")),
    ("/sources", N_("Sources")),
    ("/tones", N_("Tones")),
    ("/runs", N_("Runs")),
)
RECORDS = (("/insights", N_("Insights")), ("/audit", N_("Audit")))
OWN = (
    ("/batch", N_("Approve many")),
    ("/undo", N_("Undo decisions")),
    ("/settings", N_("Settings")),
    ("/people", N_("People")),
    ("/api/docs", N_("API")),
    ("/styleguide", N_("Style guide")),
)
BELOW = {"/cards/": "/queue", "/guides/": "/queue"}
"""Pages without a name in the bar, and the one they belong to."""


@dataclass(frozen=True, slots=True)
class Link:
    """count: what waits there, None where nothing is counted."""

    address: str
    name: str
    is_here: bool
    count: int | None


@dataclass(frozen=True, slots=True)
class Nav:
    """The parts of the bar: the desk, the line, the records, and the menu of one's own."""

    desk: tuple[Link, ...]
    line: tuple[Link, ...]
    records: tuple[Link, ...]
    own: tuple[Link, ...]

    @property
    def here(self) -> str:
        """The name of the page that is open, '' where it has none in the bar."""
        links = (*self.desk, *self.line, *self.records, *self.own)
        return next((link.name for link in links if link.is_here), "")


def make_nav(role: Role, path: str, counts: Mapping[str, int]) -> Nav:
    """path: of the page that is open. counts: by address."""
    home = next((home for start, home in BELOW.items() if path.startswith(start)), path)

    def links(places: tuple[tuple[str, str], ...]) -> tuple[Link, ...]:
        return tuple(
            Link(address, gettext(name), _is_at(home, address), counts.get(address))
            for address, name in places
            if ("GET", address) in ACCESS and may(role, "GET", address)
        )

    return Nav(links(DESK), links(LINE), links(RECORDS), links(OWN))


def _is_at(path: str, address: str) -> bool:
    return path == address or path.startswith(f"{address}/")
