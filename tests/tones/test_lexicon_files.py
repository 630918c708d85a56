"""The files of the thesaurus: broad enough, in both languages, and without contradictions."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations
from pathlib import Path

from stages.cook.concept_files import HERE, normalise
from stages.cook.concepts import are_opposites, are_rivals, find_concepts, lexicon, same_family
from stages.cook.word_forms import plurals, verb_forms
from tones.strict import read_yaml

HAN = re.compile(r"[\u3400-\u9fff]")


def test_lexicon_covers_the_field() -> None:
    counts = Counter(concept.kind for concept in lexicon().concepts.values())

    assert counts.keys() == lexicon().kinds.keys()
    least = {"medicine": 50, "vaccine": 20, "food": 120, "drink": 40, "illness": 120, "symptom": 90}
    assert {kind: counts[kind] for kind in least if counts[kind] < least[kind]} == {}
    assert sum(counts.values()) > 1000


def test_lexicon_english_names_hold_no_chinese_and_chinese_ones_do() -> None:
    latin = re.compile(r"[A-Za-zω0-9 -]+")  # DHA, MMR: said so in Chinese, too
    wrong = [
        name
        for concept in lexicon().concepts.values()
        for name in (
            *(name for name in concept.en + concept.verbs if HAN.search(name)),
            *(name for name in concept.zh if not HAN.search(name) and not latin.fullmatch(name)),
        )
    ]
    assert wrong == []


def test_lexicon_inflected_names_belong_to_one_concept() -> None:
    irregular = {
        word: tuple(forms.text().split(", "))
        for part in read_yaml(HERE / "irregular.yaml").pairs().values()
        for word, forms in part.pairs().items()
    }
    owners: dict[str, set[str]] = {}
    for concept in lexicon().concepts.values():
        forms = [form for name in concept.verbs for form in verb_forms(name, irregular)]
        if lexicon().kinds[concept.kind].has_plural:
            forms += [form for name in concept.en for form in plurals(name, irregular)]
        for form in forms:
            owners.setdefault(normalise(form, lexicon().characters), set()).add(concept.id)
    listed = {
        normalise(name, lexicon().characters)
        for concept in lexicon().concepts.values()
        for name in concept.en + concept.verbs
    }
    assert {form: ids for form, ids in owners.items() if len(ids) > 1 and form not in listed} == {}


def test_opposites_are_not_of_one_family() -> None:
    assert [pair for pair in lexicon().opposites if same_family(*pair)] == []


def test_rivals_and_opposites_are_symmetric() -> None:
    ids = sorted(lexicon().concepts)[::7]

    assert all(are_rivals(a, b) == are_rivals(b, a) for a in ids for b in ids)
    assert all(are_opposites(b, a) for a, b in lexicon().opposites)


def test_hidden_phrases_each_hide_a_name() -> None:
    fields = read_yaml(HERE / "hidden.yaml").pairs()

    for language in ("en", "zh"):
        for phrase in fields[language].texts():
            assert find_concepts(phrase, language) == ()
            parts = phrase.split() if language == "en" else list(phrase)
            joint = " " if language == "en" else ""
            inside = (joint.join(parts[a:b]) for a, b in combinations(range(len(parts) + 1), 2))
            assert any(find_concepts(words, language) for words in inside), phrase


def test_packaging_takes_the_lexicon_along() -> None:
    root = Path(__file__).resolve().parents[2]
    text = (root / "pyproject.toml").read_text(encoding="utf-8")

    assert root / "tones" / "lexicon" == HERE
    assert re.search(r'^packages = \[.*"tones".*\]$', text, re.MULTILINE)
    assert (HERE / "README.md").is_file()
