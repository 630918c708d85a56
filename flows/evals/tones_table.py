"""What `eval tones` prints: a table for each tone, the sides in columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.evals.show import print_table

BESIDES = ("by_lang", "findings")


def print_tones(folder: Path, report: Mapping[str, Any]) -> None:
    """Measures in rows, findings below them; of two sides also the difference."""
    sides = report["sides"]
    columns = ("", *(side["name"] for side in sides), *(("difference",) if sides[1:] else ()))
    for tone in sides[0]["tones"]:
        parts = [side["tones"][tone] for side in sides]
        rows = [row(key, [part[key] for part in parts]) for key in parts[0] if key not in BESIDES]
        checks = sorted({check for part in parts for check in part["findings"]})
        rows += [
            row(f"finding {check}", [part["findings"].get(check, 0.0) for part in parts])
            for check in checks
        ]
        versions = " and ".join(dict.fromkeys(side["versions"][tone] for side in sides))
        print_table(f"{tone} {versions} on {folder}", columns, rows)
    spent = [side["completions"] for side in sides]
    rows = [row(key, [part[key] for part in spent]) for key in spent[0]]
    print_table(f"Calls for {report['cards']} cards", columns, rows)


def row(name: str, values: list[Any]) -> list[Any]:
    """A line of the table; of two figures also second less first."""
    if len(values) == 1:
        return [name, *values]
    first, second = values
    return [name, first, second, None if None in values else second - first]
