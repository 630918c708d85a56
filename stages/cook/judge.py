"""A second model's word on a card's drafts, sentence by sentence: supported or not.

One call a card, over all its drafts that a model wrote, through the ledger like any other. The
verdict is one more piece of evidence for the score; it lifts no finding and blocks nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from stages.cook.breaker import Patience
from stages.cook.complete import Gateway
from stages.cook.compose import compose_spans
from stages.cook.facts import read_card
from stages.cook.ledger import Ledger
from stages.cook.offline import OFFLINE_MODEL
from stages.cook.parse import ReplyError, load_json
from stages.cook.paying import Call, pay_once
from stages.cook.prompt import Message, fill
from stages.cook.risk import assess_risk
from stages.cook.score import with_judge
from stages.cook.tally import Tally
from stages.cook.tokens import count_tokens
from stages.errors import BudgetError, InFlightError, StageError
from stages.types import Card, Draft, DraftSentence, Finding, Severity
from tones.load import House, Tone, pick

NO_JUDGEMENT = "no usable judgement"
"""How `CookResult.problems` names a judge's fault, after the model."""

TOKENS_PER_SENTENCE = 24
"""What a verdict takes in a reply: its keys, an id or two, the word."""


class Verdict(StrEnum):
    SUPPORTED = "supported"
    NOT_SUPPORTED = "not_supported"
    CONTRADICTED = "contradicted"


_GRAVITY = tuple(Verdict)

ABSENT = Finding("judge_absent", Severity.INFO, "The judge model gave no usable answer.")

_MESSAGES = {
    Verdict.NOT_SUPPORTED: ("judge_not_supported", "The judge model finds no support for this."),
    Verdict.CONTRADICTED: ("judge_contradicted", "The judge model reads the card otherwise."),
}


Written = Mapping[str, Sequence[DraftSentence]]
"""The sentences of drafts, by tone."""


def judge_messages(card: Card, drafts: Written, house: House) -> list[Message]:
    """System message (the same for every card), then the card's sentences and the drafts'."""
    reading = read_card(card.text, card.lang)
    # One line each, so that no text can pass for a sentence of another number.
    source = "\n".join(f"[{s.id}] {_flat(s.text)}" for s in reading.sentences)
    written = "\n".join(
        f"[{tone}.{number}] {_flat(sentence.text)}"
        for tone, sentences in drafts.items()
        for number, sentence in enumerate(sentences, start=1)
    )
    fence = "drafts-" + hashlib.sha256(f"{source}\n{written}".encode()).hexdigest()[:12]
    schema = json.dumps(judge_schema())
    return [
        {"role": "system", "content": fill(house.judge, {"output_schema": schema})},
        {
            "role": "user",
            "content": fill(house.judged, {"fence": fence, "sentences": source, "drafts": written}),
        },
    ]


def _flat(text: str) -> str:
    return " ".join(text.split())


