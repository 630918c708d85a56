"""The real command in a process of its own: what it says and how it ends."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.sample_site import serve_folder
from stages.errors import StageError
from store.cards import list_cards
from store.decision_types import By
from store.drafts import list_drafts
from store.engine import open_database
from store.guides import list_guides
from store.invites import list_invites
from store.parking import set_parked
from store.runs import RunState, list_runs
from store.users import add_user
from tests.deciding import approve
from tests.fakes import FakeModel, FakeReply, quote_card
from tests.flows.processes import (
    Ended,
    descendants,
    interrupt,
    spoonful,
    spoonful_each,
    started,
    wait_until,
    wait_until_gone,
)
from tests.flows.small_site import SPOONFUL, Place, build_site, source_text, write_sitemaps

pytestmark = pytest.mark.timeout(300)  # several processes a test; a busy machine starts one in 10 s

SUMMARY_KEYS = {
    "guides": {"fetched", "unchanged", "changed", "failed", "quarantined"},
    "cards": {"new", "kept", "changed", "removed", "total"},
    "drafts": {"new", "kept", "low", "flagged", "blocked"},
    "completions": {
        "calls",
        "cached",
        "tokens_in",
        "tokens_out",
        "cost_usd",
        "cards",
        "cost_per_card_usd",
        "unknown_costs",
    },
    "placements": {"new", "cards_without_group"},
    "seconds": {"procure", "chop", "cook", "plate", "total"},
}


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port something listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def told(environment: Mapping[str, str], *arguments: str) -> Ended:
    """Run the command in this process, for what does not hang on how a process ends."""
    result = CliRunner().invoke(app, arguments, env=environment)
    if isinstance(result.exception, StageError):
        return Ended(2, result.stdout, f"{result.exception}\n")
    return Ended(result.exit_code, result.stdout, result.stderr)


def told_each(environment: Mapping[str, str], *lines: Sequence[str]) -> list[Ended]:
    return [told(environment, *line) for line in lines]


def dump(place: Place) -> list[str]:
    """The database as SQL, whatever version it is of."""
    with sqlite3.connect(place.home / "spoonful.db") as raw:
        return list(raw.iterdump())


# --- files and settings that are wrong ---------------------------------------------------------


def test_broken_sources_file_is_named_with_line_and_key(place: Place) -> None:
    text = place.sources_file.read_text(encoding="utf-8")
    place.sources_file.write_text(text.replace("reuse: adapt_ok", "reuse: anything", 1))
    ended = spoonful(place.environment(), "run", "--json")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        f"{place.sources_file}:7: sources[0].reuse: `anything` is not known; expected one of: "
        "adapt_ok, excerpt_only, link_only, unknown, do_not_crawl\n"
    )


def test_unknown_source_is_answered_with_the_known_ones(place: Place) -> None:
    ended = spoonful(place.environment(), "run", "--source", "nope")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "There is no source nope. Known are: gangwan, harbour.\n"


def test_missing_contact_stops_a_run_on_the_open_web(place: Place) -> None:
    ended = spoonful(place.environment(SPOONFUL_ALLOW_PRIVATE=""), "run")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "SPOONFUL_CONTACT is empty. harbour should be able to reach you: "
        "set it to an e-mail address or a page about your crawler.\n"
    )


def test_missing_model_key_stops_a_run_before_any_request(place: Place) -> None:
    with FakeModel(quote_card) as model:
        environment = place.environment(
            SPOONFUL_MODEL="openai/fake", SPOONFUL_MODEL_API_BASE=model.base_url
        )
        ended = spoonful(environment, "run")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "OPENAI_API_KEY is not set, and model openai/fake needs it. "
        "Set it, or SPOONFUL_MODEL=offline/house to write without a model.\n"
    )
    assert model.calls == 0


def test_database_of_a_later_version_is_left_alone(kept: Place) -> None:
    with sqlite3.connect(kept.home / "spoonful.db") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    before = dump(kept)
    environment = kept.environment(SPOONFUL_CONTACT="a@b.example")
    run, doctor = spoonful_each(environment, ("run",), ("doctor", "--json"))

    assert run.code == 2
    assert "9999" in run.err
    assert "later" in run.err or "newer" in run.err
    assert "Traceback" not in run.err
    assert run.err.count("\n") == 1
    assert dump(kept) == before
    assert doctor.code == 2
    assert [check["name"] for check in doctor.json["checks"] if not check["ok"]] == ["database"]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "mysql://x/y",
            "SPOONFUL_DATABASE_URL names mysql; Spoonful keeps its data in sqlite or postgresql.",
        ),
        (
            "nonsense",
            "SPOONFUL_DATABASE_URL is not a database URL: "
            "Could not parse SQLAlchemy URL from given URL string",
        ),
        (
            "postgresql://ann:secret@127.0.0.1:9/x",
            "The database postgresql+psycopg://ann:***@127.0.0.1:9/x cannot be opened",
        ),
    ],
)
def test_wrong_database_url_is_explained_without_its_password(
    place: Place, url: str, message: str
) -> None:
    ended = spoonful(place.environment(SPOONFUL_DATABASE_URL=url), "users", "list")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(message)
    assert "secret" not in ended.err
    assert ended.err.count("\n") == 1


def test_home_that_cannot_be_written_is_named(place: Place) -> None:
    place.home.write_text("a file")
    ended = spoonful(place.environment(), "run")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        f"The data folder {place.home} cannot be written (File exists). "
        "Point SPOONFUL_HOME at a folder you may write, or change its permissions.\n"
    )


def test_review_says_that_its_port_is_taken(place: Place, taken_port: int) -> None:
    ended = spoonful(place.environment(), "review", "--port", str(taken_port))

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        f"The review server cannot listen on 127.0.0.1:{taken_port} (Address already in use). "
        "End what uses that port, or choose another.\n"
    )


def test_demo_says_that_the_port_of_its_site_is_taken(place: Place, taken_port: int) -> None:
    ended = spoonful(place.environment(), "demo", "--once", "--site-port", str(taken_port))

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        f"Port {taken_port} on 127.0.0.1 is in use, and the sample site needs it. "
        "End what uses it, or choose another with --site-port.\n"
    )


def test_demo_does_not_mix_with_real_work(kept: Place) -> None:
    ended = spoonful(kept.environment(), "demo", "--once", "--site-port", str(free_port()))

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        f"{kept.home} holds guides of real sources, and the demo would mix its sample with them. "
        "Give it a home of its own: SPOONFUL_HOME=./demo spoonful demo\n"
    )


# --- runs ----------------------------------------------------------------------------------------


def test_run_with_bad_pages_and_a_source_down_lists_what_failed_and_does_the_rest(
    tmp_path: Path,
) -> None:
    site = tmp_path / "site"
    build_site(site)
    files = {
        "empty.html": b"",
        "picture.html": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
        "list.html": b'{"title": "Sleep", "text": "Not a page."}',
    }
    for name, body in files.items():
        (site / "en" / name).write_bytes(body)
    down = source_text(f"http://127.0.0.1:{free_port()}").replace("harbour", "down")
    with serve_folder(site, 0) as served:
        write_sitemaps(site, served.base)
        place = Place(tmp_path / "place", served.base).prepare()
        with place.sources_file.open("a", encoding="utf-8") as file:
            file.write(down)
        private = f"{place.base.removeprefix('http://')},{down.split('homepage: http://')[1].split('/')[0]}"
        ended = spoonful(place.environment(SPOONFUL_ALLOW_PRIVATE=private), "run", "--json")

    assert ended.code == 1, ended.err
    summary = ended.json
    down_said, picture_said = sorted(summary["errors"], key=lambda error: "picture" in error)
    assert down_said.startswith("down: http://127.0.0.1:")
    assert "is sent as text/html but is a PNG picture" in picture_said
    assert summary["guides"]["failed"] == 1
    assert summary["guides"]["fetched"] == 3
    assert summary["guides"]["quarantined"] == 2
    assert summary["cards"]["total"] == len(place.content()["cards"]) > 5
    assert summary["drafts"]["new"] == 3 * summary["cards"]["total"]
    reasons = {
        row["url"].rpartition("/")[2]: row["quarantine_reason"]
        for row in place.content()["pages"]
        if row["quarantine_reason"]
    }
    assert set(reasons) == {"empty.html", "list.html"}
    assert reasons["empty.html"] == "empty"


def test_run_json_is_one_object_with_the_keys_of_the_contract(kept: Place) -> None:
    ended = spoonful(kept.environment(), "run", "--json")
    summary = ended.json

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.count("\n") == 1
    assert set(summary) == {"run_id", "errors", "notes", *SUMMARY_KEYS}
    assert {name: set(summary[name]) for name in SUMMARY_KEYS} == SUMMARY_KEYS
    assert summary["errors"] == []


def test_interrupted_run_says_so_keeps_its_work_and_the_next_goes_on(place: Place) -> None:
    hanging = [True]
    with FakeModel(
        lambda request: FakeReply(quote_card(request), hang_s=300 if hanging[0] else 0)
    ) as model:
        environment = place.environment(
            SPOONFUL_MODEL="openai/fake",
            SPOONFUL_ALLOW_UNPRICED_MODELS="true",
            SPOONFUL_MODEL_API_BASE=model.base_url,
            SPOONFUL_MODEL_CONCURRENCY="2",
            OPENAI_API_KEY="x",
        )
        with started(environment, SPOONFUL, "run", "--json") as process:
            wait_until(lambda: model.calls == 2 or process.poll() is not None, "two calls")
            children = descendants(process.pid)
            second = spoonful(environment, "run", "--json")
            ended = interrupt(process)
        hanging[0] = False
        db = place.open()
        first_run = list_runs(db)[0]
        guides = len(list_guides(db))
        last = spoonful(environment, "run", "--json")
        db.dispose()
        calls = model.calls

    assert (second.code, second.out) == (2, "")
    assert re.fullmatch(
        rf"Run {first_run.id} on \S+ has been working on source \w+ since [-\d: ]+ UTC\. "
        r"Wait for it to end, or end it; if it is dead, its lock frees itself \d+ s after its "
        r"last sign of life\.\n",
        second.err,
    )
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "Interrupted. Nothing is lost: the next run goes on from here.\n"
    wait_until_gone(children)
    assert first_run.state is RunState.INTERRUPTED
    assert guides > 0
    assert last.code == 0, last.err
    assert last.json["guides"]["fetched"] + last.json["guides"]["unchanged"] == 3
    cards = last.json["cards"]["total"]
    assert last.json["drafts"]["new"] == 3 * cards > 15
    assert calls == cards + 2


def test_dry_run_prints_a_price_and_spends_nothing(kept: Place) -> None:
    with FakeModel(quote_card) as model:
        environment = kept.environment(
            SPOONFUL_MODEL="openai/gpt-4o-mini",
            SPOONFUL_MODEL_API_BASE=model.base_url,
            OPENAI_API_KEY="x",
        )
        before = kept.content()
        plan, table = spoonful_each(
            environment, ("run", "--dry-run", "--json"), ("run", "--dry-run")
        )

    assert model.calls == 0
    assert kept.content() == before
    wanted = 3 * len(before["cards"])
    assert (plan.code, plan.err, plan.json["drafts"]) == (0, "", wanted)
    assert plan.json["cost_usd"] > 0
    assert table.code == 0
    assert "Dry run: nothing was fetched, written or paid" in table.out
    assert re.search(rf"{wanted} drafts, estimated cost 0\.\d\d\d\d USD\.", table.out)


# --- the other commands --------------------------------------------------------------------------


def test_users_are_added_listed_disabled_and_bad_ones_refused(kept: Place) -> None:
    environment = kept.environment()
    add = ("users", "add", "ann", "--password-stdin")
    good = "a rather long pass phrase\n"
    nobody_to_ask = told(environment, "users", "add", "ann")
    short = spoonful(environment, *add, stdin="short\n")
    first = spoonful(environment, *add, stdin=good)
    taken = spoonful(environment, *add, stdin=good)
    disabled = spoonful(environment, "users", "disable", "ann")
    again, listed = spoonful_each(environment, ("users", "disable", "ann"), ("users", "list"))

    assert nobody_to_ask.code == 2
    assert nobody_to_ask.err == (
        "There is no terminal to ask for the password. Hand it in as one line: spoonful users add "
        "ann --password-stdin < FILE\n"
    )
    assert short.code == 2
    assert "password" in short.err.lower()
    assert "short\n" not in short.err
    assert (first.code, first.out) == (0, "ann can sign in.\n")
    assert (taken.code, taken.out) == (2, "")
    assert "ann" in taken.err
    assert (disabled.code, disabled.out) == (0, "ann can no longer sign in.\n")
    assert (again.code, again.err) == (2, "There is no active user ann.\n")
    day = r"\d{4}-\d\d-\d\d"
    assert re.fullmatch(rf"ann\tdisabled {day}\tsince {day}\tadmin\n", listed.out)
    assert first.err == "The first user is an admin: so ann is one.\n"


def test_roles_and_invites_from_the_command_line(tmp_path: Path) -> None:
    environment = {
        "SPOONFUL_HOME": str(tmp_path),
        "SPOONFUL_REVIEW_URL": "https://desk.example.org",
    }
    runner = CliRunner(env=environment)

    def run(*words: str, stdin: str = "a rather long pass phrase\n") -> tuple[int, str]:
        result = runner.invoke(app, ["users", *words], input=stdin)
        return result.exit_code, result.stdout if not result.exit_code else str(result.exception)

    assert run("add", "ann", "--password-stdin") == (0, "ann can sign in.\n")
    assert run("add", "ben", "--role", "ops", "--password-stdin") == (0, "ben can sign in.\n")
    code, words = run("role", "ann", "lead")
    assert (code, words) == (1, "ann is the only admin. Make somebody else one first.")
    assert run("role", "ben", "admin") == (0, "ben is admin now.\n")
    assert run("role", "ann", "lead") == (0, "ann is lead now.\n")
    assert run("role", "eve", "lead") == (1, "There is no user eve.")
    roles = [line.split("\t") for line in run("list")[1].splitlines()]
    assert {(row[0], row[3]) for row in roles} == {("ann", "lead"), ("ben", "admin")}
    code, link = run("invite", "--role", "editor", "--note", "for Cora")
    assert re.fullmatch(r"https://desk\.example\.org/invite/[\w-]{43}\n", link)
    (invite,) = list_invites(open_database(f"sqlite:///{tmp_path / 'spoonful.db'}"))
    assert (invite.role, invite.note, invite.by, invite.state) == ("editor", "for Cora", "", "open")


def test_export_writes_json_lines(kept: Place, tmp_path: Path) -> None:
    environment = kept.environment()
    out = tmp_path / "cards.jsonl"
    drafts, cards, unknown, nowhere = spoonful_each(
        environment,
        ("export", "drafts"),
        ("export", "cards", "--out", str(out)),
        ("export", "nope"),
        ("export", "cards", "--out", str(tmp_path / "no" / "cards")),
    )

    rows = [json.loads(line) for line in drafts.out.splitlines()]
    made = len(kept.content()["cards"])
    wanted = f"{3 * made} drafts written.\n"
    assert (drafts.code, drafts.err, len(rows)) == (0, wanted, 3 * made)
    assert {row["tone"] for row in rows} == {"expert", "mom", "engagement"}
    assert (cards.code, cards.out) == (0, "")
    assert cards.err == f"{made} cards written to {out}.\n"
    assert len(out.read_text(encoding="utf-8").splitlines()) == made
    assert (unknown.code, unknown.err) == (
        2,
        "There is no export nope. Choose one of: pages, page_decisions, cards, drafts, decisions, "
        "posts, completions.\n",
    )
    assert nowhere.code == 2
    assert nowhere.err.startswith(f"{tmp_path / 'no' / 'cards'} cannot be written")


def test_publish_sends_what_is_due_once(kept: Place) -> None:
    db = kept.open()
    editor = add_user(db, "ann", "hash").id
    cards = [card for guide in list_guides(db) for card in list_cards(db, guide.id)]
    card = next(card for card in cards if card.lang.startswith("en"))
    draft = list_drafts(db, [card.id])[card.id][0]
    approve(db, draft.id, By(editor, draft.version), ["new-parents"], 0)
    db.dispose()
    first = spoonful(kept.environment(), "publish", "--json")
    second = spoonful(kept.environment(), "publish")

    assert (first.code, first.json) == (
        0,
        {"published": 1, "rescheduled": 0, "failed": 0, "verify": 0},
    )
    assert (second.code, second.out) == (0, "published 0, rescheduled 0, failed 0, verify 0\n")


def test_migrate_makes_a_database_and_says_its_version(place: Place) -> None:
    first = spoonful(place.environment(), "migrate")
    second = spoonful(place.environment(), "migrate")

    assert first.code == 0, first.err
    assert re.fullmatch(r"The database is at version \d{4}\.\n", first.out)
    assert second.out == first.out
    assert (place.home / "spoonful.db").exists()


def test_doctor_says_what_is_wrong_and_the_fix(kept: Place) -> None:
    good = spoonful(kept.environment(SPOONFUL_CONTACT="a@b.example"), "doctor", "--json")
    bad = spoonful(kept.environment(SPOONFUL_MODEL="openai/fake"), "doctor")

    assert (good.code, good.json["ok"]) == (0, True)
    assert bad.code == 2
    wrong = [line for line in bad.out.splitlines() if line.startswith("WRONG")]
    assert [line.split(":")[0] for line in wrong] == ["WRONG model", "WRONG crawler"]
    assert "OPENAI_API_KEY" in wrong[0]
    assert "SPOONFUL_CONTACT" in wrong[1]


def test_sources_check_says_what_each_source_allows(kept: Place) -> None:
    report, told, unknown = told_each(
        kept.environment(),
        ("sources", "check", "--json"),
        ("sources", "check", "harbour"),
        ("sources", "check", "nope"),
    )

    assert (report.code, report.err, report.json["ok"]) == (0, "", True)
    harbour, gangwan = report.json["sources"]
    assert (harbour["id"], gangwan["id"]) == ("harbour", "gangwan")
    host = kept.base.removeprefix("http://")
    assert harbour["robots"] == [
        {
            "host": host,
            "says": harbour["robots"][0]["says"],
            "crawl_delay_s": 0.0,
            "delay_s": 0.0,
            "is_stop": False,
        }
    ]
    assert harbour["today"] == {
        "candidates": 2,
        "to_fetch": harbour["today"]["to_fetch"],
        "settled": 2 - harbour["today"]["to_fetch"],
        "known": 2,
        "unlisted": 0,
        "disallowed": 0,
        "over_budget": 0,
        "out_of_scope": 0,
        "refused": 0,
    }
    assert (harbour["stored_guides"], harbour["problems"]) == (2, [])
    assert harbour["licence"]["allows"] == (
        "may be rewritten, translated and published with the attribution"
    )
    assert harbour["warnings"][0].startswith("nobody has checked the licence")
    assert told.code == 0
    assert re.search(r"^  state {6}on$", told.out, re.MULTILINE)
    assert re.search(r"^  today .* of 2 pages: 2 known, 0 new", told.out, re.MULTILINE)
    assert re.search(r"^  warning +nobody has checked the licence", told.out, re.MULTILINE)
    assert "gangwan" not in told.out
    assert (unknown.code, unknown.out) == (2, "")
    assert unknown.err == "There is no source nope. Known are: gangwan, harbour.\n"


def test_sources_check_lists_what_cannot_be_read(place: Place) -> None:
    down = source_text(f"http://127.0.0.1:{free_port()}").replace("harbour", "down")
    with place.sources_file.open("a", encoding="utf-8") as file:
        file.write(down)
    address = down.split("homepage: http://")[1].split("/")[0]
    private = f"{place.base.removeprefix('http://')},{address}"
    ended = told(place.environment(SPOONFUL_ALLOW_PRIVATE=private), "sources", "check", "--json")

    assert (ended.code, ended.json["ok"]) == (1, False)
    by_id = {source["id"]: source for source in ended.json["sources"]}
    assert {name: source["ok"] for name, source in by_id.items()} == {
        "harbour": True,
        "gangwan": True,
        "down": False,
    }
    assert by_id["down"]["today"] is None
    assert address in by_id["down"]["problems"][0]


def test_source_is_stopped_and_resumed_with_its_reason(place: Place) -> None:
    environment = place.environment()
    stopped = told(environment, "sources", "stop", "gangwan", "--note", "They asked us to.")
    again, check = told_each(
        environment, ("sources", "stop", "gangwan"), ("sources", "check", "gangwan", "--json")
    )
    listed, doctor = told_each(environment, ("sources", "list", "--json"), ("doctor", "--json"))
    resumed = told(environment, "sources", "resume", "gangwan")
    after, unknown = told_each(
        environment, ("sources", "list", "--json"), ("sources", "resume", "nope")
    )

    assert (stopped.code, stopped.err) == (0, "")
    assert stopped.out.startswith("gangwan is stopped: nothing is fetched from it")
    assert (again.code, again.err) == (2, "This source is stopped already.\n")
    (source,) = check.json["sources"]
    assert (check.code, source["state"], source["today"]) == (0, "stopped", None)
    assert re.fullmatch(
        r"by the command line on \d{4}-\d\d-\d\d: They asked us to\.", source["reason"]
    )
    assert {row["id"]: row["state"] for row in listed.json["sources"]} == {
        "harbour": "on",
        "gangwan": "stopped",
    }
    (sources,) = [check for check in doctor.json["checks"] if check["name"] == "sources"]
    assert sources["says"].startswith("2 of 2 enabled, 1 stopped;")
    assert sources["warnings"][0].startswith("gangwan is stopped by the command line on ")
    assert sources["warnings"][1].startswith("licences nobody has checked: harbour, gangwan.")
    assert (resumed.code, resumed.out) == (0, "gangwan is fetched again from the next run on.\n")
    assert {row["state"] for row in after.json["sources"]} == {"on"}
    assert unknown.code == 2
    assert unknown.err == "There is no source nope. Known are: gangwan, harbour.\n"


def test_source_that_is_not_stopped_is_not_resumed_but_its_state_is_told(kept: Place) -> None:
    told_on = told(kept.environment(), "sources", "resume", "harbour")
    until = datetime.now(UTC) + timedelta(hours=2)
    db = kept.open()
    host = kept.base.removeprefix("http://")
    set_parked(db, {host: until})
    db.dispose()
    parked = told(kept.environment(), "sources", "resume", "harbour")
    text = kept.sources_file.read_text(encoding="utf-8")
    off = text.replace(
        "    reuse:", "    enabled: false\n    disabled_reason: No terms.\n    reuse:", 1
    )
    kept.sources_file.write_text(off, encoding="utf-8")
    told_off = told(kept.environment(), "sources", "resume", "harbour")

    assert (parked.code, parked.out) == (2, "")
    assert parked.err == (
        f"harbour is not stopped. It is parked until {until:%Y-%m-%d %H:%M} UTC, as its host "
        "asked. That is lifted by itself; nothing is to be done.\n"
    )
    assert told_on.err == "harbour is not stopped. It is on, and fetched in every run.\n"
    assert told_off.err == (
        "harbour is not stopped. It is off in sources.yaml: No terms. To switch it on, set "
        "`enabled: true`.\n"
    )


def test_sources_check_names_the_setting_that_lets_a_private_address_be_crawled(
    place: Place,
) -> None:
    text = place.sources_file.read_text(encoding="utf-8")
    place.sources_file.write_text(text.replace("127.0.0.1", "localhost"), encoding="utf-8")
    environment = place.environment(SPOONFUL_ALLOW_PRIVATE="", SPOONFUL_CONTACT="a@b.example")
    ended = told(environment, "sources", "check", "harbour")

    assert ended.code == 1
    said = " ".join(ended.out.split())
    assert "localhost resolves to" in said
    assert "must be named in SPOONFUL_ALLOW_PRIVATE" in said
    assert "robots.txt disallows" not in said


def test_every_source_with_a_mistake_is_named_at_once(place: Place) -> None:
    text = place.sources_file.read_text(encoding="utf-8")
    place.sources_file.write_text(text.replace("reuse: adapt_ok", "reuse: any"), encoding="utf-8")
    ended = told(place.environment(), "sources", "check")

    assert ended.code == 2
    assert [line.split(": ")[1] for line in ended.err.splitlines()] == [
        "sources[0].reuse",
        "sources[1].reuse",
    ]


def test_sources_list_needs_no_database(place: Place) -> None:
    ended = told(place.environment(), "sources", "list")

    assert (ended.code, ended.err) == (0, "")
    assert [line.split()[:3] for line in ended.out.splitlines()] == [
        ["on", "harbour", "adapt_ok"],
        ["on", "gangwan", "adapt_ok"],
    ]
    assert not (place.home / "spoonful.db").exists()


# --- chop ----------------------------------------------------------------------------------------


def test_chop_shows_the_cards_of_an_address_and_keeps_nothing(kept: Place) -> None:
    before = kept.content()
    url = next(row["url"] for row in before["guides"] if row["source_id"] == "harbour")
    ended = told(kept.environment(), "chop", url, "--json")

    assert (ended.code, ended.err) == (0, "")
    assert (ended.json["source"], ended.json["guide"]["url"]) == ("harbour", url)
    guide = next(row for row in before["guides"] if row["url"] == url)
    assert ended.json["guide"]["id"] == guide["id"]
    ids = {row["id"] for row in before["cards"] if row["guide_id"] == guide["id"]}
    assert {card["id"] for card in ended.json["cards"]} == ids
    assert kept.content() == before


def test_chop_says_what_to_do_about_an_address_it_cannot_have(place: Place) -> None:
    environment = place.environment()
    gone, foreign, wrong = told_each(
        environment,
        ("chop", f"{place.base}/en/nothing-here.html"),
        ("chop", "https://elsewhere.example/guide"),
        ("chop", f"{place.base}/en/sleep.html", "--source", "gangwan"),
    )

    assert (gone.code, gone.out) == (1, "")
    assert gone.err == f"{place.base}/en/nothing-here.html answers 404: the page is not there.\n"
    assert (foreign.code, foreign.out) == (2, "")
    assert foreign.err.startswith(f"No source of {place.sources_file} covers https://elsewhere.")
    assert "Add a source there, or save the page and name the file" in foreign.err
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err.startswith("Source gangwan does not cover ")


def test_chop_obeys_robots_and_stops(place: Place) -> None:
    text = place.sources_file.read_text(encoding="utf-8")
    both = text.replace("allow_prefixes: [/en/]", "allow_prefixes: [/en/, /private/]")
    place.sources_file.write_text(both, encoding="utf-8")
    environment = place.environment()
    barred, _, stopped = told_each(
        environment,
        ("chop", f"{place.base}/private/notes.html"),
        ("sources", "stop", "harbour", "--note", "Terms changed."),
        ("chop", f"{place.base}/en/sleep.html"),
    )

    assert (barred.code, barred.out) == (1, "")
    assert barred.err == (
        f"{place.base}/private/notes.html is not fetched: robots.txt disallows it, so a run leaves "
        "it out, too. If you may read it, save the page and name the file instead: spoonful chop "
        "page.html\n"
    )
    assert (stopped.code, stopped.out) == (2, "")
    assert stopped.err == (
        "Source harbour is stopped (Terms changed.). Save the page and name the file instead, or: "
        "spoonful sources resume harbour\n"
    )


def test_chop_writes_its_explanation_as_a_page(place: Place, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Bath time\n\n## How warm\n\n" + "The water should feel warm and never hot. " * 6,
        encoding="utf-8",
    )
    out = tmp_path / "cards.html"
    written, told, nowhere, missing = told_each(
        place.environment(),
        ("chop", str(page), "--html", str(out)),
        ("chop", str(page), "--explain"),
        ("chop", str(page), "--html", str(tmp_path / "no" / "cards.html")),
        ("chop", str(tmp_path / "missing.html")),
    )

    assert (written.code, written.out) == (0, "")
    assert written.err == f"The explanation is in {out}.\n"
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert told.code == 0
    assert "✓ trace size one-idea located whole" in told.out
    assert nowhere.code == 2
    assert nowhere.err.startswith(f"{tmp_path / 'no' / 'cards.html'} cannot be written")
    assert missing.code == 2
    assert missing.err.startswith(f"There is no file {tmp_path / 'missing.html'}. ")
    assert not place.home.exists()


# --- the demo ------------------------------------------------------------------------------------


def test_demo_serves_the_queue_until_interrupted_and_leaves_nothing_running(
    tmp_path: Path, small_site: str
) -> None:
    """On the small site: the whole sample site is crawled in test_line_sample_site."""
    place = Place(tmp_path / "place", small_site).prepare()
    port, site_port = free_port(), free_port()
    environment = place.environment()
    child = (sys.executable, "-m", "tests.flows.demo_child", str(port), str(site_port))
    with started(environment, *child) as process:
        assert process.stdout
        said = [process.stdout.readline()]
        while said[-1] and not said[-1].startswith("Ctrl-C"):
            said.append(process.stdout.readline())
        text = "".join(said)

        def answers() -> bool:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as got:
                    return bool(got.status == 200)
            except OSError:
                return False

        wait_until(answers, "the review pages")
        children = descendants(process.pid)
        ended = interrupt(process)

    assert f"The queue is at http://127.0.0.1:{port}/queue\n" in text
    assert re.search(r"Sign in as  demo  with password  \S{16}\n", text)
    assert (ended.code, ended.err) == (0, "")
    wait_until_gone(children)
    for used in (port, site_port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", used))
