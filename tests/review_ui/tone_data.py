"""Tone versions on the small desk: what its drafts were made with, and some that wait."""

from __future__ import annotations

from store.engine import Database
from store.tones import Place, ToneFile, keep_tone_files
from tests.review_ui.desk_data import TONES, XSS

NEXT = "a" * 64
EVIL = "e" * 64

TEXT = """\
---
id: mom
version: "1.0"
emoji_max: 3
hooks:
  en:
    any: ["One thing less to look up."]
---

# English

## We are

The one friend who read the guideline.

# 中文

## 我们是

读过指南的那位朋友。
"""
NEXT_TEXT = (
    TEXT.replace('"1.0"', '"1.1"')
    .replace("emoji_max: 3", "emoji_max: 1")
    .replace("The one friend", "The one calm friend")
    .replace("那位朋友", "那位沉得住气的朋友")
)


def hash_of(tone: str) -> str:
    """Of the version the desk's drafts were made with."""
    return f"hash-{tone}"


def add_versions(db: Database) -> None:
    """The version of every tone on top, 1.1 of mom in next/, a hostile one in earlier/."""
    keep_tone_files(
        db,
        [
            *(ToneFile(hash_of(tone), tone, "1.0", TEXT, Place.TOP) for tone in TONES),
            ToneFile(NEXT, "mom", "1.1", NEXT_TEXT, Place.NEXT),
            ToneFile(EVIL, "mom", "0.9", TEXT.replace("friend", XSS), Place.EARLIER),
        ],
    )
