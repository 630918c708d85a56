"""A desk of 100,000 cards and 300,000 drafts, written into a database in bulk."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, text

from stages.types import Group, Reuse, Source
from store.engine import Database
from store.groups import set_groups
from store.migrate import migrate
from store.queue_entries import refresh_missing
from store.queue_sums import fold_sums
from store.runs import start_run
from store.sources import set_sources
from store.tables import metadata
from store.users import Role, add_user

NOW = datetime.now(UTC)
TONES = ("expert", "mom", "engagement")
TOPICS = ("sleep", "feeding", "safety", "fever", "vaccines", "play", "teeth", "speech")
STAGES = ("pregnancy", "0-3m", "3-6m", "6-12m", "1-2y", "2-3y")
WORDS = (
    "baby child parent sleep night milk feed breast bottle doctor nurse clinic fever cough rash "
    "vaccine dose week month warm cold water bath cot seat belt play talk sing read book toy step "
    "crawl walk tooth gum chew spoon carrot apple iron vitamin sun hat shade skin cream nappy "
    "wipe soap hand wash germ calm cry hold rock swaddle pillow blanket back tummy side safe smoke "
    "alarm stair gate pool drown choke cut grape nut egg allergy breathe chest throat ear eye nose"
).split()
SMALL = "the a to of and is in for with your when if on at not can will from by it".split()
CHINESE = (
    "宝宝 睡眠 母乳 喂养 医生 发烧 疫苗 接种 安全 座椅 洗澡 牙齿 说话 走路 玩具 奶瓶 "
    "辅食 过敏 呼吸 皮肤 妈妈 孩子 夜里 每天 一次 需要 可以 不要 如果 观察 体温 喝水 "
    "户外 阳光 维生素 铁 鸡蛋 花生 窒息 急救"
).split()
BULK = 5_000

Row = dict[str, Any]


def build_big_desk(db: Database, cards: int = 100_000) -> None:
    """Users mara and lin (admins, password empty), guides of twenty cards, three drafts each."""
    migrate(db)
    for name in ("mara", "lin"):
        add_user(db, name, "!", Role.ADMIN)
    set_sources(db, [_source(number) for number in range(8)])
    set_groups(db, [_group(number) for number in range(6)])
    run_id = start_run(db, "adhoc", [], {})
    chance = random.Random(7)
    for table, rows in (
        ("guides", _guides(cards)),
        ("cards", _cards(cards, chance)),
        ("drafts", _drafts(cards, run_id, chance)),
        ("placements", _placements(cards, chance)),
    ):
        for bulk in _in_bulks(rows):
            with db.write() as session:
                session.execute(insert(metadata.tables[table]), bulk)
    with db.write() as session:
        refresh_missing(session)
    fold_sums(db)  # as the line does after each run
    if db.engine.dialect.name == "postgresql":  # as it does by itself while a library grows
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("CHECKPOINT"))


def _in_bulks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    bulk: list[Row] = []
    for row in rows:
        bulk.append(row)
        if len(bulk) == BULK:
            yield bulk
            bulk = []
    if bulk:
        yield bulk


def _source(number: int) -> Source:
    return Source(
        id=f"s{number}",
        publisher=f"Publisher {number}",
        homepage="https://guides.example/",
        languages=("en", "zh-Hans"),
        reuse=Reuse.EXCERPT_ONLY if number == 7 else Reuse.ADAPT_OK,
        licence="CC BY 4.0",
        licence_url="https://licence.example/by",
        attribution="CC BY 4.0",
    )


def _group(number: int) -> Group:
    return Group(
        id=f"g{number}",
        name=f"Group {number}",
        lang="en",
        description="",
        stages=("any",),
        topics=(),
        rules=(),
        preferred_tone="mom",
        sample_posts=(),
    )


def _is_chinese(guide: int) -> bool:
    return guide % 5 == 0


def _guides(cards: int) -> Iterator[Row]:
    for number in range(cards // 20):
        source = number % 8
        yield {
            "id": f"s{source}/guide-{number:05}",
            "source_id": f"s{source}",
            "url": f"https://guides.example/{number}",
            "title": f"宝宝指南 {number}" if _is_chinese(number) else f"Guide {number} to a baby",
            "lang": "zh-Hans" if _is_chinese(number) else "en",
            "blocks": [],
            "text": "",
            "content_hash": "c",
            "reuse": "excerpt_only" if source == 7 else "adapt_ok",
            "licence": "CC BY 4.0",
            "attribution": "CC BY 4.0",
            "reviewed": "2026-01-01",
            "page_urls": [],
            "chopped_key": "k",
            "created_at": NOW,
            "changed_at": NOW,
            "licence_finding": "",
            "removed_at": None,
        }


def _cards(cards: int, chance: random.Random) -> Iterator[Row]:
    for number in range(cards):
        guide = number // 20
        is_chinese = _is_chinese(guide)
        said = _say(chance, 4, is_chinese)
        yield {
            "id": f"card-{number:06}",
            "guide_id": f"s{guide % 8}/guide-{guide:05}",
            "title": _title(chance, is_chinese),
            "breadcrumbs": ["Guide", "Part"],
            "text": said,
            "kind": "fact",
            "spans": [[0, len(said)]],
            "body_hash": f"b{number}",
            "ctx_hash": "x",
            "lang": "zh-Hans" if is_chinese else "en",
            "topics": chance.sample(TOPICS, 2),
            "stakes": "high" if number % 11 == 0 else "normal",
            "position": number % 20,
            "stages": chance.sample(STAGES, 2),
            "change": "material" if number % 50 == 0 else "new",
            "previous_text": "",
            "previous_change": "",
            "removed_at": None,
            "plated_key": "",
            "created_at": NOW,
            "changed_at": NOW,
            "twin_id": "",
        }


def _drafts(cards: int, run_id: str, chance: random.Random) -> Iterator[Row]:
    for number in range(cards):
        is_chinese = _is_chinese(number // 20)
        at = NOW - timedelta(hours=chance.randrange(24 * 20))
        state = chance.choice(("approved", "rejected")) if number % 3 == 0 else "pending"
        for tone in TONES:
            said = _say(chance, 3, is_chinese)
            risk = chance.choices(("low", "flagged", "blocked"), (80, 15, 5))[0]
            yield {
                "key": f"{number}/{tone}",
                "card_id": f"card-{number:06}",
                "body_hash": f"b{number}",
                "tone": tone,
                "tone_version": "1",
                "tone_hash": f"hash of {tone}",
                "lang": "zh-Hans" if is_chinese else "en",
                "model": "offline/house",
                "generation": 0,
                "machine_text": said,
                "machine_risk": risk,
                "sentences": [{"text": said, "source_ids": ["s1"], "fact_ids": []}],
                "text": said,
                "risk": risk,
                "state": state,
                "is_current": True,
                "version": 1,
                "revision": 0,
                "run_id": run_id,
                "created_at": at,
                "decided_at": None if state == "pending" else at,
                "score": 0.8,
            }


def _placements(cards: int, chance: random.Random) -> Iterator[Row]:
    for number in range(0, cards, 2):
        yield {
            "card_id": f"card-{number:06}",
            "group_id": f"g{chance.randrange(6)}",
            "tone": "mom",
            "score": 0.7,
            "reasons": [],
            "runner_up": "",
            "created_at": NOW,
        }


def _title(chance: random.Random, is_chinese: bool) -> str:
    words: Sequence[str] = chance.choices(CHINESE if is_chinese else WORDS, k=4)
    return "".join(words) if is_chinese else " ".join(words).capitalize()


def _say(chance: random.Random, sentences: int, is_chinese: bool) -> str:
    if is_chinese:
        return "".join("".join(chance.choices(CHINESE, k=12)) + "。" for _ in range(sentences))
    found = []
    for _ in range(sentences):
        words = [chance.choice(WORDS if chance.random() < 0.5 else SMALL) for _ in range(14)]
        found.append(" ".join(words).capitalize() + ".")
    return " ".join(found)
