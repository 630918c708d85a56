"""Kinds, stages and titles."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stages.chop import chop_guide
from stages.chop.openers import has_pointer, is_dangling
from stages.chop.shorten import shorten
from stages.chop.traits import stages_of
from stages.policy import Policy
from stages.types import CardKind, Guide

GuideOf = Callable[..., Guide]


@pytest.mark.parametrize(
    ("text", "breadcrumbs", "expected"),
    [
        ("Babies under 3 months need a doctor.", (), ("0-3m",)),
        ("Give solids from 6 months if your baby sits.", (), ("6-12m", "12-24m", "2-4y")),
        ("Children aged 1 to 4 years need 10 micrograms.", (), ("12-24m", "2-4y")),
        ("A baby should sleep here for the first 6 months.", (), ("0-3m", "3-6m")),
        ("Sterilise until your baby is at least 12 months old.", (), ("0-3m", "3-6m", "6-12m")),
        ("Take folic acid in the first trimester.", (), ("T1",)),
        ("Have the scan at 20 weeks pregnant.", (), ("T2",)),
        ("Keep it in the freezer for up to 3 months.", (), ()),
        ("Hair sheds from about 3 months after birth.", (), ()),
        ("- By 9 months: no babbling", (), ("6-12m",)),
        ("Sits up alone.", ("Milestones", "Nine months"), ("6-12m",)),
        ("Wash your hands.", ("Newborn care",), ("0-3m",)),
        ("Give water.", ("Babies under 6 months", "Babies over 12 months"), ("12-24m", "2-4y")),
        ("宝宝满6个月以后添加辅食。", (), ("6-12m", "12-24m", "2-4y")),
        ("7到12月龄的宝宝每天要10毫克铁。", (), ("6-12m",)),
        ("3個月以下的嬰兒發燒要馬上就醫。", (), ("0-3m",)),
        ("新生兒每天餵8到12次。", (), ("0-3m",)),
        ("孕晚期要多休息。", (), ("T3",)),
        ("每种新食物让宝宝观察3到5天。", (), ()),
    ],
)
def test_stages_of_reads_ages_where_the_text_names_them(
    text: str, breadcrumbs: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert stages_of(text, breadcrumbs) == expected


BODY = "Babies stay warm and dry and feed often, by day and by night, as long as you both like. "


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (f"## Sleep\n{BODY * 3}", CardKind.FACT),
        (f"## Sleep\n!{BODY * 3}", CardKind.WARNING),
        (f"## Sleep\n?{BODY * 3}", CardKind.WHEN_TO_CALL),
        (f"## When to see a doctor\n{BODY * 3}", CardKind.WHEN_TO_CALL),
        (f"## 什么时候要看医生\n{BODY * 3}", CardKind.WHEN_TO_CALL),
        (f"## Medicines to avoid\n{BODY * 3}", CardKind.WARNING),
        (f"## Making a feed\n1. {BODY}\n2. {BODY}\n3. {BODY}", CardKind.HOW_TO),
        (f"## Milestones at 9 months\n{BODY * 3}", CardKind.MILESTONE),
        (
            "## Water\nDo not leave a child alone near water, even for a minute. Never rely on "
            f"a fence. {BODY}{BODY}",
            CardKind.WARNING,
        ),
        (
            "## Cots\n- Choose a firm mattress that fits.\n- Put the cot near your own bed.\n- "
            "Keep toys and pillows out of it by day and by night, and see that no cord hangs near.",
            CardKind.HOW_TO,
        ),
        (
            "## Signs\nYou may be at risk if you:\n- Have a history of low mood\n- Feed often and "
            f"get little rest\n- Take care of many children\n\n{BODY}",
            CardKind.FACT,
        ),
        (
            "## Ears\nDo not wait for the next routine visit. Ask for a check when your child "
            f"turns the head to one side or does not answer. {BODY}",
            CardKind.WHEN_TO_CALL,
        ),
        (
            "## 用药\n每次每公斤体重10到15毫克，每4小时一次，24小时内不超过4次。"
            "婴儿滴剂每0.8毫升含80毫克，混悬液每5毫升含160毫克，体重8公斤的宝宝一次最多120毫克，量好再喂。",
            CardKind.AMOUNTS,
        ),
        (
            "## Batteries\nTreat any swallowed battery as an emergency. Go to hospital at once, do "
            "not wait for signs, and do not offer food or drink on the way there with the child.",
            CardKind.WHEN_TO_CALL,
        ),
        (
            "## Fits\nLay your child on the side and move hard objects away. Note the time, and "
            "stay there. Call an ambulance if it goes on for more than 5 minutes without a pause.",
            CardKind.WHEN_TO_CALL,
        ),
        (
            "## Choking\n1. Shout for help and call 999 with the phone on speaker.\n2. Lay the "
            "child on a firm surface and open the mouth.\n3. Begin with five breaths and go on "
            "until help is there.",
            CardKind.HOW_TO,
        ),
        (
            "## 噎住\n宝宝噎住不能出声，拨打120，同时拍背5次，再做胸部冲击5次，交替进行，"
            "直到吐出来或者急救人员到来为止，不要离开宝宝身边，也不要用手去掏。",
            CardKind.WHEN_TO_CALL,
        ),
        (
            "## Potential choking hazards\n### Snacks\n- Whole nuts and seeds of any kind\n- "
            "Popcorn, crisps and hard candy\n- Whole grapes or cherry tomatoes\n- Chewing gum",
            CardKind.WARNING,
        ),
        (
            "## 不能吃的食物\n- 整粒的坚果和瓜子、花生、开心果\n- 果冻、硬糖、口香糖和爆米花\n"
            "- 整颗的葡萄、圣女果、樱桃\n- 蜂蜜以及含有蜂蜜的糕点和饮料",
            CardKind.WARNING,
        ),
        (
            "## Paracetamol\nThe dose is 10 to 15 mg for each kilogram of body weight. Give it "
            "every 4 to 6 hours, no more than 4 times a day, and weigh your child before that.",
            CardKind.AMOUNTS,
        ),
        (
            f"## How much to offer\n{BODY * 2}\n| Age: 1 month; Feed: 90 ml\n| Age: 2; Feed: 99 ml",
            CardKind.AMOUNTS,
        ),
    ],
)
def test_card_kind_follows_boxes_headings_and_content(
    guide_of: GuideOf, no_topics: Policy, lines: str, kind: CardKind
) -> None:
    assert {card.kind for card in chop_guide(guide_of(lines), no_topics)} == {kind}


@pytest.mark.parametrize(
    ("text", "dangling"),
    [
        ("This helps your baby.", True),
        ("It helps your baby.", True),
        ("However, babies differ.", True),
        ("这样可以预防。", True),
        ("此外，要洗手。", True),
        ("It is important to wash your hands.", False),
        ("This guide is for parents.", False),
        ("Italian food is fine.", False),
        ("其他", True),
        ("宝宝要洗手。", False),
    ],
)
def test_is_dangling_knows_openers_that_lean_on_nothing(text: str, dangling: bool) -> None:
    assert is_dangling(text) is dangling


def test_has_pointer_allows_a_table_that_is_there() -> None:
    assert has_pointer("Follow the steps above.")
    assert not has_pointer("Follow the steps below.", below=True)
    assert has_pointer("As mentioned above, rest.", above=True)
    assert has_pointer("如下图所示。")


@pytest.mark.parametrize(
    ("text", "limit", "lang", "expected"),
    [
        ("Short enough", 12, "en", "Short enough"),
        ("Wash your hands, then dry them with a towel", 6, "en", "Wash your hands"),
        ("Babies who are awake at night and in the day", 5, "en", "Babies who are awake…"),
        ("宝宝满六个月以后，就可以逐渐添加辅食", 10, "zh", "宝宝满六个月以后"),
        ("宝宝满六个月以后就可以添加辅食", 8, "zh", "宝宝满六个月以…"),
    ],
)
def test_shorten_ends_at_a_clause_or_says_that_it_was_cut(
    text: str, limit: int, lang: str, expected: str
) -> None:
    assert shorten(text, limit, lang) == expected


def test_titles_take_the_parent_along_where_the_heading_says_nothing(
    guide_of: GuideOf, no_topics: Policy
) -> None:
    guide = guide_of(f"## Fever\n### Do\n{BODY * 3}\n## Colds\n### Do\n{BODY * 3}")
    titles = [card.title for card in chop_guide(guide, no_topics)]
    assert titles == ["Fever: Do", "Colds: Do"]


def test_titles_tell_cards_of_one_section_apart(guide_of: GuideOf, no_topics: Policy) -> None:
    steps = "\n".join(f"{n}. {BODY}{BODY}" for n in range(1, 7))
    cards = chop_guide(guide_of(f"## How to bath a baby\n{steps}"), no_topics)
    assert cards[0].title.startswith("How to bath a baby: steps 1 to ")
    assert len({card.title for card in cards}) == len(cards) > 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Hormones (such as estrogen and progesterone fall after birth",
            "Hormones such as estrogen and progesterone fall after birth",
        ),
        ('She said "keep the room cool', "She said keep the room cool"),
        ("(Talk to your doctor", "Talk to your doctor"),
        ("Read it) again", "Read it again"),
        ("宝宝（满六个月以后", "宝宝满六个月以后"),
        ("奶粉和辅食的冲调方法（配方", "奶粉和辅食的冲调方法"),
    ],
)
def test_shorten_leaves_no_bracket_or_quotation_open(text: str, expected: str) -> None:
    assert shorten(text, 40, "zh" if "宝" in text or "奶" in text else "en") == expected
