"""What somebody asks of a run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Stage(StrEnum):
    """How much of the line to run: one stage of it, or all."""

    ALL = "all"
    PROCURE = "procure"
    CHOP = "chop"
    COOK = "cook"
    PLATE = "plate"


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Empty tuples mean all: every enabled source, every guide, every tone.

    tone_version: cook with this version instead of the active one; needs exactly one tone.
    renew: drafts nobody has touched are made again where another version of their tone is due now.
    force: do the stage's work again even where it is done. max_cost_usd: instead of the setting.
    kind: who started it (`cli`, `demo`, `daily`, `adhoc`).
    """

    sources: tuple[str, ...] = ()
    guides: tuple[str, ...] = ()
    stage: Stage = Stage.ALL
    tones: tuple[str, ...] = ()
    tone_version: str = ""
    renew: bool = False
    force: bool = False
    max_cost_usd: Decimal | None = None
    dry_run: bool = False
    requested_by: str = ""
    note: str = ""
    kind: str = "cli"

    def includes(self, stage: Stage) -> bool:
        return self.stage in (Stage.ALL, stage)

    def as_params(self) -> dict[str, Any]:
        """JSON types, for the record of the run."""
        values = asdict(self)
        values["max_cost_usd"] = None if self.max_cost_usd is None else str(self.max_cost_usd)
        return values
