"""The quantity grammar, English and Chinese."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.cook.numerals import parse_number
from stages.cook.quantity import find_quantities


def values(text: str, chinese: bool = False) -> list[str]:
    return [quantity.value for quantity in find_quantities(text, chinese)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no more than 200 mg a day", ["<=200 mg/day"]),
        ("400 micrograms of folic acid every day", ["0.4 mg/day"]),
        ("0.4 mg daily", ["0.4 mg/day"]),
        ("at least two hours", [">=2 h"]),
        ("120 minutes", ["2 h"]),
        ("within 2 hours", ["<=2 h"]),
        ("half an hour", ["0.5 h"]),
        ("one and a half hours", ["1.5 h"]),
        ("a year and a half", ["13149 h"]),
        ("18 months", ["13149 h"]),
        ("3 to 4 months", ["2191.5-2922 h"]),
        ("3–4 months", ["2191.5-2922 h"]),
        ("between 16 and 24 weeks", ["2688-4032 h"]),
        ("between 18 months and three years", ["13149-26298 h"]),
        ("18 months and three years", ["13149 h", "26298 h"]),
        ("under 16", ["<140256 h"]),
        ("the first birthday", ["8766 h"]),
        ("the end of week 12", ["2016 h"]),
        ("the 12th week of pregnancy", ["2016 h"]),
        ("38 °C (100.4 °F) or higher", [">=38 C", ">=38 C"]),
        ("38°C or more", [">=38 C"]),
        ("below 36°C", ["<36 C"]),
        ("more than 5 kg", [">5000000 mg"]),
        ("two teaspoons (10 ml)", ["10 ml", "10 ml"]),
        ("1/2 teaspoon", ["2.5 ml"]),
        ("1 inch (2.5 cm)", ["2.54 cm", "2.5 cm"]),
        ("one in eight", ["12.5 %"]),
        ("6 in 10", ["60 %"]),
        ("10-12%", ["10-12 %"]),
        ("8 to 12 times in 24 hours", ["8-12 count time/day", "24 h"]),
        ("three times a week", ["3 count time/week"]),
        ("no more than four doses", ["<=4 count dose"]),
        ("1,500 ml", ["1500 ml"]),
        ("400 IU", ["400 IU"]),
        ("half of the babies", ["50 %"]),
        ("cut by a third.", ["33.3333 %"]),
        ("a quarter of an hour to 20 minutes", ["0.25-0.3333 h"]),
        ("15 to 25 of every 100 pregnancies", ["15-25 %"]),
        ("one-in-five toddlers", ["20 %"]),
        ("at 9, 18 and 30 months", ["6574.5 h", "13149 h", "21915 h"]),
        ("between days 3 and 5", ["72-120 h"]),
        ("150+ minutes a week", [">=2.5 h/week"]),
        ("140/90 mmHg or higher", [">=140 mmHg", ">=90 mmHg"]),
        ("no more than 2 inches (5 cm)", ["<=5.08 cm", "<=5 cm"]),
        ("a day or two", ["24-48 h"]),
        ("under-fives and the over 2s", ["<43830 h", ">17532 h"]),
        ("36+6 weeks", ["6192 h"]),
        ("minus 18 °C", ["-18 C"]),
        ("no higher than 120 °F", ["<=48.8889 C"]),
        ("6 to 4 months", ["4383-2922 h"]),
        ("in 2024 on June 3rd at 5:30 pm", []),
        ("call 0300 123 1133 or 9-1-1", []),
        ("from 10 to 4", []),
        ("step 3, day care, omega-3 and no one", []),
        ("at 3 a.m. call 999", []),
        ("1. Wash your hands", []),
        ("24/7", []),
        ("1️⃣ Wash", []),
        ("once in a while", []),
    ],
)
def test_find_quantities_reads_english(text: str, expected: list[str]) -> None:
    assert values(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("每天补充叶酸0.4毫克", ["0.4 mg/day"]),
        ("每天補充葉酸400微克", ["0.4 mg/day"]),
        ("不超过30分钟", ["<=0.5 h"]),
        ("不超過30分鐘", ["<=0.5 h"]),
        ("半小时", ["0.5 h"]),
        ("一个半小时", ["1.5 h"]),
        ("兩個小時內", ["<=2 h"]),
        ("满6月龄", [">=4383 h"]),
        ("3个月以下", ["<=2191.5 h"]),
        ("一岁半", ["13149 h"]),
        ("18个月", ["13149 h"]),
        ("十二周", ["2016 h"]),
        ("2到3天", ["48-72 h"]),
        ("两三天", ["48-72 h"]),
        ("38℃以上", [">=38 C"]),
        ("体温38.5度", ["38.5 C"]),
        ("不低于70℃", [">=70 C"]),
        ("体重超过5公斤", [">5000000 mg"]),
        ("每10位妈妈中有1至2位", ["10-20 %"]),
        ("百分之十", ["10 %"]),
        ("24小时内不超过4次", ["<=24 h", "<=4 count 次"]),
        ("400国际单位（10微克）", ["400 IU", "0.01 mg"]),
        ("得分达到10分,应就医", [">=10 point"]),
        ("三十八度五", ["38.5 C"]),
        ("38度5", ["38.5 C"]),
        ("零下18度", ["-18 C"]),
        ("六七个月", ["4383-5113.5 h"]),
        ("十五六个月", ["10957.5-11688 h"]),
        ("三个半月", ["2556.75 h"]),
        ("头三个月", ["<=2191.5 h"]),
        ("满月后", ["730.5 h"]),
        ("不满周岁", ["<8766 h"]),
        ("每隔4~6小时", ["4-6 h"]),
        ("一天三回", ["3 count 回/day"]),
        ("每公斤体重10毫克", ["10 mg/kg"]),
        ("七成", ["70 %"]),
        ("三分之二", ["66.6667 %"]),
        ("两三勺", ["2-3 count 勺"]),
        ("仨月", ["2191.5 h"]),
        ("０.４毫克", ["0.4 mg"]),
        ("2公分、3个月", ["2 cm", "2191.5 h"]),
        ("18、24和30月龄", ["13149 h", "17532 h", "21915 h"]),
        ("2024年6月1日下午3点半", []),
        ("十分重要，三明治，百日咳", []),
        ("凌晨3点", []),
        ("拨打120", []),
        ("一定要洗手", []),
    ],
)
def test_find_quantities_reads_chinese(text: str, expected: list[str]) -> None:
    assert values(text, True) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [("8.5 µg", "12 µg"), ("0.01 mg", "0.1 mg"), ("38.0 °C", "38.1 °C"), ("1/3 cup", "1/4 cup")],
)
def test_find_quantities_keeps_close_values_apart(one: str, other: str) -> None:
    assert values(one) != values(other)


def test_find_quantities_tells_ages_from_times() -> None:
    found = find_quantities("Babies under 3 months sleep 16 hours; children aged 2 years", False)
    assert [quantity.is_age for quantity in found] == [True, False, True]


@pytest.mark.parametrize(
    ("text", "value"),
    [("twenty-one", 21), ("a hundred", 100), ("二十一", 21), ("一百二十", 120), ("两千", 2000)],
)
def test_parse_number_reads_words(text: str, value: int) -> None:
    assert parse_number(text) == value


@given(st.text(max_size=300), st.booleans())
def test_find_quantities_takes_any_text(text: str, chinese: bool) -> None:
    found = find_quantities(text, chinese)
    assert all(0 <= q.start < q.end <= len(text) for q in found)
    assert [q.start for q in found] == sorted(q.start for q in found)


@given(st.integers(1, 9999), st.sampled_from(["mg", "ml", "weeks", "°C", "kg"]))
def test_find_quantities_finds_what_was_written(number: int, unit: str) -> None:
    (found,) = find_quantities(f"Give {number} {unit}.", False)
    assert found.low == found.high
    assert found.span == (5, 5 + len(f"{number} {unit}"))


@pytest.mark.parametrize("piece", ["1 to ", "9", "one hundred ", "一百", "每", "1-", "½", " a "])
def test_find_quantities_is_fast_on_hostile_text(piece: str) -> None:
    started = time.perf_counter()
    find_quantities(piece * 4_000, False)
    find_quantities(piece * 4_000, True)
    assert time.perf_counter() - started < 3
