"""The embedded model on judged placements: floors that fall only on purpose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flows.evals.cards import read_cards
from flows.evals.placement import figures
from flows.evals.placement_data import judge, read_groups
from stages.errors import ConfigError
from stages.plate.embed import open_embedder
from stages.plate.match import place_cards
from stages.policy import Policy
from stages.seeds import load_groups, load_policy

GOLD = Path(__file__).parents[1] / "cases" / "gold"
SEEDS = Path(__file__).parents[2] / "seeds"

# About other things altogether, in the words of health and household pages.
OFF_TOPIC = [
    ("en", "Women's health: Menopause", "Hot flushes", "Sudden feelings of heat in the face."),
    ("en", "Men's health: Prostate", "Enlarged prostate symptoms", "Hard to start passing urine."),
    ("en", "Arthritis: Knees", "Exercises for painful knees", "Strengthen the thigh muscles."),
    ("en", "Pets: Dogs", "Vaccinating your dog", "Dogs need a booster every year."),
    ("en", "Recipes: Dinner", "Chilli con carne", "Brown the mince, add onions and beans."),
    ("en", "Eyes: Cataracts", "Cataract surgery", "The cloudy lens is replaced."),
    ("zh", "老年健康:慢性病", "高血压患者的日常管理", "每天早晚测血压并记录,按时服药。"),
    ("zh", "骨科", "膝关节炎的锻炼", "加强大腿肌肉力量可以减轻膝盖负担。"),
    ("zh", "烹饪", "红烧肉的做法", "五花肉切块焯水,炒糖色后加酱油和热水。"),
    ("zh", "理财", "如何申请个人所得税退税", "打开手机应用,核对收入后提交。"),
]


@pytest.fixture(scope="module", autouse=True)
def _needs_the_embedded_model() -> None:
    try:
        open_embedder()
    except ConfigError as error:
        pytest.skip(str(error))


def test_gold_cards_find_their_groups() -> None:
    policy, house = load_policy(SEEDS / "policy.yaml"), load_groups(SEEDS / "groups.yaml")
    judged, _ = judge(GOLD, open_embedder().embed, policy, house)
    measured = figures(judged)
    assert measured["hit1"] >= 0.95
    assert measured["hit3"] >= 0.99
    assert measured["ndcg3"] >= 0.91
    assert measured["false_none"] <= 0.05
    assert measured["none_found"] == [4, 4]


def test_cards_about_other_things_find_no_group() -> None:
    groups = read_groups(GOLD / "groups.yaml")
    pattern = next(iter(read_cards(GOLD, Policy(())).values()))
    cards = [
        replace(pattern, id=title, lang=lang, breadcrumbs=(trail,), title=title, text=text)
        for lang, trail, title, text in OFF_TOPIC
    ]
    placed = place_cards(cards, groups, open_embedder().embed)
    assert placed == {card.id: () for card in cards}
