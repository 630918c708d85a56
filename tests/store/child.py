"""What another process does to the same database: `python -m tests.store.child VERB URL [ARG]`.

Says `ready`, waits for a line on stdin so that several can start in the same instant, acts, says
what came of it and, with `hold` as the last word, stays alive until it is killed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from decimal import Decimal

from stages.errors import StageError


def prepare(verb: str) -> Callable[[str, str], str]:
    """The function to call; imports only what it needs, because children are many."""
    if verb == "secret":
        from store.settings import Settings, get_secret_key

        return lambda target, _: get_secret_key(Settings(home=target))
    from store.engine import open_database

    if verb == "migrate":
        from store.migrate import migrate

        return lambda target, _: migrate(open_database(target))
    if verb == "run":
        from store.runs import start_run

        return lambda target, lock: start_run(open_database(target), "daily", [lock], {})
    if verb == "posts":
        from store.posts import claim_due_posts

        return lambda target, _: " ".join(str(p.id) for p in claim_due_posts(open_database(target)))
    if verb == "call":
        from store.completions import StoreLedger

        def call(target: str, run_id: str) -> str:
            ledger = StoreLedger(open_database(target), run_id, Decimal(5), Decimal(20))
            return str(ledger.claim("call-1", "model", "prompt", Decimal("0.5")))

        return call
    if verb == "spend":
        from stages.errors import BudgetError
        from store.completions import StoreLedger

        def spend(target: str, run_and_name: str) -> str:
            run_id, name = run_and_name.split(",")
            ledger = StoreLedger(open_database(target), run_id, Decimal(5), Decimal(4))
            sent = 0
            for number in range(30):
                try:
                    ledger.claim(f"{name}-{number}", "model", "prompt", Decimal("0.1"))
                except BudgetError:
                    continue
                sent += 1
            return str(sent)

        return spend
    raise SystemExit(f"no verb {verb}")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    verb, target, argument, *_ = [*sys.argv[1:], ""]
    act = prepare(verb)
    say("ready")
    sys.stdin.readline()
    try:
        say(act(target, argument))
    except StageError as error:
        say(f"{type(error).__name__}: {error}")
    if sys.argv[-1] == "hold":
        time.sleep(60)


main()
