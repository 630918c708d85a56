"""The matcher of the thesaurus: names, inflections, offsets, relations."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.cook.concept_files import read_lexicon
from stages.cook.concepts import (
    Mention,
    are_opposites,
    are_rivals,
    concept,
    find_concepts,
    lexicon,
    same_family,
)
from stages.cook.word_forms import plurals, verb_forms
from stages.errors import ConfigError

KINDS = """\
drink: {means: something drunk, exclusive: true, plural: true}
action: {means: what somebody does, exclusive: false, plural: true}
"""
CONCEPTS = """\
drink:
  milk:
    en: milk
    zh: 奶
  cows_milk:
    en: cow's milk
    zh: 牛奶
    broader: milk
action:
  feed:
    verbs: feed
    zh: 喂
"""


def found(text: str, language: str = "en") -> list[tuple[str, str]]:
    """Each concept with the words of the text that name it."""
    return [(m.concept, text[m.start : m.end]) for m in find_concepts(text, language)]


def ids(text: str, language: str = "en") -> list[str]:
    return [mention.concept for mention in find_concepts(text, language)]


# --- finding --------------------------------------------------------------------------------------


def test_find_concepts_says_what_and_where() -> None:
    assert find_concepts("Never give aspirin.", "en") == (
        Mention("never", "time", 0, 5),
        Mention("aspirin", "medicine", 11, 18),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Acetaminophen and Advil", ["paracetamol", "ibuprofen"]),
        ("diapers, nappies", ["nappy", "nappy"]),
        ("the fridge or refrigerator", ["fridge", "fridge"]),
        ("a pacifier, a dummy", ["dummy", "dummy"]),
        ("breastfed, breast-feeding, breast feeds", ["breastfed_baby", "breastfeed", "breastfeed"]),
        ("she bottle-fed him", ["bottle_feed"]),
        ("swaddled, burping, thawing", ["swaddle", "burp", "thaw"]),
        ("chopping cherries", ["chop", "cherry"]),
        ("babies' teeth", ["baby", "tooth"]),
        ("BABIES", ["baby"]),
    ],
)
def test_find_concepts_knows_other_names_and_forms(text: str, expected: list[str]) -> None:
    assert ids(text) == expected


@pytest.mark.parametrize(
    "text", ["cow's milk", "cow’s milk", "Cows' milk", "cow-milk", "cow\nmilk"]
)
def test_find_concepts_reads_apostrophes_hyphens_and_spaces_alike(text: str) -> None:
    assert found(text) == [("cows_milk", text)]


def test_find_concepts_matches_whole_words_only() -> None:
    assert found("steak sauce: eggplant, pearl, heartache, unwashed") == [("beef", "steak")]


def test_find_concepts_takes_the_longest_of_overlapping_names() -> None:
    assert found("A sugar-free tea, whole milk and an ear thermometer") == [
        ("unsweetened", "sugar-free"),
        ("tea", "tea"),
        ("whole_milk", "whole milk"),
        ("ear_thermometer", "ear thermometer"),
    ]


def test_find_concepts_ignores_a_name_inside_a_hidden_phrase() -> None:
    assert ids("more than ever") == []
    assert ids("ever more") == ["more"]
    assert ids("控制水温", "zh") == ["limit"]


def test_find_concepts_spans_several_spaces_with_right_offsets() -> None:
    text = "Use   breast \n milk  at  once."
    assert found(text) == [("breast_milk", "breast \n milk"), ("at_once", "at  once")]


def test_find_concepts_reads_both_chinese_scripts() -> None:
    simplified = found("发烧时不要吃阿司匹林，让宝宝仰睡。", "zh")
    traditional = found("發燒時不要吃阿司匹林，讓寶寶仰睡。", "zh")

    assert [id for id, _ in simplified] == ["fever", "forbidden", "aspirin", "baby", "on_back"]
    assert [id for id, _ in traditional] == [id for id, _ in simplified]
    assert [words for _, words in traditional] == ["發燒", "不要吃", "阿司匹林", "寶寶", "仰睡"]


def test_find_concepts_reads_regional_words_and_latin_inside_chinese() -> None:
    assert ids("優酪乳", "zh") == ["yogurt"]
    assert found("补充维生素 D3，接种ＨＰＶ疫苗和DHA。", "zh") == [
        ("vitamin_d", "维生素 D3"),
        ("vaccine", "接种"),
        ("hpv_vaccine", "ＨＰＶ疫苗"),
        ("omega_3", "DHA"),
    ]


def test_find_concepts_tells_vitamin_b_from_b12() -> None:
    assert ids("vitamin B12, vitamin B1") == ["vitamin_b12", "vitamin_b"]
    assert ids("维生素B12和维生素B1", "zh") == ["vitamin_b12", "vitamin_b"]


@given(
    st.text(max_size=80)
    | st.lists(st.sampled_from(["İ", "cow's", "milk", "  ", "ẞ", "奶粉", "-"])),
    st.sampled_from(["en", "zh"]),
)
def test_find_concepts_mentions_lie_in_order_inside_any_text(
    text: str | list[str], language: str
) -> None:
    text = "".join(text)
    mentions = find_concepts(text, language)

    ends = [0, *(mention.end for mention in mentions)]
    assert all(
        before <= m.start < m.end <= len(text) for before, m in zip(ends, mentions, strict=False)
    )


@given(st.sampled_from(sorted(lexicon().concepts)))
def test_find_concepts_finds_every_concept_by_each_of_its_names(id: str) -> None:
    one = concept(id)
    for name in one.en + one.verbs:
        assert ids(f"({name})") == [id]
    for name in one.zh:
        assert ids(f"（{name}）", "zh") == [id]


def test_find_concepts_is_fast() -> None:
    text = "If your baby has a fever of 38 °C, call the doctor and give breast milk often. " * 8
    find_concepts(text, "en")
    started = time.process_time()
    for _ in range(50):
        find_concepts(text, "en")
    assert (time.process_time() - started) / 50 < 0.002  # measured: 0.1 ms for 120 words


# --- relations ------------------------------------------------------------------------------------


def test_same_family_goes_up_and_down_but_not_across() -> None:
    assert same_family("salmon", "fish")
    assert same_family("food", "salmon")
    assert same_family("ibuprofen", "painkiller")
    assert same_family("salmon", "salmon")
    assert not same_family("salmon", "tuna")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("paracetamol", "ibuprofen"),
        ("aspirin", "ibuprofen"),
        ("breast_milk", "formula"),
        ("breast_milk", "cows_milk"),
        ("formula", "water"),
        ("vitamin_d", "vitamin_k"),
        ("on_back", "on_side"),
        ("fridge", "freezer"),
        ("microwave", "stove"),
        ("rear_facing", "forward_facing"),
        ("mmr", "chickenpox_vaccine"),
        ("salmon", "tuna"),
    ],
)
def test_are_rivals_of_things_that_must_not_be_swapped(a: str, b: str) -> None:
    assert are_rivals(a, b)
    assert are_rivals(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("doctor", "midwife"),
        ("ibuprofen", "painkiller"),
        ("ibuprofen", "medicine"),
        ("mmr", "vaccine"),
        ("salmon", "fish"),
        ("cot", "moses_basket"),
        ("fever", "rash"),
        ("paracetamol", "paracetamol"),
        ("paracetamol", "salmon"),
    ],
)
def test_are_rivals_spares_family_and_loose_kinds(a: str, b: str) -> None:
    assert not are_rivals(a, b)
    assert not are_rivals(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("awake", "sleep"),
        ("before", "after"),
        ("raw", "cooked"),
        ("more", "less"),
        ("increase", "reduce"),
        ("start", "stop"),
        ("safe", "dangerous"),
        ("common", "rare"),
        ("normal", "abnormal"),
        ("at_once", "wait"),
        ("on_back", "on_front"),
        ("sterile", "unsterile"),
        ("always", "never"),
        ("always", "sometimes"),
        ("early", "late"),
        ("loosen", "tighten"),
        ("wet", "dry"),
        ("covered", "bare"),
        ("with_food", "empty_stomach"),
        ("harmless", "harmful"),
        ("enough", "not_enough"),
        ("wake_baby", "let_sleep"),
        ("allowed", "forbidden"),
    ],
)
def test_are_opposites_both_ways_round(a: str, b: str) -> None:
    assert are_opposites(a, b)
    assert are_opposites(b, a)
    assert not are_opposites(a, a)


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("It is safe.", "It is not safe.", "en"),
        ("Babies sleep on their backs.", "Babies sleep on their tummy.", "en"),
        ("Take it with food.", "Take it on an empty stomach.", "en"),
        ("Let them sleep.", "Wake them up.", "en"),
        ("必须煮熟", "可以生吃", "zh"),
        ("宝宝要仰卧", "宝宝要俯卧", "zh"),
        ("这很正常", "這不正常", "zh"),
        ("立即就医", "等一等再就医", "zh"),
    ],
)
def test_opposites_are_found_in_text(one: str, other: str, language: str) -> None:
    pairs = [(a, b) for a in ids(one, language) for b in ids(other, language)]
    assert any(are_opposites(a, b) for a, b in pairs)


def test_concept_raises_for_an_unknown_id() -> None:
    with pytest.raises(KeyError):
        concept("no_such_thing")


# --- word forms -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("breast pad", ("breast pads",)),
        ("baby", ("babies",)),
        ("virus", ("viruses",)),
        ("diagnosis", ("diagnoses",)),
        ("measles", ()),
        ("mango", ("mangos", "mangoes")),
        ("small child", ("small children",)),
    ],
)
def test_plurals_follow_the_rules(name: str, expected: tuple[str, ...]) -> None:
    assert plurals(name, {"child": ("children",)}) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("burp", ("burps", "burped", "burping")),
        ("rub in", ("rubs in", "rubbed in", "rubbing in")),
        ("squeeze", ("squeezes", "squeezed", "squeezing")),
        ("dry", ("dries", "dried", "drying")),
        ("mix", ("mixes", "mixed", "mixing")),
        ("soak", ("soaks", "soaked", "soaking")),
        ("squat", ("squats", "squatted", "squatting")),
        ("bottle-feed", ("bottle-fed",)),
        ("breastfeed", ("breastfed",)),
        ("succeed", ("succeeds", "succeeded", "succeeding")),
    ],
)
def test_verb_forms_follow_the_rules(name: str, expected: tuple[str, ...]) -> None:
    assert verb_forms(name, {"feed": ("fed",)}) == expected


# --- the reader -----------------------------------------------------------------------------------


def write_lexicon(folder: Path, **changed: str) -> Path:
    files = {
        "kinds": KINDS,
        "characters": "pairs: 餵喂\n",
        "irregular": "nouns: {}\nverbs:\n  feed: feeds, fed, feeding\n",
        "hidden": "en: []\nzh:\n  - 奶奶\n",
        "rivals": "group: milk, feed\n",
        "opposites": "pairs:\n  - milk / feed\n",
        **changed,
    }
    (folder / "concepts").mkdir()
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    path = folder / "concepts" / "all.yaml"
    path.write_text(changed.get("concepts", CONCEPTS), encoding="utf-8")
    return path


def test_read_lexicon_reads_a_folder(tmp_path: Path) -> None:
    write_lexicon(tmp_path)

    read = read_lexicon(tmp_path)

    milk = dict.fromkeys(("cow's milk", "cows milk", "cows' milk", "cow milk"), "cows_milk")
    feed = dict.fromkeys(("feed", "feeds", "fed", "feeding"), "feed")
    assert {name: id for name, id in read.names["en"].items() if "milks" not in name} == {
        "milk": "milk", **milk, **feed,
    }  # fmt: skip
    assert read.names["zh"] == {"奶": "milk", "牛奶": "cows_milk", "喂": "feed", "奶奶": ""}
    assert read.families["cows_milk"] == {"cows_milk", "milk"}
    assert read.opposites == {("milk", "feed"), ("feed", "milk")}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("en: milk", "name: milk", "name: unknown key; expected one of: en, verbs, zh, broader"),
        ("    zh: 奶\n", "", "a concept needs names in both languages"),
        ("zh: 牛奶", "zh: 奶", "`奶` is already a name of `milk`"),
        ("broader: milk", "broader: mlk", "`mlk` is no other concept; expected its id"),
        (
            "zh: 奶\n",
            "zh: 奶\n    broader: cows_milk\n",
            "is broader than itself; expected no circle",
        ),
        ("en: milk", "en: milk,, water", "``; expected names with a comma between, each once"),
        ("cows_milk:", "CowsMilk:", "`CowsMilk`; expected small letters, digits and _"),
        ("drink:", "drnk:", "unknown key (did you mean `drink`?)"),
    ],
)
def test_read_lexicon_refuses_with_file_line_and_key(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    path = write_lexicon(tmp_path, concepts=CONCEPTS.replace(old, new, 1))

    with pytest.raises(ConfigError) as caught:
        read_lexicon(tmp_path)
    assert str(caught.value).startswith(f"{path}:")
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("rivals", "group: milk, tea\n", "rivals.yaml:1: group: `tea` is no concept"),
        ("rivals", "group: milk\n", "rivals.yaml:1: group: one member"),
        ("opposites", "pairs:\n  - milk\n", "opposites.yaml:2: pairs[0]: `milk`; expected sides"),
        ("opposites", "pairs:\n  - milk / tea\n", "`tea` is no concept; expected ids of concepts"),
        ("opposites", "pairs:\n  - milk / milk\n", "`milk` stands on both sides"),
        ("hidden", "en:\n  - milk\nzh: []\n", "`milk` is a name of `milk`; expected no name"),
        ("characters", "pairs: 餵\n", "`餵`; expected a traditional character"),
    ],
)
def test_read_lexicon_refuses_mistakes_in_the_small_files(
    tmp_path: Path, file: str, text: str, problem: str
) -> None:
    write_lexicon(tmp_path, **{file: text})

    with pytest.raises(ConfigError) as caught:
        read_lexicon(tmp_path)
    assert problem in str(caught.value)
