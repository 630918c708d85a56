"""The ledger: every model call is written down before it is sent and settled after.

The same key is never paid twice: a settled call is answered from here, a call that a live process
has in flight is refused, and only a call whose holder is gone is sent again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import func, insert, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from stages.errors import BudgetError, InFlightError
from stages.types import Completion
from store.engine import Database, is_holder_dead, process_holder, take_turns, utc_now
from store.tables import CompletionRow, metadata

_CALLS = metadata.tables["completions"]

MICRO = Decimal(1_000_000)


class CallState(StrEnum):
    SENT = "sent"
    SETTLED = "settled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Spending:
    """calls: sent (not answered from the ledger); cost: known costs, in USD."""

    calls: int
    tokens_in: int
    tokens_out: int
    cost_usd: Decimal
    unknown_costs: int


@dataclass(frozen=True, slots=True)
class StoreLedger:
    """What `stages.cook` calls a Ledger, kept in the database.

    lease_s: seconds a call may take. allow_unpriced: whether calls no budget can hold are sent.
    """

    db: Database
    run_id: str
    max_run_usd: Decimal
    max_day_usd: Decimal
    lease_s: float = 300.0
    allow_unpriced: bool = False

    def claim(
        self, key: str, model: str, prompt_hash: str, estimate_usd: Decimal | None
    ) -> Completion | None:
        """The answer if the key is settled; None when the caller now holds the call.

        Raises InFlightError when a live process has the call in flight, BudgetError when the
        estimate could take the run or the UTC day over its limit, or there is none.
        """
        now = utc_now()
        with self.db.write() as session:
            take_turns(session.connection(), "ledger")  # sums and rows that are not there yet
            row = session.get(CompletionRow, key)
            if row and row.state == CallState.SETTLED:
                return _completion(row)
            if row and row.state == CallState.SENT and not _is_abandoned(row, now):
                raise InFlightError("another process has this model call in flight", 5.0)
            if estimate_usd is None and not self.allow_unpriced:
                raise BudgetError(
                    f"The price of model {model} is not known, so no budget can hold it. "
                    "Set SPOONFUL_ALLOW_UNPRICED_MODELS=true to call it all the same."
                )
            reserve = int((estimate_usd or Decimal(0)) * MICRO)
            self._check_budget(session, reserve, now)
            values = {
                "model": model,
                "prompt_hash": prompt_hash,
                "state": CallState.SENT.value,
                "text": "",
                "tokens_in": 0,
                "tokens_out": 0,
                "cost_micro_usd": row.cost_micro_usd if row else None,
                "reserved_micro_usd": reserve,
                "latency_s": 0.0,
                "error": "",
                "sends": row.sends + 1 if row else 1,
                "run_id": self.run_id,
                "holder": process_holder(),
                "sent_at": now,
                "lease_until": now + timedelta(seconds=self.lease_s),
                "settled_at": None,
            }
            if row:
                session.execute(update(_CALLS).where(_CALLS.c.key == key).values(values))
            else:
                session.execute(insert(_CALLS).values(key=key, **values))
        return None

    def settle(self, completion: Completion) -> None:
        """Write the answer and what it cost."""
        cost = completion.cost_usd
        values: dict[str, Any] = {
            "state": CallState.SETTLED.value,
            "model": completion.model,
            "text": completion.text,
            "tokens_in": completion.tokens_in,
            "tokens_out": completion.tokens_out,
            "reserved_micro_usd": 0,
            "latency_s": completion.latency_s,
            "settled_at": utc_now(),
        }
        if cost is not None:  # on top of what earlier tries of the call may have cost
            before = func.coalesce(_CALLS.c.cost_micro_usd, 0)
            values["cost_micro_usd"] = before + int(cost * MICRO)
        with self.db.write() as session:
            session.execute(update(_CALLS).where(_CALLS.c.key == completion.key).values(values))

    def fail(self, key: str, error: str, *, is_unknown: bool = False) -> None:
        """The call ended without a usable answer; it may be sent again.

        is_unknown: it may have been charged, so what was reserved for it is booked as its cost.
        Ignored when another process has taken the call over, and perhaps settled it, meanwhile.
        """
        with self.db.write() as session:
            row = session.get_one(CompletionRow, key, with_for_update=True)
            if row.state != CallState.SENT or row.holder != process_holder():
                return
            if is_unknown and row.reserved_micro_usd:
                row.cost_micro_usd = (row.cost_micro_usd or 0) + row.reserved_micro_usd
            row.state, row.error, row.reserved_micro_usd = CallState.FAILED.value, error[:2000], 0
            row.settled_at = utc_now()
            session.add(row)

    def _check_budget(self, session: Session, reserve: int, now: datetime) -> None:
        if reserve == 0:
            return
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        spent = func.coalesce(
            func.sum(
                func.coalesce(CompletionRow.cost_micro_usd, 0) + CompletionRow.reserved_micro_usd
            ),
            0,
        )
        for limit, name, condition in (
            (self.max_run_usd, "run", col(CompletionRow.run_id) == self.run_id),
            (self.max_day_usd, "day", col(CompletionRow.sent_at) >= midnight),
        ):
            total = int(session.exec(select(spent).where(condition)).one())
            if total + reserve > limit * MICRO:
                raise BudgetError(
                    f"The next call could take this {name} to {(total + reserve) / MICRO:.4f} USD; "
                    f"the limit is {limit} (SPOONFUL_MAX_COST_PER_{name.upper()}_USD). "
                    "Raise it or wait; the next run goes on where this one stopped."
                )


def get_spending(db: Database, run_id: str) -> Spending:
    """What a run has sent and spent so far."""
    with db.read() as session:
        row = session.execute(
            sql_select(
                func.count(),
                func.coalesce(func.sum(CompletionRow.tokens_in), 0),
                func.coalesce(func.sum(CompletionRow.tokens_out), 0),
                func.coalesce(func.sum(CompletionRow.cost_micro_usd), 0),
                func.count().filter(
                    col(CompletionRow.cost_micro_usd).is_(None),
                    col(CompletionRow.state) == CallState.SETTLED.value,
                ),
            ).where(col(CompletionRow.run_id) == run_id)
        ).one()
    calls, tokens_in, tokens_out, micro, unknown = (int(value) for value in row)
    return Spending(calls, tokens_in, tokens_out, Decimal(micro) / MICRO, unknown)


def _is_abandoned(row: CompletionRow, now: datetime) -> bool:
    return row.lease_until <= now or is_holder_dead(row.holder)


def _completion(row: CompletionRow) -> Completion:
    return Completion(
        key=row.key,
        model=row.model,
        text=row.text,
        tokens_in=row.tokens_in,
        tokens_out=row.tokens_out,
        cost_usd=None if row.cost_micro_usd is None else Decimal(row.cost_micro_usd) / MICRO,
        latency_s=row.latency_s,
    )
