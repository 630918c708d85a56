"""A small desk's worth of data, made through the store alone: for the tests, and for pictures.

`python -m tests.review_ui.desk_data FOLDER` builds it in FOLDER and says how to start the pages.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.types import (
    Block,
    BlockKind,
    Card,
    CardChange,
    CardKind,
    ChangeKind,
    Draft,
    DraftSentence,
    Finding,
    Group,
    Guide,
    Placement,
    Reason,
    Reuse,
    Risk,
    Severity,
    Source,
    Stakes,
    ToneRules,
)
from store.cards import apply_changes, list_cards
from store.drafts import add_drafts
from store.engine import Database, open_database
from store.groups import set_groups
from store.guides import save_guide
from store.migrate import migrate
from store.passwords import hash_password
from store.placements import set_placements
from store.runs import RunState, finish_run, start_run
from store.settings import Settings
from store.sources import set_sources
from store.tones import add_tones
from store.users import Role, add_user

PASSWORD = "three warm spoons of porridge"
TONES = ("expert", "mom", "engagement")
XSS = "<script>alert('page')</script><img src=x onerror=alert(1)>"

LINE_KINDS = {"-": BlockKind.LIST_ITEM, "^": BlockKind.FOOTNOTE}

Written = Mapping[str, Sequence[tuple[str, str]]]
"""By tone: (sentence, ids of what it rests on separated by spaces)."""


@dataclass(frozen=True, slots=True)
class DeskData:
    """What was built, by the names tests use."""

    settings: Settings
    db: Database
    run_id: str
    cards: Mapping[str, str]
    names: tuple[str, str] = ("mara", "lin")


@dataclass(frozen=True, slots=True)
class Recipe:
    """One card. placed: (group, score, phrases). findings: by tone."""

    name: str
    title: str
    heading: str
    lines: tuple[str, ...]
    written: Written
    kind: CardKind = CardKind.FACT
    stakes: Stakes = Stakes.NORMAL
    placed: tuple[tuple[str, float, tuple[tuple[str, str], ...]], ...] = ()
    findings: Mapping[str, tuple[Finding, ...]] | None = None
    risks: Mapping[str, Risk] | None = None
    scores: Mapping[str, float] | None = None
    previous: str = ""
    stages: tuple[str, ...] = ()


def settings_for(home: Path, **more: object) -> Settings:
    return Settings(home=str(home), publish_delay_s=0, secret_key="k" * 40, **more)  # type: ignore[arg-type]


def build_desk(home: Path, **more: object) -> DeskData:
    """Five guides, a dozen cards, five groups, two users, two runs."""
    settings = settings_for(home, **more)
    home.mkdir(parents=True, exist_ok=True)
    db = open_database(settings.effective_database_url)
    migrate(db)
    set_sources(db, SOURCES)
    set_groups(db, GROUPS)
    add_tones(db, [rules(tone, lang) for tone in TONES for lang in ("en", "zh")])
    hashed = hash_password(PASSWORD)
    for name in ("mara", "lin"):
        add_user(db, name, hashed, Role.ADMIN)
    run_id = start_run(db, "daily", ["all"], {}, "schedule")
    cards: dict[str, str] = {}
    for guide_name, title, source_id, lang, recipes in GUIDES:
        cards |= add_guide(db, guide_name, title, source_id, lang, recipes, run_id)
    finish_run(db, run_id, RunState.DONE, SUMMARY)
    failed = start_run(db, "adhoc", ["all"], {}, "mara", "One more look after the site moved")
    finish_run(db, failed, RunState.FAILED, FAILED_SUMMARY)
    return DeskData(settings, db, run_id, cards)


def add_guide(
    db: Database,
    name: str,
    title: str,
    source_id: str,
    lang: str,
    recipes: Sequence[Recipe],
    run_id: str,
) -> dict[str, str]:
    """Returns card ids by recipe name."""
    source = next(source for source in SOURCES if source.id == source_id)
    guide, cards = make_guide(name, title, source, lang, recipes)
    save_guide(db, guide)
    changes = []
    for recipe, card in zip(recipes, cards, strict=True):
        old = None
        if recipe.previous:
            old = Card(**{**as_dict(card), "text": recipe.previous})
        kind = ChangeKind.MATERIAL if recipe.previous else ChangeKind.NEW
        changes.append(CardChange(kind, old, card))
    apply_changes(db, guide.id, changes, "chopped")
    assert len(list_cards(db, guide.id)) == len(recipes)
    for recipe, card in zip(recipes, cards, strict=True):
        add_drafts(db, make_drafts(recipe, card), run_id)
    placed = {
        card.id: tuple(
            Placement(
                card_id=card.id,
                group_id=group_id,
                tone=next(group.preferred_tone for group in GROUPS if group.id == group_id),
                score=score,
                reasons=tuple(
                    Reason(kind, text, round(score - 0.05 * n, 3))
                    for n, (kind, text) in enumerate(why)
                ),
                runner_up=recipe.placed[place + 1][0] if place + 1 < len(recipe.placed) else "",
            )
            for place, (group_id, score, why) in enumerate(recipe.placed)
        )
        for recipe, card in zip(recipes, cards, strict=True)
    }
    set_placements(db, placed, {card.id: "plated" for card in cards})
    return {recipe.name: card.id for recipe, card in zip(recipes, cards, strict=True)}


def as_dict(card: Card) -> dict[str, object]:
    return {name: getattr(card, name) for name in Card.__dataclass_fields__}


def make_guide(
    name: str, title: str, source: Source, lang: str, recipes: Sequence[Recipe]
) -> tuple[Guide, tuple[Card, ...]]:
    """Blocks and cards with true spans. A line that starts with `- ` is a list item, one that
    starts with `^` a footnote: what follows up to the first space is its mark.
    """
    blocks: list[Block] = []
    at = 0
    cards = []

    def add(kind: BlockKind, text: str, level: int = 0) -> tuple[int, int]:
        nonlocal at
        block = Block(
            kind,
            text,
            level=level,
            group=int(kind is BlockKind.LIST_ITEM),
            marker=text.split()[0] if kind is BlockKind.FOOTNOTE else "",
            start=at,
        )
        blocks.append(block)
        at = block.end + 1
        return block.start, block.end

    add(BlockKind.HEADING, title, 1)
    for position, recipe in enumerate(recipes):
        add(BlockKind.HEADING, recipe.heading, 2)
        spans = []
        for line in recipe.lines:
            spans.append(add(LINE_KINDS.get(line[0], BlockKind.PARAGRAPH), bare(line)))
        text = "\n".join(bare(line) for line in recipe.lines)
        body_hash = hashlib.sha256(text.encode()).hexdigest()
        cards.append(
            Card(
                id=hashlib.sha256(f"{name}/{recipe.name}".encode()).hexdigest()[:16],
                guide_id=f"{source.id}/{name}",
                title=recipe.title,
                breadcrumbs=(title, recipe.heading),
                text=text,
                kind=recipe.kind,
                spans=tuple(spans),
                body_hash=body_hash,
                ctx_hash=body_hash[:12],
                lang=lang,
                topics=(),
                stakes=recipe.stakes,
                position=position,
                stages=recipe.stages,
            )
        )
    text = "\n".join(block.text for block in blocks)
    guide = Guide(
        id=f"{source.id}/{name}",
        source_id=source.id,
        url=f"{source.homepage}{name}",
        title=title,
        lang=lang,
        blocks=tuple(blocks),
        text=text,
        content_hash=hashlib.sha256(text.encode()).hexdigest(),
        reuse=source.reuse,
        licence=source.licence,
        attribution=source.attribution,
        reviewed="2026-03-14",
    )
    return guide, tuple(cards)


def bare(line: str) -> str:
    return line.removeprefix("- ").removeprefix("^")


def make_drafts(recipe: Recipe, card: Card) -> tuple[Draft, ...]:
    drafts = []
    glue = "" if card.lang.startswith("zh") else " "
    for tone, written in recipe.written.items():
        sentences = tuple(DraftSentence(text, tuple(ids.split())) for text, ids in written)
        text = glue.join(sentence.text for sentence in sentences)
        key = hashlib.sha256(f"{card.id}/{tone}/{text}".encode()).hexdigest()
        drafts.append(
            Draft(
                key=key,
                card_id=card.id,
                tone=tone,
                tone_version="1",
                tone_hash=f"hash-{tone}",
                lang=card.lang,
                text=text,
                sentences=sentences,
                model="offline/house",
                findings=resolve((recipe.findings or {}).get(tone, ()), text, card.text),
                risk=(recipe.risks or {}).get(tone, Risk.LOW),
                score=(recipe.scores or {}).get(tone),
            )
        )
    return tuple(drafts)


def resolve(findings: Sequence[Finding], text: str, card_text: str) -> tuple[Finding, ...]:
    """Check names `name|words in the draft|words in the card` become spans."""
    made = []
    for finding in findings:
        name, words, source = (*finding.check.split("|"), "", "")[:3]
        made.append(
            Finding(
                name,
                finding.severity,
                finding.message,
                find_span(text, words),
                find_span(card_text, source),
                finding.strength,
            )
        )
    return tuple(made)


def find_span(text: str, words: str) -> tuple[int, int] | None:
    start = text.find(words) if words else -1
    return (start, start + len(words)) if start >= 0 else None


def rules(tone: str, lang: str) -> ToneRules:
    return ToneRules(
        tone=tone,
        version="1",
        hash=f"hash-{tone}",
        lang=lang,
        length=(20, 160),
        reading_grade_max=0.0,
        emoji_max=2,
        required_phrases=(),
        banned_phrases=("miracle",) if lang == "en" else ("神奇",),
        disclaimer="",
    )


SOURCES = (
    Source(
        id="river-health",
        publisher="River Valley Health Service",
        homepage="https://health.example.org/",
        languages=("en",),
        reuse=Reuse.ADAPT_OK,
        licence="Open Government Licence v3.0",
        licence_url="https://licence.example.org/ogl",
        attribution="Contains public sector information of River Valley Health Service, "
        "licensed under the Open Government Licence v3.0.",
    ),
    Source(
        id="city-mother-child",
        publisher="江城妇幼保健中心",
        homepage="https://fuyou.example.cn/",
        languages=("zh-Hans",),
        reuse=Reuse.ADAPT_OK,
        licence="CC BY 4.0",
        licence_url="https://licence.example.org/by",
        attribution="来源：江城妇幼保健中心，CC BY 4.0。",
    ),
    Source(
        id="sleep-society",
        publisher="The Sleep Society",
        homepage="https://sleep.example.com/",
        languages=("en",),
        reuse=Reuse.LINK_ONLY,
        licence="All rights reserved",
        licence_url="javascript:alert('licence')",
        attribution="© The Sleep Society",
    ),
)

GROUPS = (
    Group(
        id="night-feeds",
        name="Night Feeds Circle",
        lang="en",
        description="For anyone awake at three with a hungry baby. Short posts, kind words, one "
        "thing to try. We read with one hand and half an eye.",
        stages=("0-3m", "3-6m"),
        topics=("breastfeeding", "milk storage", "pumping", "night feeds"),
        rules=("No formula marketing.", "No shaming of any way to feed.", "No doses of medicines."),
        preferred_tone="mom",
        sample_posts=(
            "Found a bag of milk from Monday at the back of the fridge, still ok on Friday?",
            "Day 4 and she wants to nurse every 90 minutes. Is that too much?",
        ),
    ),
    Group(
        id="back-to-work",
        name="Back to Work, Pump in Bag",
        lang="en",
        description="Schedules, cooler tricks and honest stories from mothers who pump at work.",
        stages=("3-6m", "6-12m"),
        topics=("pumping at work", "milk storage", "daycare bottles"),
        rules=("Keep tips short.", "No referral codes."),
        preferred_tone="engagement",
        sample_posts=("How long does milk keep in a cooler bag on the train?",),
    ),
    Group(
        id="first-fever",
        name="Ask a Nurse: Babies Under One",
        lang="en",
        description="Sober answers with their source. Moderated by two health visitors.",
        stages=("0-3m", "3-6m", "6-12m"),
        topics=("fever", "when to call", "vaccination"),
        rules=("Every post names its source.",),
        preferred_tone="expert",
        sample_posts=("She is eight weeks old and feels hot. Wait until morning?",),
    ),
    Group(
        id="toddler-table",
        name="The Toddler Table",
        lang="en",
        description="Food on the floor and what to put on the plate next.",
        stages=("12-24m",),
        topics=("solids", "iron", "fussy eating"),
        rules=("No diets.",),
        preferred_tone="engagement",
        sample_posts=("He lives on pasta and air. Help?",),
    ),
    Group(
        id="xin-shou-ma-ma",
        name="新手妈妈互助群",
        lang="zh-Hans",
        description="月子里、夜奶时，大家一起想办法。每天一条小知识，看完就能用。",
        stages=("0-3m", "3-6m"),
        topics=("母乳喂养", "发热", "补充维生素D"),
        rules=("不推销奶粉。", "不讨论用药剂量。"),
        preferred_tone="mom",
        sample_posts=("宝宝两个月，摸着有点热，要不要马上去医院？",),
    ),
)

STORAGE = Recipe(
    name="storage",
    title="How long expressed milk keeps",
    heading="Storing expressed milk",
    lines=(
        "Freshly expressed breast milk keeps for up to 4 hours at room temperature, no warmer "
        "than 25 °C.",
        "In the fridge at 4 °C or colder it keeps for up to 4 days. Store it at the back, never "
        "in the door.",
        "- Label every container with the date and time.",
        "- Use the oldest milk first.",
        "Do not refreeze milk that has thawed.",
    ),
    kind=CardKind.AMOUNTS,
    stages=("0-3m", "3-6m"),
    written={
        "expert": (
            ("Freshly expressed breast milk keeps for up to 4 hours at room temperature "
             "(25 °C or below).", "s1"),
            ("Refrigerated at 4 °C or colder, it keeps for up to 4 days; place it at the back "
             "rather than in the door.", "s2 s3"),
            ("Label each container with date and time and use the oldest first.", "s4 s5"),
            ("Thawed milk must not be refrozen.", "s6"),
        ),
        "mom": (
            ("That little bag of milk took work, so here is how to keep it safe. 💛", ""),
            ("On the counter it is fine for up to 4 hours, as long as the room is no warmer than "
             "25 °C.", "s1"),
            ("In the fridge you have up to 4 days: tuck it at the back, never in the door.",
             "s2 s3"),
            ("Write the date and time on it, and use the oldest one first.", "s4 s5"),
            ("Once it has thawed, please don't freeze it again.", "s6"),
        ),
        "engagement": (
            ("Quick fridge check: how many bags are in yours right now?", ""),
            ("4 hours on the counter (25 °C at most), up to 4 days at the back of the fridge.",
             "s1 s2 s3"),
            ("Date on the bag, oldest out first, and no refreezing after thawing.", "s4 s5 s6"),
            ("Tell us your labelling trick below!", ""),
        ),
    },
    placed=(
        ("night-feeds", 0.78, (
            ("topic", "milk storage"),
            ("question", "Found a bag of milk from Monday at the back of the fridge, still ok on "
             "Friday?"),
        )),
        ("back-to-work", 0.71, (
            ("topic", "milk storage"),
            ("question", "How long does milk keep in a cooler bag on the train?"),
        )),
        ("first-fever", 0.41, (("name", "Ask a Nurse: Babies Under One"),)),
    ),
    previous="Freshly expressed breast milk keeps for up to 6 hours at room temperature, no warmer "
    "than 25 °C.\nIn the fridge at 4 °C or colder it keeps for up to 5 days. Store it at the back."
    "\nLabel every container with the date and time.\nUse the oldest milk first.\nDo not refreeze "
    "milk that has thawed.",
)  # fmt: skip

FEVER = Recipe(
    name="fever",
    title="Fever in a baby under three months",
    heading="Fever",
    lines=(
        "A temperature of 38 °C or higher in a baby under 3 months is an emergency.",
        "Call your doctor or the emergency service at once, day or night, even if the baby "
        "seems well.",
        "Do not give any medicine before a doctor has seen the baby.",
        "- Take the temperature under the arm with a digital thermometer.",
        "- Remove extra clothing, but do not give a cold bath.",
    ),
    kind=CardKind.WHEN_TO_CALL,
    stakes=Stakes.HIGH,
    stages=("0-3m",),
    written={
        "expert": (
            ("In infants under 3 months, a temperature of 38 °C or higher is an emergency.", "s1"),
            ("Contact a doctor or the emergency service immediately, at any hour, even if the "
             "infant appears well.", "s2"),
            ("No medicine should be given before a doctor has examined the infant.", "s3"),
            ("Measure under the arm with a digital thermometer; remove extra clothing, but avoid "
             "cold baths.", "s4 s5"),
        ),
        "mom": (
            ("If your tiny one feels hot, trust that worry.", ""),
            ("Under 3 months, 38.5 °C or higher means: call your doctor or the emergency service "
             "right away, day or night.", "s1 s2"),
            ("It counts even when your baby seems fine.", "s2"),
            ("Take off an extra layer, skip the cold bath.", "s5"),
        ),
        "engagement": (
            ("Would you know what to do at 3 a.m. with a hot newborn?", ""),
            ("Under 3 months and 38 °C or more: call now, do not wait for morning.", "s1 s2"),
            ("A little paracetamol can help until you get there.", ""),
            ("Save this post and send it to someone with a newborn.", ""),
        ),
    },
    placed=(
        ("first-fever", 0.86, (
            ("question", "She is eight weeks old and feels hot. Wait until morning?"),
            ("topic", "fever"), ("topic", "when to call"),
        )),
        ("night-feeds", 0.52, (("topic", "night feeds"),)),
    ),
    findings={
        "mom": (
            Finding("quantity_changed_cited|38.5 °C|38 °C", Severity.CRITICAL,
                    "The draft says “38.5 °C”, the card “38 °C”."),
            Finding("prohibition_lost||Do not give any medicine before a doctor has seen the baby.",
                    Severity.CRITICAL,
                    "The prohibition “Do not give any medicine before a doctor has seen the "
                    "baby.” is missing."),
        ),
        "engagement": (
            Finding("warning_missing||Do not give any medicine before a doctor has seen the baby.",
                    Severity.CRITICAL, "The warning “Do not give any medicine before a doctor "
                    "has seen the baby.” is missing.", strength=0.31),
            Finding("entity_unsourced|paracetamol|", Severity.MAJOR,
                    "The card does not mention paracetamol (“paracetamol”)."),
            Finding("length||", Severity.INFO, "44 words; this tone asks for 60."),
        ),
    },
    risks={"mom": Risk.BLOCKED, "engagement": Risk.FLAGGED},
    scores={"expert": 0.042, "mom": 0.996, "engagement": 0.615},
)  # fmt: skip


def plain(name: str, title: str, heading: str, *lines: str, **more: object) -> Recipe:
    """A card whose three drafts say what it says, each with an opening of its own."""
    openings = {
        "expert": "In short:",
        "mom": "One small thing for today. 💛",
        "engagement": "Did you know?",
    }
    said = [(bare(line), f"s{n}") for n, line in enumerate(lines, 1)]
    written = {tone: ((openings[tone], ""), *said) for tone in TONES}
    return Recipe(name, title, heading, lines, written, **more)  # type: ignore[arg-type]


LATCH = plain(
    "latch", "Signs of a good latch", "Latching on",
    "The baby's mouth is wide open and takes in a large part of the areola, not only the nipple.",
    "The chin touches the breast and the nose is free.",
    "You hear swallowing, and nursing does not hurt after the first moments.",
    placed=(("night-feeds", 0.66, (("topic", "breastfeeding"),)),),
)  # fmt: skip
DIAPERS = plain(
    "diapers", "Wet nappies as a sign of enough milk", "Is my baby getting enough?",
    "From day 5, expect at least 6 wet nappies in 24 hours.",
    "Fewer than that, or dark urine, is a reason to call your midwife or doctor the same day.",
    kind=CardKind.WHEN_TO_CALL, stages=("0-3m",),
    placed=(("night-feeds", 0.59, (("question", "Day 4 and she wants to nurse every 90 minutes. "
            "Is that too much?"),)), ("first-fever", 0.47, (("topic", "when to call"),))),
    findings={"engagement": (Finding("reading_grade||", Severity.MINOR,
              "Reads at grade 9.0; this tone aims at 7."),)},
    risks={"engagement": Risk.FLAGGED},
)  # fmt: skip
PUMP = plain(
    "pump", "Cleaning pump parts at work", "Pumping away from home",
    "Rinse every part that touched milk, then wash it in hot soapy water in a basin used for "
    "nothing else.",
    "Let the parts dry in the air on a clean towel.",
    placed=(("back-to-work", 0.74, (("topic", "pumping at work"),)),),
)  # fmt: skip
IRON = plain(
    "iron", "Iron on a toddler's plate", "Iron",
    "Between 1 and 3 years a child needs about 7 mg of iron a day.",
    "Meat, beans and fortified cereals are good sources.",
    "Cow's milk above 500 ml a day can keep iron from being taken up.",
    kind=CardKind.AMOUNTS, stages=("12-24m",),
    placed=(("toddler-table", 0.69, (("topic", "iron"), ("topic", "fussy eating"))),),
)  # fmt: skip
CHOKING = plain(
    "choking", "Foods that can choke a small child", "Safe eating",
    "Do not give whole grapes, nuts or hard sweets to a child under 4 years.",
    "Cut round foods lengthwise into quarters.",
    kind=CardKind.WARNING, stakes=Stakes.HIGH, stages=("12-24m", "2-4y"),
    placed=(("toddler-table", 0.55, (("name", "The Toddler Table"),)),),
    findings={"expert": (Finding("negation||Do not give whole grapes", Severity.MAJOR,
              "Check that the prohibition is still a prohibition."),)},
    risks={"expert": Risk.FLAGGED},
)  # fmt: skip
HOSTILE = plain(
    "hostile", f"Quiet evenings {XSS}", f"Evenings {XSS}",
    f"Keep the last hour before bed calm and dim. {XSS}",
    "A short song, the same every evening, tells the baby that sleep comes next.",
)  # fmt: skip
ZH_FEVER = Recipe(
    name="zh-fever",
    title="三个月以下婴儿发热",
    heading="什么时候要就医",
    lines=(
        "三个月以下的婴儿体温达到38℃或以上，应立即就医。",
        "即使精神看起来不错，也不要等到第二天。就医前不要自行使用退热药。",
        "- 用电子体温计测量腋下体温。",
        "- 适当减少衣物，不要用冷水擦浴。",
    ),
    kind=CardKind.WHEN_TO_CALL,
    stakes=Stakes.HIGH,
    stages=("0-3m",),
    written={
        "expert": (
            ("三个月以下婴儿体温达到或超过38℃，属于需要立即就医的情况。", "s1"),
            ("即使婴儿精神状态尚可，也不应拖延至次日；就医前不要自行使用退热药。", "s2 s3"),
            ("建议以电子体温计测量腋下体温，适当减少衣物，避免冷水擦浴。", "s4 s5"),
        ),
        "mom": (
            ("宝宝突然摸着烫，当妈的心一下子就揪起来了，这种担心是对的。", ""),
            ("三个月以下、体温到了38℃，别等，马上带去医院。", "s1"),
            ("就算看着还挺精神，也别拖到明天，退热药先别自己喂。", "s2 s3"),
            ("在家先用电子体温计量腋下，少穿一层，不要用冷水擦。", "s4 s5"),
        ),
        "engagement": (
            ("半夜宝宝发热，等天亮还是马上去？", ""),
            ("三个月以下、38℃以上：马上去医院，不等天亮。", "s1 s2"),
            ("神奇的小妙招：物理降温就够了！", ""),
            ("转给身边刚当妈妈的她。", ""),
        ),
    },
    placed=(
        ("xin-shou-ma-ma", 0.83, (
            ("question", "宝宝两个月，摸着有点热，要不要马上去医院？"), ("topic", "发热"),
        )),
    ),
    findings={
        "engagement": (
            Finding("banned_phrase|神奇|", Severity.MINOR, "The tone does not allow “神奇”."),
            Finding("prohibition_lost||就医前不要自行使用退热药。", Severity.CRITICAL,
                    "The prohibition “就医前不要自行使用退热药。” is missing."),
        ),
    },
    risks={"engagement": Risk.BLOCKED},
)  # fmt: skip
ZH_VITAMIN = Recipe(
    name="zh-vitamin",
    title="出生后补充维生素D",
    heading="维生素D",
    lines=(
        "婴儿出生后数日起，每天补充维生素D 400国际单位。",
        "母乳喂养和配方奶喂养的婴儿都需要。不要超过说明书上的剂量。",
    ),
    kind=CardKind.AMOUNTS,
    stages=("0-3m", "3-6m"),
    written={
        "expert": (
            ("婴儿出生数日后即应每日补充维生素D 400国际单位，母乳与配方奶喂养均适用。", "s1 s2"),
            ("剂量不应超过说明书规定。", "s3"),
        ),
        "mom": (
            ("小家伙回家几天后，就可以每天给一次维生素D啦，400国际单位就够。", "s1"),
            ("吃母乳、喝奶粉的宝宝都一样要补，别超过说明书的量哦。", "s2 s3"),
        ),
        "engagement": (
            ("你家宝宝的维生素D，今天补了吗？", ""),
            ("每天400国际单位，母乳、奶粉宝宝都要，不超量。", "s1 s2 s3"),
        ),
    },
    placed=(("xin-shou-ma-ma", 0.72, (("topic", "补充维生素D"),)),),
)
SLEEP = Recipe(
    name="sleep",
    title="On the back, every sleep",
    heading="Safe sleep",
    lines=("Put your baby on the back for every sleep, on a firm and flat surface.",),
    kind=CardKind.WARNING,
    stakes=Stakes.HIGH,
    written={},
)

GUIDES: tuple[tuple[str, str, str, str, tuple[Recipe, ...]], ...] = (
    ("feeding", "Breastfeeding and expressed milk", "river-health", "en",
     (STORAGE, LATCH, DIAPERS, PUMP)),
    ("ill-baby", "When your baby is ill", "river-health", "en", (FEVER,)),
    ("toddler-food", "Feeding a toddler", "river-health", "en", (IRON, CHOKING)),
    ("evenings", "Evenings", "river-health", "en", (HOSTILE,)),
    ("xinshenger", "新生儿护理要点", "city-mother-child", "zh-Hans", (ZH_FEVER, ZH_VITAMIN)),
    ("back", "Safer sleep for babies", "sleep-society", "en", (SLEEP,)),
)  # fmt: skip

SUMMARY = {
    "run_id": "",
    "guides": {"fetched": 6, "unchanged": 0, "changed": 1, "failed": 0, "quarantined": 1},
    "cards": {"new": 10, "kept": 0, "changed": 1, "removed": 0, "total": 11},
    "drafts": {"new": 30, "kept": 0, "low": 24, "flagged": 4, "blocked": 2},
    "completions": {"calls": 0, "cached": 0, "tokens_in": 0, "tokens_out": 0, "cost_usd": 0.0},
    "placements": {"new": 15, "cards_without_group": 1},
    "seconds": {"procure": 4.2, "chop": 0.31, "cook": 1.9, "plate": 6.04, "total": 12.6},
    "errors": [],
}
FAILED_SUMMARY = {
    "guides": {"fetched": 1, "failed": 2},
    "seconds": {"procure": 30.02, "total": 30.1},
    "errors": [
        {"where": "river-health", "what": "https://health.example.org/moved answered 503 twice"},
        "city-mother-child: robots.txt cannot be read (timeout), so nothing was asked for",
    ],
}


def main() -> None:
    from tests.review_ui.shelf_data import add_shelf  # it builds on this module

    home = Path(sys.argv[1]).resolve()
    desk = build_desk(home)
    add_shelf(desk)
    sys.stdout.write(
        f"SPOONFUL_HOME={home} SPOONFUL_SECRET_KEY={desk.settings.secret_key} "
        "uvicorn --factory review_ui.app:create_app --port 8400\n"
        f"sign in as {desk.names[0]} with: {PASSWORD}\n"
    )


if __name__ == "__main__":
    main()
