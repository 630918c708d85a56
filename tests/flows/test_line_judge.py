"""The line with a judge model beside the one that writes, on a loopback server."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from flows.doctor_model import ask_models
from flows.plan import make_plan
from flows.request import RunRequest, Stage
from stages.cook.prices import price
from stages.errors import ConfigError
from stages.seeds import load_sources
from store.sources import set_sources
from store.tables import CardRow, DraftRow, FindingRow
from tests.bench.model_server import write_reply
from tests.fakes import FakeModel, FakeReply, Reply, Request
from tests.flows.small_site import Place
from tests.stock import stock
from tests.tokens import load_encoding

JUDGE = "openai/judge"
WRITER, DEAR_JUDGE = "openai/gpt-4o-mini", "openai/gpt-4o"
_WRITTEN = re.compile(r"^\[(\w+\.\d+)\] (.+)$", re.MULTILINE)
_SOURCE = re.compile(r"^\[(s\d+)\] (.+)$", re.MULTILINE)

Verdicts = Callable[[str, str], str]
"""Verdict on a sentence, from its tone and its text."""


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch, _no_settings_from_outside: None) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")


def is_judge(request: Request) -> bool:
    return bool(request["model"] in ("judge", "gpt-4o"))


def judge_all(request: Request, verdict: Verdicts) -> str:
    asked = request["messages"][1]["content"]
    sources = {text: id for id, text in _SOURCE.findall(asked)}
    rows = [
        {
            "sentence": id,
            "verdict": verdict(id.partition(".")[0], text),
            "source_ids": [sources[text]] if text in sources else [],
        }
        for id, text in _WRITTEN.findall(asked)
    ]
    return json.dumps({"verdicts": rows}, ensure_ascii=False)


def supported(tone: str, text: str) -> str:
    return "supported"


class Kitchen:
    """A writer that quotes the card and a judge that answers so, on one server."""

    def __init__(self, judge: Verdicts | Reply) -> None:
        self._judge = judge
        self.model = FakeModel(self._answer)

    def _answer(self, request: Request) -> Reply:
        if not is_judge(request):
            return write_reply(request)
        return self._judge if not callable(self._judge) else judge_all(request, self._judge)

    @property
    def looks(self) -> int:
        return sum(map(is_judge, self.model.requests))


def ask(place: Place, server: FakeModel, **more: Any) -> None:
    place.overrides |= {"model": "openai/fake", "model_api_base": server.base_url} | more
    place.overrides.setdefault("allow_unpriced_models", True)


def cook(place: Place, judge: Verdicts | Reply, name: str = JUDGE, **more: Any) -> Any:
    """Summary of one cook run, and the kitchen it ran in."""
    kitchen = Kitchen(judge)
    with kitchen.model as model:
        ask(place, model, judge_model=name, **more)
        return place.run(stage="cook"), kitchen


def drafts_of(place: Place) -> dict[tuple[str, str], DraftRow]:
    db = place.open()
    with db.read() as session:
        rows = session.exec(select(DraftRow).where(col(DraftRow.is_current))).all()
    db.dispose()
    return {(row.card_id, row.tone): row for row in rows}


def findings_of(place: Place, check: str) -> list[tuple[str, str, str, str]]:
    """By finding: tone, risk of the draft, words in the draft, words in the card."""
    db = place.open()
    with db.read() as session:
        rows = session.exec(
            select(FindingRow, DraftRow, CardRow)
            .join(DraftRow, col(DraftRow.id) == col(FindingRow.draft_id))
            .join(CardRow, col(CardRow.id) == col(DraftRow.card_id))
            .where(FindingRow.check == check, col(DraftRow.is_current))
        ).all()
    db.dispose()
    return [
        (draft.tone, draft.risk, draft.text[f.draft_start : f.draft_end],
         card.text[f.card_start : f.card_end])
        for f, draft, card in rows
    ]  # fmt: skip


def test_no_judge_is_asked_unless_one_is_set(kept: Place) -> None:
    summary, kitchen = cook(kept, supported, "")
    assert kitchen.looks == 0
    assert summary.completions.calls == kept.count_cards()


def test_drafts_of_the_offline_writer_are_not_judged(kept: Place) -> None:
    summary, kitchen = cook(kept, supported, JUDGE, model="offline/house")
    assert kitchen.model.calls == 0
    assert summary.errors == []


def test_judge_that_finds_support_lowers_every_score_in_one_call_a_card(
    kept: Place, tmp_path: Path
) -> None:
    plain = kept.copy_to(tmp_path / "plain")
    cook(plain, supported, "")
    summary, kitchen = cook(kept, supported)
    again, second = cook(kept, supported)
    cards = kept.count_cards()
    before, after = drafts_of(plain), drafts_of(kept)

    assert (summary.errors, summary.notes) == ([], [])
    assert kitchen.looks == cards
    assert summary.completions.calls == 2 * cards
    assert before.keys() == after.keys()
    assert all((after[key].score or 0) < (before[key].score or 0) for key in before)
    assert {key: row.text for key, row in after.items()} == {
        key: row.text for key, row in before.items()
    }
    assert (second.model.calls, again.drafts.new, again.completions.calls) == (0, 0, 0)


def test_contradiction_is_found_at_the_sentence_and_its_source(kept: Place, tmp_path: Path) -> None:
    plain = kept.copy_to(tmp_path / "plain")
    cook(plain, supported, "")
    cook(
        kept,
        lambda tone, text: "contradicted" if tone == "mom" and "microwave" in text else "supported",
    )
    ((tone, _, words, source),) = findings_of(kept, "judge_contradicted")
    (key,) = [
        key for key, row in drafts_of(kept).items() if "microwave" in row.text and key[1] == "mom"
    ]
    before, after = drafts_of(plain)[key].score, drafts_of(kept)[key].score

    assert tone == "mom"
    assert "microwave" in words
    assert words.strip() == source.strip()
    assert before is not None
    assert after is not None
    assert after > before


def test_contradiction_flags_a_draft_the_checks_were_in_doubt_about(
    kept: Place, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yaml"
    seeds = kept.settings().policy_file.read_text(encoding="utf-8")
    flagged = re.sub(r"(?m)^flag_from:.*$", "flag_from: {normal: 0.06, high: 0.06}", seeds)
    policy.write_text(flagged, encoding="utf-8")
    kept.overrides["policy_file"] = policy
    plain = kept.copy_to(tmp_path / "plain")
    cook(plain, supported, "")
    cook(kept, lambda tone, text: "contradicted")
    before, after = drafts_of(plain), drafts_of(kept)
    calm = [key for key in before if before[key].risk == "low"]

    assert calm != []
    assert {after[key].risk for key in calm} == {"flagged"}


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (FakeReply("down", 503), "no usable judgement, server error 503"),
        (FakeReply("no", 401), "no usable judgement, refused our key; set OPENAI_API_KEY"),
        (FakeReply("no", 404), "no usable judgement, does not exist there"),
        ("All is well.", "no usable judgement, not JSON"),
        ('{"verdicts": []}', "no usable judgement, wrong form"),
        (FakeReply("", raw=b"<html>", content_type="text/html"), "no usable judgement, "),
    ],
    ids=["down", "refused key", "gone", "prose", "no verdicts", "html"],
)
def test_drafts_stand_and_say_so_when_the_judge_gives_nothing_usable(
    kept: Place, tmp_path: Path, reply: Reply, says: str
) -> None:
    plain = kept.copy_to(tmp_path / "plain")
    cook(plain, supported, "")
    summary, _ = cook(kept, reply)
    again, second = cook(kept, reply)
    before, after = drafts_of(plain), drafts_of(kept)

    assert {key: (row.text, row.score, row.risk) for key, row in after.items()} == {
        key: (row.text, row.score, row.risk) for key, row in before.items()
    }
    assert len(findings_of(kept, "judge_absent")) == len(after)
    assert summary.errors == []
    assert any(
        note.startswith(f"{JUDGE}: {says}") and "; the drafts stand without it" in note
        for note in summary.notes
    ), summary.notes
    assert "wrote instead" not in str(summary.notes)
    assert (second.model.calls, again.drafts.new) == (0, 0)


def test_run_cut_off_before_its_drafts_were_kept_pays_nobody_twice(kept: Place) -> None:
    cook(kept, supported)
    db = kept.open()
    with db.write() as session:
        for row in session.exec(select(FindingRow)):
            session.delete(row)
        for draft in session.exec(select(DraftRow)):
            session.delete(draft)
    db.dispose()
    again, second = cook(kept, supported)

    assert second.model.calls == 0
    assert again.completions.cached == 2 * kept.count_cards()
    assert all((row.score or 1) < 0.5 for row in drafts_of(kept).values())


def test_run_refuses_a_judge_of_unknown_price(kept: Place) -> None:
    with pytest.raises(ConfigError, match="The price of model openai/judge is not known"):
        cook(kept, supported, model=WRITER, allow_unpriced_models=False)


def test_doctor_asks_the_judge_too(place: Place) -> None:
    kitchen = Kitchen(supported)
    with kitchen.model as model:
        ask(place, model, judge_model=JUDGE)
        found = ask_models(place.settings())
    assert [(name, ok) for name, ok, _ in found] == [("openai/fake", True), (JUDGE, True)]
    assert kitchen.looks == 1


def test_doctor_says_what_is_wrong_with_a_judge(place: Place) -> None:
    kitchen = Kitchen("Everything is fine.")
    with kitchen.model as model:
        ask(place, model, judge_model=JUDGE)
        _, (name, ok, says) = ask_models(place.settings())
    assert (name, ok) == (JUDGE, False)
    assert "not valid JSON" in says


def test_dry_run_says_within_a_tenth_what_judge_and_writer_then_use(tmp_path: Path) -> None:
    tokeniser = load_encoding("o200k_base")

    def count(request: Request) -> FakeReply:
        text = judge_all(request, supported) if is_judge(request) else write_reply(request)
        told = [message["content"] for message in request["messages"]]
        tokens_in = sum(len(tokeniser.encode(part)) + 3 for part in told) + 3
        return FakeReply(text, tokens=(tokens_in, len(tokeniser.encode(text))))

    place = Place(tmp_path, "http://127.0.0.1:9").prepare()
    db = place.open()
    set_sources(db, load_sources(place.sources_file))
    stock(db, "harbour", 24)
    with FakeModel(count) as model:
        ask(place, model, model=WRITER, judge_model=DEAR_JUDGE)
        place.overrides |= {
            "max_cost_per_run_usd": Decimal(90),
            "max_cost_per_day_usd": Decimal(90),
        }
        request = RunRequest(stage=Stage.COOK, dry_run=True)
        plan = asyncio.run(make_plan(request, place.settings(), db))
        used = place.run(stage="cook").completions
    db.dispose()

    assert used.calls == 2 * used.cards == 48
    assert plan.tokens_in == pytest.approx(used.tokens_in, rel=0.05)
    assert plan.tokens_out == pytest.approx(used.tokens_out, rel=0.1)
    assert float(plan.cost_usd or 0) == pytest.approx(used.cost_usd, rel=0.1)
    assert plan.judge == DEAR_JUDGE
    written = [total - part for total, part in
               zip((plan.tokens_in, plan.tokens_out), plan.tokens_judge, strict=True)]  # fmt: skip
    costs = price(WRITER, *written), price(DEAR_JUDGE, *plan.tokens_judge)
    assert plan.cost_usd == sum(cost for cost in costs if cost is not None)
