"""Labels, marks and plain words: complete, and right wherever the words stand."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from stages.cook.lexicon import EMOJI
from tones.load import HERE, ToneError
from tones.plain import load_wording, use_plain_words

WORDING = load_wording()


@pytest.mark.parametrize(
    ("formal", "plain"),
    [
        ("An infant cries to be held.", "A baby cries to be held."),
        ("Infants' skin is thin.", "Babies' skin is thin."),
        ("Wait an additional day.", "Wait an extra day."),
        ("A physician looks at it.", "A doctor looks at it."),
        ("Use a number of small toys.", "Use several small toys."),
        ("Wash your hands prior to cooking.", "Wash your hands before cooking."),
        ("Furthermore, babies like faces.", "Also, babies like faces."),
        ("Consequently, naps get shorter.", "So naps get shorter."),
        ("Parents commence with a song.", "Parents start with a song."),
        ("They have numerous toys.", "They have many toys."),
        ("Read in order to calm your child.", "Read to calm your child."),
        ("A sufficient amount of sleep helps.", "A sufficient amount of sleep helps."),
        ("Ask for Women, Infants and Us.", "Ask for Women, Infants and Us."),
        ("Use an infant car seat.", "Use an infant car seat."),
        ("The infantile stage passes.", "The infantile stage passes."),
        ("Infant-led play is fun.", "Infant-led play is fun."),
    ],
)  # fmt: skip
def test_use_plain_words_keeps_english_grammar(formal: str, plain: str) -> None:
    assert use_plain_words(formal, "en", WORDING) == plain


@pytest.mark.parametrize(
    ("formal", "plain"),
    [
        ("红薯和山药亦可。", "红薯和山药也可。"),
        ("蒸或煮均可。", "蒸或煮都可。"),
        ("蒸或煮均可以。", "蒸或煮均可以。"),
        ("这个办法较为简单。", "这个办法比较简单。"),
        ("此外，宝宝喜欢人脸。", "另外，宝宝喜欢人脸。"),
        ("冷热不均会议论。", "冷热不均会议论。"),
        ("這個辦法較為簡單。", "這個辦法比較簡單。"),
    ],
)
def test_use_plain_words_keeps_chinese_grammar(formal: str, plain: str) -> None:
    assert use_plain_words(formal, "zh-Hans", WORDING) == plain


@pytest.mark.parametrize("key", ["en", "zh"])
def test_plain_words_stay_when_said_again(key: str) -> None:
    plain = WORDING.plain[key]
    again = {word: use_plain_words(word, key, WORDING) for word in plain.words.values()}
    assert {word: said for word, said in again.items() if word != said} == {}


def test_marks_are_one_emoji_each() -> None:
    assert [m for m in WORDING.marks.values() if not EMOJI.fullmatch(m)] == []


def edited(folder: Path, name: str, old: str, new: str) -> Path:
    for file in ("labels.yaml", "plain_words.yaml"):
        shutil.copy(HERE / file, folder / file)
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("labels.yaml", "    dont:", "    do_not:", "unknown key"),
        ("labels.yaml", "  crying:", '  "growth, crying":', "topic `growth` is already used"),
        ("plain_words.yaml", '"commence":', '"Commence":', "expected the words in lower case"),
        ("plain_words.yaml", "tones:", "voices:", "unknown key"),
    ],
)
def test_load_wording_names_a_mistake(
    tmp_path: Path, name: str, old: str, new: str, said: str
) -> None:
    with pytest.raises(ToneError, match=said) as caught:
        load_wording(edited(tmp_path, name, old, new))
    assert name in str(caught.value)