def judge_schema() -> dict[str, object]:
    """JSON Schema of the reply: one verdict a draft sentence."""
    verdict = {
        "type": "object",
        "properties": {
            "sentence": {"type": "string"},
            "verdict": {"type": "string", "enum": [each.value for each in Verdict]},
            "source_ids": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["sentence", "verdict", "source_ids"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"verdicts": {"type": "array", "items": verdict}},
        "required": ["verdicts"],
        "additionalProperties": False,
    }


def estimate_judge(card: Card, drafts: Written, house: House, model: str) -> tuple[int, int]:
    """Tokens (in, out) the call is likely to take."""
    messages = judge_messages(card, drafts, house)
    sentences = sum(map(len, drafts.values()))
    told = sum(count_tokens(message["content"], model) for message in messages)
    return told, 16 + TOKENS_PER_SENTENCE * sentences


def foresee_judge(card: Card, tones: Sequence[Tone], house: House, model: str) -> tuple[int, int]:
    """`estimate_judge` before anything is written: as if each tone took over the card's sentences
    and ended with its own last line.
    """
    body = [s.text for s in read_card(card.text, card.lang).sentences]
    drafts = {
        tone.id: [DraftSentence(t) for t in (*body, pick(tone.disclaimer, card.lang)) if t]
        for tone in tones
    }
    return estimate_judge(card, drafts, house, model)


def read_verdicts(text: str, card: Card, drafts: Written) -> dict[str, tuple[Finding, ...]]:
    """Findings by tone; a tone without any is fully supported.

    Of two verdicts on one sentence the graver one counts; one on a sentence that does not exist
    counts for nothing. Raises ReplyError when the reply is no such JSON or leaves a sentence out:
    silence is not support.
    """
    told = _read_rows(text)
    reading = read_card(card.text, card.lang)
    spans = {s.id: (s.start, s.end) for s in reading.sentences}
    found: dict[str, tuple[Finding, ...]] = {}
    for tone, sentences in drafts.items():
        _, places = compose_spans(sentences, card.lang)
        findings = []
        for number, place in enumerate(places, start=1):
            if f"{tone}.{number}" not in told:
                raise ReplyError(f"no verdict on sentence {number} of {tone}")
            verdict, ids = told[f"{tone}.{number}"]
            if verdict is Verdict.SUPPORTED:
                continue
            check, message = _MESSAGES[verdict]
            known = next((spans[i] for i in ids if isinstance(i, str) and i in spans), None)
            findings.append(Finding(check, Severity.MAJOR, message, place, known))
        found[tone] = tuple(findings)
    return found


def _read_rows(text: str) -> dict[str, tuple[Verdict, Sequence[object]]]:
    """Verdict and source ids by the id of the draft's sentence."""
    data = load_json(text)
    rows = data.get("verdicts") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        raise ReplyError("expected an object with a list of verdicts")
    told: dict[str, tuple[Verdict, Sequence[object]]] = {}
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("sentence"), str):
            raise ReplyError("expected each verdict as {sentence, verdict, source_ids}")
        ids = row.get("source_ids")
        try:
            verdict = Verdict(str(row.get("verdict")))
        except ValueError:
            raise ReplyError("a verdict is none of those asked for") from None
        name = row["sentence"].strip("[] ")
        if name not in told or _GRAVITY.index(verdict) > _GRAVITY.index(told[name][0]):
            told[name] = verdict, ids if isinstance(ids, list) else []
    return told


@dataclass(frozen=True, slots=True)
class Bench:
    """model: who judges. flag_from: as in `ToneRules`. The rest as in `CookSettings`."""

    model: str
    house: House
    flag_from: tuple[float, float]
    deadline_s: float
    max_wait_s: float
    generation: int


async def judge_drafts(
    card: Card,
    drafts: Sequence[Draft],
    bench: Bench,
    ledger: Ledger,
    gateway: Gateway,
    tally: Tally,
) -> list[Draft]:
    """The drafts with what the judge says of those a model wrote, scored and rated anew.

    Without a usable answer they stay as they are, and say so (tally.problems says why). Raises
    InFlightError while another process asks about the same drafts, and BudgetError.
    """
    asked = [draft for draft in drafts if draft.model != OFFLINE_MODEL]
    if not asked:
        return list(drafts)
    found = await _ask(card, asked, bench, ledger, gateway, tally)
    return [
        _judged(card, draft, bench, found) if draft.model != OFFLINE_MODEL else draft
        for draft in drafts
    ]


def _judged(
    card: Card, draft: Draft, bench: Bench, found: Mapping[str, tuple[Finding, ...]] | None
) -> Draft:
    if found is None:
        return replace(draft, findings=(*draft.findings, ABSENT))
    findings = (*draft.findings, *found[draft.tone])
    chance = with_judge(draft.score, found[draft.tone])
    risk = assess_risk(findings, chance, card.stakes, bench.flag_from)
    return replace(draft, findings=findings, score=chance, risk=risk)


async def _ask(
    card: Card,
    drafts: Sequence[Draft],
    bench: Bench,
    ledger: Ledger,
    gateway: Gateway,
    tally: Tally,
) -> dict[str, tuple[Finding, ...]] | None:
    written = {draft.tone: draft.sentences for draft in drafts}
    tokens = estimate_judge(card, written, bench.house, bench.model)
    call = Call(
        model=bench.model,
        messages=judge_messages(card, written, bench.house),
        schema=judge_schema(),
        tokens=tokens,
        generation=bench.generation,
        deadline_s=bench.deadline_s,
        max_tokens=2 * tokens[1] + 200,
        is_last=False,  # the drafts stand without it, so no card waits for one that is down
    )
    try:
        text = await pay_once(call, ledger, gateway, tally, Patience(bench.max_wait_s))
        return read_verdicts(text, card, written)
    except (InFlightError, BudgetError):
        raise
    except ReplyError as error:
        tally.problems.append(f"{bench.model}: {NO_JUDGEMENT}, {error.kind}: {error}")
    except StageError as error:
        why = str(error).removeprefix(bench.model).lstrip(": ")
        tally.problems.append(f"{bench.model}: {NO_JUDGEMENT}, {why}")
    return None
