"""A desk in the middle of a morning: the small desk after people and the line have used it."""

from __future__ import annotations

from pathlib import Path

from tests.review_ui.desk_data import DeskData, build_desk
from tests.review_ui.shelf_data import ShelfData, add_shelf
from tests.review_ui.tone_data import add_versions

MARA, LIN = 1, 2


def build_lived_desk(home: Path) -> tuple[DeskData, ShelfData]:
    desk = build_desk(home)
    shelf = add_shelf(desk)
    add_versions(desk.db)
    return desk, shelf
