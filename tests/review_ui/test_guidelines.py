"""Every check an editor may meet has its name and its paragraph."""

from __future__ import annotations

import ast
import itertools
from pathlib import Path

from review_ui.guidelines import GUIDELINES, UNKNOWN, get_guideline
from stages.cook import explain, judge

COOK = Path(explain.__file__).parent


def is_severity(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "Severity"


def names_in(tree: ast.AST) -> set[str]:
    """Constants that stand where a check's name does: first in a Finding, or before a Severity."""
    found: set[object] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Finding", "_finding"):
            found |= {arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)}
        items = (
            node.elts if isinstance(node, ast.Tuple)
            else node.args if isinstance(node, ast.Call)
            else []
        )  # fmt: skip
        pairs = [*itertools.pairwise(items)]
        if isinstance(node, ast.Dict):
            pairs += [
                (key, value) for key, value in zip(node.keys, node.values, strict=True) if key
            ]
        found |= {
            name.value for name, value in pairs
            if isinstance(name, ast.Constant) and is_severity(value)
        }  # fmt: skip
    return {name for name in found if isinstance(name, str) and name}


def known_checks() -> set[str]:
    names = {name for path in COOK.glob("*.py") for name in names_in(ast.parse(path.read_text()))}
    names |= set(explain._SAID.values()) | {check for _, check, _ in explain._KINDS}
    return names | {check for check, _ in judge._MESSAGES.values()}


def test_every_check_has_its_guideline_and_no_guideline_is_left_over() -> None:
    assert set(GUIDELINES) == known_checks()


def test_each_paragraph_is_one_that_can_be_read_at_a_glance() -> None:
    for guideline in {*GUIDELINES.values(), UNKNOWN}:
        assert 10 <= len(guideline.name) <= 45
        assert 30 <= len(guideline.why) <= 230


def test_get_guideline_has_words_for_a_check_of_another_version() -> None:
    assert get_guideline("a_check_of_tomorrow") is UNKNOWN
