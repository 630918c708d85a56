"""Two small publishers on one loopback server: what the tests of the line crawl in no time.

`harbour` has two English guides, `gangwan` one in Chinese. No crawl delay, few groups, so a run
takes a second or two. `Place` is where one test works: its home, its seeds, its settings.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from flows.kitchen import open_store
from flows.line import run_line
from flows.request import RunRequest
from flows.summary import RunSummary
from store.engine import Database
from store.settings import Settings, load_settings
from store.tables import CardRow, DraftRow, FindingRow, GuideRow, PageRow, PlacementRow

SPOONFUL = Path(sys.executable).with_name("spoonful")

SECTIONS_EN = {
    "sleep": {
        "title": "Safe sleep in the first year",
        "parts": {
            "On the back": "Put your baby down on the back for every sleep, by day and by night. "
            "Never use a pillow before 12 months. A baby who can roll both ways may stay as they "
            "lie, but always start on the back.",
            "The cot": "Use a firm, flat mattress with a fitted sheet. Keep soft toys, bumpers and "
            "loose blankets out of the cot until your baby is 1 year old. The gap between the "
            "mattress and the side should be less than 2 fingers wide.",
            "The room": "A room between 16 and 20°C suits most babies. Keep the cot next to your "
            "own bed for at least the first 6 months. Nobody should smoke in the room.",
            "When to get help": "Call an ambulance if your baby stops breathing or turns blue. "
            "See a doctor the same day if a baby under 3 months has a temperature of 38°C or more.",
        },
    },
    "bottle": {
        "title": "Making up a bottle of formula",
        "parts": {
            "Before you start": "Wash your hands with soap and clean the worktop. Sterilise the "
            "bottle, the teat and the cap until your baby is 12 months old.",
            "Water and powder": "Boil fresh tap water and let it cool for no more than 30 minutes, "
            "so that it stays at 70°C or above. Add one level scoop of powder for each 30 ml of "
            "water. Never add extra powder, because it can make your baby ill.",
            "Keeping it": "Use a feed within 2 hours of making it and throw away what is left. "
            "Do not warm a bottle in a microwave, since it heats unevenly and can scald.",
        },
    },
}

SECTIONS_ZH = {
    "fushi": {
        "title": "宝宝辅食添加指南",
        "parts": {
            "什么时候开始": "宝宝满6个月时开始添加辅食，不要早于4个月。开始时每天1次，每次1到2勺，"
            "观察宝宝的反应再慢慢增加。添加辅食的同时要继续母乳喂养到2岁或更久。",
            "第一口吃什么": "第一口辅食最好是富含铁的食物，例如强化铁的米粉或肉泥。"
            "每次只添加一种新食物，连续吃3天，没有过敏再换下一种。1岁以内不要加盐、糖和蜂蜜。",
            "什么时候就医": "如果宝宝吃了新食物后出现呼吸困难、嘴唇肿胀或全身皮疹，请立即拨打120。"
            "呕吐或腹泻超过24小时，应当带宝宝去看医生。",
        },
    },
}

GROUPS = """\
groups:
  - id: new-parents
    name: New parents
    lang: en
    description: Sleep, feeding and health of babies in the first year.
    stages: [0-3m, 3-6m, 6-12m]
    topics: [safe sleep, feeding]
    rules: [Be kind.]
    preferred_tone: mom
    sample_posts: ["How should my baby sleep?", "How do I make up a bottle?"]
  - id: xinshou-mama
    name: 新手妈妈
    lang: zh-Hans
    description: 宝宝第一年的喂养与健康。
    stages: [6-12m]
    topics: [辅食]
    rules: [不发广告。]
    preferred_tone: mom
    sample_posts: ["什么时候加辅食？"]
"""

SOURCE = """\
  - id: {id}
    publisher: {id}
    languages: [{lang}]
    homepage: {base}/{folder}/
    sitemap: {base}/{folder}/sitemap.xml
    reuse: adapt_ok
    licence: {{name: CC BY 4.0, url: "https://creativecommons.org/licenses/by/4.0/"}}
    attribution: From {id}
    crawl:
      allow_hosts: [{host}]
      allow_prefixes: [/{folder}/]
      min_delay_s: 0
"""


def page(title: str, parts: dict[str, str], lang: str = "en") -> str:
    """A plain guide page."""
    sections = "".join(f"<h2>{name}</h2><p>{text}</p>" for name, text in parts.items())
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>'
        f'</head><body><nav><a href="/">Home</a> <a href="/shop">Shop</a></nav>'
        f"<main><article><h1>{title}</h1>{sections}</article></main>"
        f"<footer>Accept all cookies</footer></body></html>"
    )


def build_site(folder: Path) -> None:
    """Write both publishers' files; their sitemaps carry no dates, so every run asks again."""
    for name, guides, lang in (("en", SECTIONS_EN, "en"), ("zh", SECTIONS_ZH, "zh-Hans")):
        (folder / name).mkdir(parents=True)
        for slug, guide in guides.items():
            html = page(str(guide["title"]), dict(guide["parts"]), lang)  # type: ignore[call-overload]
            (folder / name / f"{slug}.html").write_text(html, encoding="utf-8")
    (folder / "robots.txt").write_text("User-agent: *\nDisallow: /private/\n")


