"""What a decision's form may say, and what it may not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fastapi import HTTPException

from review_ui import decide_form
from review_ui.decide_form import read_due, read_lows, read_request_id

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide_form, "utc_now", lambda: NOW)


@pytest.mark.parametrize(
    ("local", "offset", "due"),
    [
        ("", "", None),
        ("", "60", None),
        ("2026-11-23T18:30", "", datetime(2026, 11, 23, 18, 30, tzinfo=UTC)),
        ("2026-11-24T02:30", "480", datetime(2026, 11, 23, 18, 30, tzinfo=UTC)),
        ("2026-11-23T09:00", "-300", datetime(2026, 11, 23, 14, 0, tzinfo=UTC)),
        ("2026-11-23T18:30+01:00", "480", datetime(2026, 11, 23, 17, 30, tzinfo=UTC)),
    ],
)
def test_read_due_is_the_time_of_the_readers_place_in_utc(
    local: str, offset: str, due: datetime | None
) -> None:
    assert read_due(local, offset) == due


@pytest.mark.parametrize(
    ("local", "offset"),
    [
        ("tomorrow", ""),
        ("2026-11-22T12:00", ""),
        ("2026-11-23T18:30", "480"),  # is long past in Shanghai
        ("2036-11-23T12:00", ""),
        ("2026-11-23T18:30", "9000"),
        ("2026-11-23T18:30", "x"),
    ],
)
def test_read_due_refuses_what_is_no_time_to_come(local: str, offset: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_due(local, offset)


def test_read_lows_are_versions_by_draft() -> None:
    assert read_lows({"low": ["12:3", "7:1"]}) == {12: 3, 7: 1}
    assert read_lows({}) == {}
    with pytest.raises(HTTPException):
        read_lows({"low": ["12"]})


def test_read_request_id_is_the_browsers_else_the_pages() -> None:
    form = {"request_id:7": ["page"], "request_id": ["press"]}
    assert read_request_id(form, 7) == "press"
    assert read_request_id({"request_id:7": ["page"]}, 7) == "page"
    assert read_request_id({"request_id:7": ["page"]}, 8) == ""
    assert read_request_id({"request_id": ["<script>"]}, 7) == ""
    assert read_request_id({"request_id": ["a" * 49]}, 7) == ""
