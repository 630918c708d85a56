"""Writing one draft again because an editor asked."""

from __future__ import annotations

import asyncio
import json

import pytest

from flows.recook import NO_VARIANT, recook_open
from stages.types import Risk
from store.cook_requests import RequestState, ask, get_last
from store.decision_types import By
from store.decisions import edit
from store.drafts import DraftView, list_drafts
from store.engine import Database
from store.runs import list_runs
from store.users import add_user
from tests.fakes import FakeModel, FakeReply, Request, quote_card
from tests.flows.small_site import Place
from tests.flows.test_line_model import ask as point_at
from tests.flows.test_line_model import current_drafts


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch, _no_settings_from_outside: None) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")


def first_draft(place: Place, tone: str) -> tuple[str, int]:
    row = next(row for row in current_drafts(place) if row.tone == tone and row.risk != "blocked")
    return row.card_id, row.id or 0


def drafts_of(db: Database, card_id: str) -> dict[str, DraftView]:
    return {draft.tone: draft for draft in list_drafts(db, [card_id])[card_id]}


def reword(request: Request) -> str:
    """As `quote_card`, and one sentence more."""
    reply = json.loads(quote_card(request))
    for sentences in reply.values():
        sentences.append({"text": "\n\nTake your time.", "source_ids": [], "fact_ids": []})
    return json.dumps(reply)


def test_model_is_told_the_note_and_only_that_tone_is_replaced(kept: Place) -> None:
    with FakeModel(quote_card) as model:
        point_at(kept, model)
        kept.run()
    card_id, draft_id = first_draft(kept, "mom")
    db = kept.open()
    ada = add_user(db, "ada", "hash").id
    before = drafts_of(db, card_id)
    edit(db, draft_id, By(ada, 1), "By hand.", [], Risk.LOW)
    ask(db, draft_id, By(ada, 2), "Put the warning first.")
    with FakeModel(reword) as model:
        point_at(kept, model)
        taken = asyncio.run(recook_open(kept.settings(), db))
        asked = [m["content"] for m in model.requests[0]["messages"]]
        calls = model.calls
    found = get_last(db, draft_id)
    after = drafts_of(db, card_id)
    assert found is not None
    assert (taken, calls, found.state, found.error) == (1, 1, RequestState.DONE, "")
    assert "Put the warning first." in asked[-1]
    assert (after["mom"].id, after["mom"].is_edited) == (found.new_draft_id, False)
    assert after["mom"].text.endswith("Take your time.")
    assert {t: d for t, d in after.items() if t != "mom"} == {
        t: d for t, d in before.items() if t != "mom"
    }
    run = list_runs(db)[0]
    assert (run.kind, run.requested_by, run.note) == ("recook", "ada", "Put the warning first.")
    db.dispose()
    with FakeModel(reword) as model:
        point_at(kept, model)
        assert kept.run(stage="cook").drafts.new == 0  # the next run leaves it as it is


def test_failure_says_why_and_leaves_the_draft(kept: Place) -> None:
    with FakeModel(quote_card) as model:
        point_at(kept, model)
        kept.run()
    card_id, draft_id = first_draft(kept, "mom")
    db = kept.open()
    before = drafts_of(db, card_id)
    ask(db, draft_id, By(add_user(db, "ada", "hash").id, 1))
    with FakeModel([FakeReply(status=401)]) as model:
        point_at(kept, model)
        asyncio.run(recook_open(kept.settings(), db))
    found = get_last(db, draft_id)
    assert found is not None
    assert found.state is RequestState.FAILED
    assert "refused our key" in found.error
    assert drafts_of(db, card_id) == before
    db.dispose()


def test_offline_writer_gives_its_variants_and_then_says_that_there_is_no_other(
    kept: Place,
) -> None:
    kept.run()
    card_id, _draft_id = first_draft(kept, "mom")
    db = kept.open()
    ada = add_user(db, "ada", "hash").id
    texts = {drafts_of(db, card_id)["mom"].text}
    for _ in range(20):
        draft = drafts_of(db, card_id)["mom"]
        ask(db, draft.id, By(ada, draft.version), "Shorter.")
        asyncio.run(recook_open(kept.settings(), db))
        found = get_last(db, draft.id)
        assert found is not None
        if found.state is RequestState.FAILED:
            break
        text = drafts_of(db, card_id)["mom"].text
        assert text not in texts
        texts.add(text)
    assert found.error == NO_VARIANT
    assert len(texts) > 1
    db.dispose()
