"""Topics of a text: found in English and both Chinese scripts, and not everywhere."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.policy import HAN, Policy, TopicRule, finder_of, messages_of, stakes_of, topics_of
from stages.seeds import load_policy
from stages.text import collapse
from stages.types import Stakes

ROOT = Path(__file__).parents[1]
POLICY = load_policy(ROOT / "seeds" / "policy.yaml")
GOLD = ROOT.parent / "shared" / "gold"

SMALL = Policy(
    (
        TopicRule("sleep", Stakes.NORMAL, ("bedtime", "入睡"), "Sleep."),
        TopicRule(
            "choking", Stakes.HIGH, ("choking", "噎住"), "Choke.", "噎。", ("nut", "first aid")
        ),
        TopicRule("rice", Stakes.NORMAL, ("rice", "rice cereal"), "Rice."),
    )
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A calm bedtime helps.", ("sleep",)),
        ("BEDTIMES differ.", ("sleep",)),
        ("Abedtime and bedtimely are no words.", ()),
        ("bed-time", ()),
        ("宝宝容易入睡。", ("sleep",)),
        ("宝宝被噎住了", ("choking",)),
        ("One nut.", ()),
        ("One nut, some first-aid and first\u00a0aid again; nuts.", ("choking",)),
        ("", ()),
    ],
)
def test_topics_of_matches_words_and_chinese_phrases(text: str, expected: tuple[str, ...]) -> None:
    assert topics_of(text, SMALL) == expected


def test_a_hint_in_a_heading_is_enough() -> None:
    assert topics_of("Cut it small.", SMALL, ["Nuts"]) == ("choking",)


def test_the_stronger_topic_comes_first() -> None:
    text = "Rice at bedtime. Bedtime again, and bedtime once more."
    assert topics_of(text, SMALL) == ("sleep", "rice")


def test_a_weak_normal_topic_goes_and_a_high_one_stays() -> None:
    text = "Bedtime, bedtime, bedtime. Rice. Choking."
    assert topics_of(text, SMALL, ["Bedtime", "Bedtime in 入睡"]) == ("sleep", "choking")


def test_the_longest_phrase_counts_once() -> None:
    rule = TopicRule("cereal", Stakes.NORMAL, ("rice cereal",), "")
    both = Policy((*SMALL.topics, rule))
    assert topics_of("rice cereal", both) == ("rice", "cereal")


def test_stakes_are_high_with_one_high_topic() -> None:
    answers = [
        stakes_of(topics, SMALL) for topics in (("sleep", "choking"), ("sleep",), ("x",), ())
    ]
    assert answers == [Stakes.HIGH, Stakes.NORMAL, Stakes.NORMAL, Stakes.NORMAL]


def test_messages_come_in_the_editors_language() -> None:
    assert messages_of(("choking", "x"), SMALL) == ("Choke.",)
    assert messages_of(("choking",), SMALL, "zh-Hans") == ("噎。",)


@given(st.text(max_size=300), st.lists(st.text(max_size=40), max_size=3))
def test_topics_of_any_text_are_known_and_distinct(text: str, headings: list[str]) -> None:
    topics = topics_of(text, POLICY, headings)
    assert len(set(topics)) == len(topics)
    assert set(topics) <= {rule.id for rule in POLICY.topics}


@given(
    st.sampled_from(POLICY.topics).flatmap(
        lambda r: st.tuples(st.just(r), st.sampled_from(r.patterns))
    )
)
def test_every_shipped_pattern_finds_its_topic(rule_and_pattern: tuple[TopicRule, str]) -> None:
    rule, pattern = rule_and_pattern
    alone = Policy((rule,), POLICY.detection)
    assert topics_of(f"Now: {pattern}.", alone) == (rule.id,)


HIGH_CASES = [
    ("safe_sleep", "Put your baby down on their back for every sleep, on a firm, flat mattress."),
    ("safe_sleep", "每次睡觉都让宝宝仰卧，床上不放枕头。"),
    ("safe_sleep", "每次睡覺都讓寶寶仰臥，嬰兒床上不放枕頭。"),
    ("honey_botulism", "No honey before the first birthday."),
    ("honey_botulism", "一歲以前不可以吃蜂蜜。"),
    ("choking", "Give up to five back blows between the shoulder blades."),
    ("choking", "3岁以下不要吃整粒坚果。"),
    ("poisoning", "Keep button batteries out of reach."),
    ("poisoning", "孩子誤食清潔劑時，不要催吐。"),
    ("mental_health_crisis", "If you have thoughts of harming yourself, get help now."),
    ("mental_health_crisis", "如果有傷害自己的念頭，請立即求助。"),
    ("pregnancy_warning_signs", "Call if you have bleeding in pregnancy."),
    ("pregnancy_warning_signs", "懷孕期間出血要馬上就醫。"),
    ("postpartum_warning_signs", "Get help if you soak through a pad in an hour."),
    ("medicine_doses", "Leave at least six hours between doses of ibuprofen."),
    ("medicine_doses", "請依體重計算用藥劑量。"),
    ("medicines", "Ask before you give paracetamol."),
    ("medicines", "孩子不能吃阿斯匹靈。"),
    ("jaundice", "足月兒的黃疸一般兩週內消退。"),
    ("dehydration", "Offer oral rehydration solution in small sips."),
    ("drowning", "Stay within arm's reach near the pool."),
    ("drowning", "幼兒溺水往往沒有聲音。"),
    ("car_seats", "Keep the seat rear-facing as long as it fits."),
    ("burns", "Cool the burn under cool running water for 20 minutes."),
    ("shaken_baby", "Never shake a baby."),
    ("vaccines", "Vaccinations start at two months."),
    ("allergy", "Signs of an allergic reaction are hives and swelling."),
    ("formula_preparation", "沖泡奶粉的水溫不低於70℃。"),
    ("fetal_movement", "If your baby is moving less than usual, call."),
]


@pytest.mark.parametrize(("topic", "text"), HIGH_CASES)
def test_shipped_policy_finds_what_is_at_stake(topic: str, text: str) -> None:
    topics = topics_of(text, POLICY)
    assert topic in topics
    assert stakes_of(topics, POLICY) is Stakes.HIGH


NORMAL_CASES = [
    "Read a book together every evening and let your child turn the pages.",
    "If you have any worries, talk to your doctor or pharmacist.",
    "Most children sit on the potty happily once they can pull their trousers down.",
    "每天和宝宝一起看绘本，让他自己翻页。",
    "有任何疑问，請詢問醫師或藥師。",
    "Offer vegetables again and again; it can take many tries.",
]


@pytest.mark.parametrize("text", NORMAL_CASES)
def test_shipped_policy_does_not_cry_wolf(text: str) -> None:
    assert stakes_of(topics_of(text, POLICY), POLICY) is Stakes.NORMAL


GOLD_TOPICS = {
    "medicines": "medicines",
    "fever": "fever",
    "safe sleep": "safe_sleep",
    "choking": "choking",
    "jaundice": "jaundice",
    "vaccines": "vaccines",
    "car seats": "car_seats",
    "water safety": "drowning",
    "home safety": "poisoning",
    "allergens": "allergy",
    "formula preparation": "formula_preparation",
    "baby's movements": "fetal_movement",
    "pregnancy warning signs": "pregnancy_warning_signs",
    "diarrhoea and vomiting": "dehydration",
    "maternal mental health": "perinatal_mental_health",
    "breastfeeding": "breastfeeding",
    "potty training": "toilet_training",
    "tantrums": "behaviour",
    "baby sleep": "sleep_routines",
    "milestones": "milestones",
    "teething": "teething",
    "screen time": "screen_time",
    "twins": "twins",
    "starting solids": "complementary_feeding",
    "发热用药": "medicines",
    "睡眠安全": "safe_sleep",
    "气道异物": "choking",
    "新生儿黄疸": "jaundice",
    "疫苗接种": "vaccines",
    "安全座椅": "car_seats",
    "胎动": "fetal_movement",
    "产后抑郁": "perinatal_mental_health",
    "奶粉冲调": "formula_preparation",
    "母乳喂养": "breastfeeding",
    "辅食添加": "complementary_feeding",
    "发育里程碑": "milestones",
}


@pytest.mark.skipif(not GOLD.is_dir(), reason="../shared/gold is not here")
def test_gold_cards_are_found_and_medicines_stay_rare() -> None:
    rows = (GOLD / "cards.jsonl").read_text(encoding="utf-8").splitlines()
    cards = [json.loads(row) for row in rows]
    found = {
        card["id"]: topics_of(card["text"], POLICY, (*card["breadcrumbs"], card["title"]))
        for card in cards
    }
    labelled = [card for card in cards if card["topic"] in GOLD_TOPICS]
    missed = [c["id"] for c in labelled if GOLD_TOPICS[c["topic"]] not in found[c["id"]]]
    assert missed == []
    assert sum(len(topics) for topics in found.values()) <= 2 * len(cards)
    assert sum("medicine_doses" in topics for topics in found.values()) <= 4
    assert sum("medicines" in topics for topics in found.values()) <= len(cards) / 5


# --- the automaton beside the plain way ---------------------------------------------------------


def simple_counts(rule: TopicRule, text: str) -> dict[str, int]:
    """What `re` finds phrase by phrase: the longest at each place, Chinese ones first."""
    phrases = sorted({*rule.patterns, *rule.hints}, key=lambda phrase: (-len(phrase), phrase))
    chinese = [re.escape(phrase) for phrase in phrases if HAN.search(phrase)]
    words = [re.escape(phrase) for phrase in phrases if not HAN.search(phrase)]
    parts = [f"({'|'.join(chinese)})"] if chinese else []
    if words:
        parts.append(rf"(?<![^\W_])({'|'.join(words)})(?:e?s)?(?![^\W_])")
    hits = re.finditer("|".join(parts), text) if parts else ()
    return dict(Counter(hit[hit.lastindex or 0] for hit in hits))


PIECES = [
    "rice",
    "rice cereal",
    "s",
    "es",
    " ",
    ".",
    "_",
    "a",
    "cereal",
    "al b",
    "米",
    "米粉",
    "粉",
    "b",
]
PHRASES = st.lists(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map(
        lambda p: " ".join("".join(p).split())
    ),
    max_size=6,
).map(lambda phrases: tuple(phrase for phrase in phrases if phrase))


@given(PHRASES, PHRASES, st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_one_automaton_finds_what_re_finds_phrase_by_phrase(
    patterns: tuple[str, ...], hints: tuple[str, ...], text: str
) -> None:
    rules = (
        TopicRule("one", Stakes.NORMAL, patterns, "", hints=hints),
        TopicRule("two", Stakes.HIGH, hints, ""),
    )
    text = collapse(text)
    found = {
        place: {phrase.text: count for phrase, count in counts.items()}
        for place, counts in finder_of(Policy(rules)).count(text).items()
    }
    simple = {place: simple_counts(rule, text) for place, rule in enumerate(rules)}
    assert found == {place: counts for place, counts in simple.items() if counts}


# --- words out of context -------------------------------------------------------------------------

OUT_OF_CONTEXT = [
    ("Choose a sleeping bag that fits at the neck and has no hood.", ()),
    ("Do not use old glass thermometers containing mercury.", ()),
    ("宝宝吃东西时大人要在一臂之内，餐椅安全带要系好，以免呛到。", ()),
    ("寶寶坐在餐椅裡，餐椅安全帶要繫好。", ()),
    (
        "Fullness in the first week settles with frequent feeding.",
        ("Fullness in the first week", "Sore breasts, blocked ducts and mastitis"),
    ),
    ("Strap your child into the high chair harness or booster seat.", ("Mealtimes",)),
    ("When your baby wakes, wait a moment: they may go back to sleep.", ()),
    ("Your baby falls asleep at the breast.", ("Falls asleep at the breast",)),
    ("These stay the main drink.", ("Breast milk and infant formula",)),
    ("新冠肺炎疫情期间学校推迟开学。", ()),
    ("门诊时间调整，疫苗接种和喂养咨询需要预约。", ()),
    ("Insurance pays for vaccines and check-ups.", ()),
    ("Do not add salt to your baby's food.", ("Foods to avoid giving babies", "Salt")),
    ("Tiny sucking movements, and no swallowing.", ("Tiny sucking movements",)),
    ("Some foods and habits can harm your baby before you know you are pregnant.", ()),
    ("Keep the tin away from direct sunlight.", ()),
]


@pytest.mark.parametrize(("text", "headings"), OUT_OF_CONTEXT)
def test_word_out_of_context_raises_no_stakes(text: str, headings: tuple[str, ...]) -> None:
    assert stakes_of(topics_of(text, POLICY, headings), POLICY) is Stakes.NORMAL


IN_CONTEXT = [
    ("burns", "The temperature of the water should be 38 to 39 °C when you bath your baby."),
    ("burns", "Never heat milk in a microwave: hot patches can burn the mouth."),
    ("burns", "洗澡时先放冷水再放热水，用手肘试温。"),
    ("burns", "洗澡時先放冷水，用手肘試溫。"),
    ("drowning", "5厘米深的水就可能淹死婴儿，人不能离开。"),
    ("seizures", "Lay a child who is having a fit on their side."),
    ("urgent_help", "Phone your midwife the same day if there are no wet nappies."),
    ("urgent_help", "脐带周围红肿、有脓，要当天看医生。"),
    ("urgent_help", "臍帶周圍紅腫、有膿，當天看醫生。"),
    ("head_injury", "Move furniture away from windows."),
    ("formula_preparation", "配方奶用70℃以上的开水冲调，先加水后加粉。"),
    ("pregnancy_food_safety", "Choose fish that are low in mercury, and leave out swordfish."),
    ("allergy", "Introduce allergens one at a time."),
    ("drowning", "Children should never be left alone in the bathtub."),
    ("choking", "Keep cords short: a child can be strangled by one. Bags suffocate."),
    ("urgent_help", "Get emergency help if your child is hard to wake."),
]


@pytest.mark.parametrize(("topic", "text"), IN_CONTEXT)
def test_phrase_in_context_raises_the_stakes(topic: str, text: str) -> None:
    assert topic in topics_of(text, POLICY)