def write_sitemaps(folder: Path, base: str) -> None:
    """List every page of each publisher."""
    for part in (path for path in folder.iterdir() if path.is_dir()):
        urls = "".join(
            f"<url><loc>{base}/{path.relative_to(folder).as_posix()}</loc></url>"
            for path in sorted(part.glob("*.html"))
        )
        space = "http://www.sitemaps.org/schemas/sitemap/0.9"
        (part / "sitemap.xml").write_text(f'<urlset xmlns="{space}">{urls}</urlset>')


def source_text(base: str, *, is_chinese: bool = False) -> str:
    return SOURCE.format(
        id="gangwan" if is_chinese else "harbour",
        lang="zh-Hans" if is_chinese else "en",
        folder="zh" if is_chinese else "en",
        base=base,
        host="127.0.0.1",
    )


@dataclass(slots=True)
class Place:
    """Where one test works. base: address of the site. overrides: settings besides the usual."""

    root: Path
    base: str
    overrides: dict[str, Any] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def sources_file(self) -> Path:
        return self.root / "sources.yaml"

    def prepare(self) -> Place:
        """Write the seeds."""
        self.root.mkdir(parents=True, exist_ok=True)
        both = source_text(self.base) + source_text(self.base, is_chinese=True)
        self.sources_file.write_text("sources:\n" + both, encoding="utf-8")
        (self.root / "groups.yaml").write_text(GROUPS, encoding="utf-8")
        return self

    def copy_to(self, root: Path) -> Place:
        """The same with everything its runs have left behind."""
        shutil.copytree(self.root, root)
        return Place(root, self.base, dict(self.overrides))

    def settings(self, **more: Any) -> Settings:
        usual: dict[str, Any] = {
            "home": str(self.home),
            "sources_file": self.sources_file,
            "groups_file": self.root / "groups.yaml",
            "allow_private": self.base.removeprefix("http://"),
        }
        return load_settings(**{**usual, **self.overrides, **more})

    def environment(self, **more: str) -> dict[str, str]:
        """For the command in a process of its own; nothing of ours is taken from outside."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SPOONFUL_", "PREFECT_")) and not name.endswith("_API_KEY")
        }
        mine = {
            "SPOONFUL_HOME": str(self.home),
            "SPOONFUL_SOURCES_FILE": str(self.sources_file),
            "SPOONFUL_GROUPS_FILE": str(self.root / "groups.yaml"),
            "SPOONFUL_ALLOW_PRIVATE": self.base.removeprefix("http://"),
            "COLUMNS": "200",
        }
        return {**kept, **mine, **more}

    def open(self) -> Database:
        return open_store(self.settings())

    def run(self, settings: Settings | None = None, **asked: Any) -> RunSummary:
        """The line once, in this process."""
        settings = settings or self.settings()
        db = open_store(settings)
        try:
            return asyncio.run(run_line(RunRequest(**asked), settings, db))
        finally:
            db.dispose()

    def count_cards(self) -> int:
        return len(self.content()["cards"])

    def content(self) -> dict[str, Any]:
        db = self.open()
        try:
            return content_of(db)
        finally:
            db.dispose()


def content_of(db: Database) -> dict[str, Any]:
    """What the line has made, without times, run ids and numbers the database gave out."""
    with db.read() as session:
        drafts = session.exec(select(DraftRow).where(col(DraftRow.is_current))).all()
        keys = {draft.id: draft.key for draft in drafts}
        findings = [
            (keys[row.draft_id], row.check, row.severity, row.message, row.draft_start)
            for row in session.exec(select(FindingRow))
            if row.draft_id in keys
        ]
        return {
            # A list asked for again answers 304, a difference without one.
            "pages": _rows(
                session.exec(select(PageRow)).all(), {"fetched_at", "seen_at", "status"}
            ),
            "guides": _rows(session.exec(select(GuideRow)).all(), {"created_at", "changed_at"}),
            "cards": _rows(session.exec(select(CardRow)).all(), {"created_at", "changed_at"}),
            "drafts": _rows(drafts, {"id", "run_id", "created_at", "decided_at"}),
            "findings": sorted(findings, key=repr),
            "placements": _rows(session.exec(select(PlacementRow)).all(), {"created_at"}),
        }


def everything_in(db: Database) -> dict[str, list[Any]]:
    """Every row of every table as it stands."""
    from store.tables import metadata

    with db.read() as session:
        return {
            table.name: sorted(map(tuple, session.execute(table.select())), key=repr)
            for table in metadata.sorted_tables
        }


def _rows(rows: Any, without: set[str]) -> list[dict[str, Any]]:
    return sorted((row.model_dump(exclude=without) for row in rows), key=repr)
