"""Tones and the house prompt: what ships is complete, and every mistake is named."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

import pytest

from tones.load import (
    HERE,
    TEMPLATE_VARIABLES,
    Example,
    Tone,
    ToneError,
    list_files,
    list_versions,
    load_house,
    load_tones,
    parse_tone,
    phrases_for,
    pick,
)

SHIPPED = load_tones()
EXAMPLES = [
    pytest.param(tone, key, example, id=f"{tone.id}-{key}-{place}")
    for tone in SHIPPED.values()
    for key in ("en", "zh")
    for place, example in enumerate(tone.good[key])
]
EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\u2b00-\u2bff]")
MEDICAL = re.compile(
    r"[0-9]|\b(?:doctor|dose|mg|°C|normal|safe|harmless|healthy|cures?|prevents?)\b|正常|安全的|放心|没事|沒事",
    re.IGNORECASE,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped tones that a test may break."""
    for name in ("expert.md", "mom.md", "engagement.md", "house.md", "README.md"):
        shutil.copy(HERE / name, tmp_path / name)
    (tmp_path / "earlier").mkdir()
    return tmp_path


def edit(path: Path, old: str, new: str) -> int:
    """Replaces the first `old` and returns its line."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def problem(folder: Path) -> str:
    with pytest.raises(ToneError) as caught:
        load_tones(folder)
    return str(caught.value)


def house_problem(folder: Path) -> str:
    with pytest.raises(ToneError) as caught:
        load_house(folder)
    return str(caught.value)


def length(text: str, key: str) -> int:
    return len(re.findall(r"[\u4e00-\u9fff]", text)) if key == "zh" else len(text.split())


def test_three_tones_ship() -> None:
    assert sorted(SHIPPED) == ["engagement", "expert", "mom"]


def test_the_hash_is_that_of_the_file() -> None:
    expected = {id: hashlib.sha256((HERE / f"{id}.md").read_bytes()).hexdigest() for id in SHIPPED}
    assert {id: tone.hash for id, tone in SHIPPED.items()} == expected


def test_every_tone_has_three_good_and_two_bad_examples_in_both_languages() -> None:
    counts = {
        (len(tone.good[key]), len(tone.bad[key]))
        for tone in SHIPPED.values()
        for key in ("en", "zh")
    }
    assert counts == {(3, 2)}


@pytest.mark.parametrize(("tone", "key", "example"), EXAMPLES)
def test_good_example_keeps_the_rules_of_its_tone(tone: Tone, key: str, example: Example) -> None:
    draft = example.draft
    least, most = tone.length(key)
    assert least <= length(draft, key) <= most
    assert len(EMOJI.findall(draft)) <= tone.emoji_max
    assert [p for p in tone.banned_phrases[key] if p.casefold() in draft.casefold()] == []
    assert [p for p in tone.required_phrases[key] if p.casefold() not in draft.casefold()] == []
    assert draft.endswith(tone.disclaimer[key])


@pytest.mark.parametrize(("tone", "key", "example"), EXAMPLES)
def test_good_example_keeps_every_number_and_adds_none(
    tone: Tone, key: str, example: Example
) -> None:
    numbers = re.compile(r"[0-9]+(?:\.[0-9]+)?")
    assert set(numbers.findall(example.draft)) == set(numbers.findall(example.source))


@pytest.mark.parametrize("tone", SHIPPED.values(), ids=SHIPPED)
@pytest.mark.parametrize("key", ["en", "zh"])
def test_longest_card_fits_with_hook_closer_and_disclaimer(tone: Tone, key: str) -> None:
    frame = [tone.disclaimer[key]] + [
        max((p for phrases in by.values() for p in phrases), key=len, default="")
        for by in (tone.hooks[key], tone.closers[key])
    ]
    longest_card = 192 if key == "zh" else 120
    assert sum(length(p, key) for p in frame) + longest_card <= tone.length(key)[1]


@pytest.mark.parametrize("tone", SHIPPED.values(), ids=SHIPPED)
@pytest.mark.parametrize("key", ["en", "zh", "zh-Hant"])
def test_hooks_and_closers_say_nothing_medical(tone: Tone, key: str) -> None:
    lines = [p for by in (tone.hooks, tone.closers) for ps in by[key].values() for p in ps]
    assert [line for line in lines if MEDICAL.search(line)] == []
    banned = pick(tone.banned_phrases, key)
    assert [line for line in lines for p in banned if p.casefold() in line.casefold()] == []


def test_pick_takes_traditional_characters_where_there_are_some() -> None:
    both, one = {"en": "e", "zh": "s", "zh-Hant": "t"}, {"en": "e", "zh": "s"}
    tags = ("en-GB", "zh", "zh-Hans", "zh-CN", "zh-Hant", "zh-TW", "zh-hk", "zh_TW")
    assert [pick(both, tag) for tag in tags] == ["e", "s", "s", "s", "t", "t", "t", "t"]
    assert [pick(one, tag) for tag in tags] == ["e", "s", "s", "s", "s", "s", "s", "s"]


def test_traditional_lines_hold_no_simplified_character() -> None:
    simplified = set("们么会学说读给这个还没话谁请让对与后时样为专业问医师诊断体议护宝妈里两么难")
    lines = "".join(
        tone.disclaimer["zh-Hant"] + "".join(p for ps in by["zh-Hant"].values() for p in ps)
        for tone in SHIPPED.values()
        for by in (tone.hooks, tone.closers)
    )
    assert sorted(simplified & set(lines)) == []


def test_phrases_for_takes_the_graver_topic_whatever_the_order() -> None:
    by_topic = {"any": ("a",), "choking": ("grave",), "play": ("light",)}
    answers = [
        phrases_for(by_topic, topics) for topics in (["play", "choking"], ["play"], ["x"], [])
    ]
    assert answers == [("grave",), ("light",), ("a",), ("a",)]


def test_phrases_for_an_empty_list_of_its_own_stays_empty() -> None:
    assert phrases_for({"any": ("a",), "choking": ()}, ["choking"]) == ()


# --- mistakes ------------------------------------------------------------------------------


def test_unknown_key_names_file_and_line(folder: Path) -> None:
    line = edit(folder / "mom.md", "emoji_max: 3", "emojis_max: 3")
    keys = (
        "id, version, title, lengths, reading_grade_max, emoji_max, required_phrases, "
        "banned_phrases, disclaimer, hooks, closers"
    )
    assert problem(folder) == (
        f"{folder / 'mom.md'}:{line}: emojis_max: unknown key (did you mean `emoji_max`?); "
        f"expected one of: {keys}"
    )


def test_missing_language_is_named(folder: Path) -> None:
    line = edit(folder / "mom.md", 'title: {en: "Mom", zh: "妈妈"}', 'title: {en: "Mom"}')
    assert problem(folder) == (
        f"{folder / 'mom.md'}:{line}: title: key `zh` is missing; required are: en, zh"
    )


def test_unquoted_version_is_named(folder: Path) -> None:
    line = edit(folder / "mom.md", 'version: "1.0"', "version: 1.0")
    assert problem(folder) == (
        f"{folder / 'mom.md'}:{line}: version: found a number (1.0); expected text in quotes"
    )


def test_impossible_length_is_named(folder: Path) -> None:
    line = edit(folder / "mom.md", "words: {min: 25, max: 200}", "words: {min: 250, max: 200}")
    assert problem(folder) == (
        f"{folder / 'mom.md'}:{line}: lengths.words.max: 200 is below min 250; "
        "expected at least 250"
    )


def test_topic_with_two_lines_of_hooks_is_named(folder: Path) -> None:
    line = edit(folder / "mom.md", '    "safe_sleep":', '    "fever":')
    assert problem(folder) == (
        f"{folder / 'mom.md'}:{line}: hooks.en.fever: topic `fever` is already used at "
        f"line {line - 3}; expected another one"
    )


def test_tone_id_must_be_the_file_name(folder: Path) -> None:
    line = edit(folder / "mom.md", "id: mom", "id: mum")
    assert problem(folder) == (
        f"{folder / 'mom.md'}:{line}: id: `mum` in a file called mom.md; expected `mom`"
    )


def test_missing_front_matter_is_named(folder: Path) -> None:
    (folder / "mum.md").write_text("# English\n", encoding="utf-8")
    assert problem(folder) == (
        f"{folder / 'mum.md'}:1: no front matter; expected the first line to be `---`"
    )


def test_open_front_matter_is_named(folder: Path) -> None:
    (folder / "mum.md").write_text("---\nid: mum\n", encoding="utf-8")
    assert problem(folder) == (
        f"{folder / 'mum.md'}:1: the front matter does not end; expected a second `---` line"
    )


def test_unknown_section_is_named(folder: Path) -> None:
    line = edit(folder / "mom.md", "## We are not", "## Who we are not")
    assert problem(folder) == (
        f"{folder / 'mom.md'}:{line}: Who we are not: unknown section; "
        "expected: We are, We are not, Good examples, Bad examples"
    )


def test_missing_language_part_is_named(folder: Path) -> None:
    path = folder / "mom.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("# 中文")], encoding="utf-8")
    line = text.splitlines().index("---", 1) + 1
    assert problem(folder) == f"{path}:{line}: section `中文` is missing; expected: English, 中文"


def test_too_few_examples_are_named(folder: Path) -> None:
    path = folder / "mom.md"
    text = path.read_text(encoding="utf-8")
    cut_from = text.index("### A heavy subject")
    path.write_text(text[:cut_from] + text[text.index("## Bad examples") :], encoding="utf-8")
    line = text[: text.index("## Good examples")].count("\n") + 1
    assert problem(folder) == f"{path}:{line}: Good examples: 2 examples; expected at least 3"


def test_example_without_source_is_named(folder: Path) -> None:
    path = folder / "expert.md"
    text = path.read_text(encoding="utf-8")
    start = text.index("> Breast milk")
    path.write_text(text[:start] + text[text.index("Milk that has") :], encoding="utf-8")
    heading = "Times and conditions stay together, and nothing is added"
    line = text[: text.index(heading)].count("\n") + 1
    assert problem(folder) == (
        f"{path}:{line}: {heading}: expected the source as `> ` lines first, then the draft"
    )


def test_variable_in_a_tone_is_named(folder: Path) -> None:
    line = edit(folder / "mom.md", "The one friend who", "The {{one}} friend who")
    assert problem(folder) == (
        f"{folder / 'mom.md'}:{line}: a template variable; "
        "expected plain text, variables belong in house.md"
    )


def test_folder_without_tones_is_named(tmp_path: Path) -> None:
    assert problem(tmp_path) == f"{tmp_path}:1: holds no tone; expected files like expert.md"


# --- versions ------------------------------------------------------------------------------


def keep(folder: Path, version: str, place: str = "earlier") -> Path:
    path = folder / place / f"mom-{version}.md"
    path.parent.mkdir(exist_ok=True)
    shutil.copy(folder / "mom.md", path)
    edit(path, 'version: "1.0"', f'version: "{version}"')
    return path


def test_versions_come_active_first_then_newest(folder: Path) -> None:
    for version in ("0.9", "0.10", "0.2"):
        keep(folder, version)
    versions = {id: [t.version for t in tones] for id, tones in list_versions(folder).items()}
    assert versions == {
        "engagement": ["1.0"],
        "expert": ["1.0"],
        "mom": ["1.0", "0.10", "0.9", "0.2"],
    }


def test_load_tones_takes_the_active_version(folder: Path) -> None:
    keep(folder, "0.9")
    assert load_tones(folder)["mom"] == SHIPPED["mom"]


def test_duplicate_version_names_both_files(folder: Path) -> None:
    path = folder / "earlier" / "mom-1.0.md"
    shutil.copy(folder / "mom.md", path)
    assert problem(folder) == (
        f"{path}:3: version: version `1.0` is already used at {folder / 'mom.md'}:3; "
        "expected another one"
    )


def test_earlier_version_in_a_wrong_file_is_named(folder: Path) -> None:
    path = keep(folder, "0.9").rename(folder / "earlier" / "mom-old.md")
    assert problem(folder) == (
        f"{path}:3: version: `0.9` in mom-old.md; expected the file to be called mom-0.9.md"
    )


def test_version_without_one_on_top_is_named(folder: Path) -> None:
    path = keep(folder, "0.9")
    (folder / "mom.md").unlink()
    assert problem(folder) == (f"{path}:2: id: no version of `mom` on top; expected one in mom.md")


def test_versions_to_be_tried_stand_in_a_folder_of_their_own(folder: Path) -> None:
    keep(folder, "0.9")
    newer = keep(folder, "1.1", "next")
    files = list_files(folder)["mom"]
    assert [(file.tone.version, file.place) for file in files] == [
        ("1.0", "top"), ("1.1", "next"), ("0.9", "earlier"),
    ]  # fmt: skip
    assert files[1].text == newer.read_text(encoding="utf-8")
    assert [file.tone for file in files] == list(list_versions(folder)["mom"])


def test_one_version_in_two_folders_names_both_files(folder: Path) -> None:
    first, second = keep(folder, "1.1", "next"), keep(folder, "1.1")
    assert problem(folder) == (
        f"{second}:3: version: version `1.1` is already used at {first}:3; expected another one"
    )


@pytest.mark.parametrize("name", SHIPPED)
def test_parsing_the_text_of_a_file_gives_the_tone_of_the_file(name: str) -> None:
    text = (HERE / f"{name}.md").read_text(encoding="utf-8")
    assert parse_tone(text, "kept") == SHIPPED[name]


def test_parsing_a_wrong_text_names_what_it_was_called() -> None:
    text = (HERE / "mom.md").read_text(encoding="utf-8").replace('"1.0"', "1.0", 1)
    with pytest.raises(ToneError) as caught:
        parse_tone(text, "mom 1.0 (kept)")
    assert str(caught.value) == (
        "mom 1.0 (kept):3: version: found a number (1.0); expected text in quotes"
    )


# --- house ---------------------------------------------------------------------------------


def test_house_ships_with_every_variable() -> None:
    house = load_house()
    used = {
        title: set(re.findall(r"\{\{(\w+)\}\}", template))
        for title, template in zip(
            TEMPLATE_VARIABLES,
            (
                house.system,
                house.tone_guide,
                house.example,
                house.card,
                house.judge,
                house.judged,
            ),
            strict=True,
        )
    }
    assert used == {title: set(names) for title, names in TEMPLATE_VARIABLES.items()}


def test_unknown_house_variable_names_its_line(folder: Path) -> None:
    line = edit(folder / "house.md", "Title: {{title}}", "Title: {{titel}}")
    assert house_problem(folder) == (
        f"{folder / 'house.md'}:{line}: Card: unknown variable {{{{titel}}}}; expected: "
        "fence, language, tones, breadcrumbs, title, sentences, facts"
    )


def test_missing_house_variable_names_its_section(folder: Path) -> None:
    edit(folder / "house.md", "Title: {{title}}\n", "")
    text = (folder / "house.md").read_text(encoding="utf-8")
    line = text.splitlines().index("# Card") + 1
    assert house_problem(folder) == (
        f"{folder / 'house.md'}:{line}: Card: variable {{{{title}}}} is missing; expected all of: "
        "fence, language, tones, breadcrumbs, title, sentences, facts"
    )


def test_unfinished_house_variable_names_its_line(folder: Path) -> None:
    line = edit(folder / "house.md", "Title: {{title}}", "Title: {{title}")
    assert house_problem(folder) == (
        f"{folder / 'house.md'}:{line}: Card: a variable that does not end or begin; "
        "expected {{name}}"
    )


def test_every_tone_field_is_documented() -> None:
    from tones.load import HOUSE_KEYS, TONE_KEYS

    readme = (HERE / "README.md").read_text(encoding="utf-8")
    assert [
        key
        for key in (*TONE_KEYS, *HOUSE_KEYS)
        if f"`{key}`" not in readme and f"`{key}: " not in readme
    ] == []
