"""The page of tones: what writes, what is tried, how each fares, and the buttons that change it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from lxml import html

from review_ui.marks import Change
from review_ui.tone_compare import Part, compare_files, cut_file
from review_ui.tone_view import judge, name_versions
from stages.types import Draft, Risk
from store.decision_types import By, RejectReason
from store.drafts import DraftView, add_drafts, list_drafts
from store.tables import DraftState
from store.tone_changes import (
    list_standings,
    list_tone_changes,
    promote,
    rollback,
    start_canary,
)
from store.tone_figures import VersionFigures
from store.tones import Place, ToneFile, keep_tone_files
from tests.deciding import reject
from tests.review_ui.desk_data import XSS, DeskData
from tests.review_ui.tone_data import EVIL, NEXT, NEXT_TEXT, TEXT, add_versions, hash_of
from tests.review_ui.visitor import Visitor, text_of
from tests.store.queries import counted_queries

pytestmark = pytest.mark.usefixtures("versions")


@pytest.fixture
def versions(desk: DeskData) -> None:
    add_versions(desk.db)


def article(visitor: Visitor, tone: str = "mom") -> Any:
    return visitor.page("/tones").get_element_by_id(f"tone-{tone}")


def form(visitor: Visitor, action: str, version: str = "", tone: str = "mom") -> Any:
    """The form that does this with this version, as it stands on the page now."""
    found = [
        each
        for each in article(visitor, tone).xpath(".//form")
        if each.get("action") == f"/tones/{tone}/{action}"
        and (not version or dict(each.fields).get("version") == version)
    ]
    return found[0]


def send(visitor: Visitor, form: Any, **more: Any) -> str:
    """What the note at the top of the page says after the form was sent."""
    response = visitor.client.post(form.get("action"), data={**dict(form.fields), **more})
    assert response.status_code == 303, response.text
    assert response.headers["location"].startswith("/tones#tone-")
    return text_of(visitor.page("/tones").get_element_by_id("note"))


def test_page_says_which_version_writes_and_what_waits(mara: Visitor) -> None:
    heads = [text_of(each) for each in mara.page("/tones").xpath("//article/header/h2")]
    assert heads == ["Expert", "Mom", "Engagement"]
    names = [text_of(each) for each in article(mara).xpath(".//*[@class='version-name']")]
    assert names == [
        "1.0 writes now, the file on top hash-mom",
        "1.1 waits in next/ aaaaaaaa",
        "0.9 kept in earlier/ eeeeeeee",
    ]
    assert "1.0 writes" in text_of(article(mara).xpath("./header")[0])


def test_page_is_in_the_bar(mara: Visitor) -> None:
    (link,) = mara.page("/tones").xpath("//nav[@class='nav']//a[@aria-current='page']")
    assert (link.get("href"), text_of(link)) == ("/tones", "Tones")


def test_page_says_before_the_click_what_promoting_means(mara: Visitor, desk: DeskData) -> None:
    waiting = [
        draft
        for drafts in list_drafts(desk.db, list(desk.cards.values())).values()
        for draft in drafts
        if draft.tone == "mom" and draft.state is DraftState.PENDING and not draft.is_edited
    ]
    said = text_of(article(mara).xpath(".//*[contains(@class, 'version-means')]/p")[0])
    assert said == (
        "Promoted, it writes new and changed cards within a minute. "
        f"{len(waiting)} drafts nobody has touched keep their version; making them again is a "
        "choice of its own: spoonful tones recook mom. It costs nothing: the offline writer "
        "writes it."
    )


def test_promote_and_rollback_are_a_click_each_and_on_record(
    mara: Visitor, lin: Visitor, desk: DeskData
) -> None:
    before = list_drafts(desk.db, list(desk.cards.values()))
    assert not [each for each in article(mara).xpath(".//form") if "rollback" in each.get("action")]
    assert send(mara, form(mara, "promote", NEXT), note="Calmer.").startswith("Promoted: it writes")
    assert list_standings(desk.db)["mom"].active == NEXT
    assert text_of(form(lin, "rollback").xpath(".//button")[0]) == "Roll back to 1.0"
    assert send(lin, form(lin, "rollback")).startswith("Rolled back:")
    assert list_standings(desk.db)["mom"].active == hash_of("mom")
    history = [text_of(each) for each in article(mara).xpath(".//ol[@class='history']/li")]
    assert [line.removesuffix("just now") for line in history] == [
        "lin rolled back from 1.1 to 1.0",
        "mara promoted 1.1; 1.0 wrote until then Calmer.",
    ]
    assert list_drafts(desk.db, list(desk.cards.values())) == before


def test_canary_gets_the_share_of_the_button(mara: Visitor, desk: DeskData) -> None:
    start = form(mara, "canary", NEXT)
    assert [each.get("value") for each in start.xpath(".//button")] == ["0.05", "0.1", "0.2", "0.5"]
    assert send(mara, start, share="0.2").startswith("The canary writes its cards")
    canary = list_standings(desk.db)["mom"].canary
    assert canary is not None
    assert (canary.hash, canary.share, canary.groups) == (NEXT, 0.2, ())
    trial = text_of(article(mara).xpath(".//section[@class='trial']")[0])
    assert "The canary 1.1 writes 20 % of the cards" in trial
    assert "Too little to judge it by" in trial
    assert send(mara, form(mara, "stop-canary")).startswith("Canary stopped.")
    assert list_standings(desk.db)["mom"].canary is None


def test_canary_of_groups_is_named_by_their_names(mara: Visitor, desk: DeskData) -> None:
    forms = [
        each
        for each in article(mara).xpath(".//form[@class='group-form']")
        if dict(each.fields)["version"] == NEXT
    ]
    boxes = forms[0].xpath(".//input[@type='checkbox']/@value")
    note = send(mara, forms[0], group=boxes[:2])
    assert note.startswith("The canary writes its cards")
    canary = list_standings(desk.db)["mom"].canary
    assert canary is not None
    assert canary.groups == tuple(boxes[:2])
    names = forms[0].xpath(".//label")
    head = text_of(article(mara).xpath(".//*[@class='trial-head']/h3")[0])
    assert head == f"The canary 1.1 writes the cards of {text_of(names[0])} and {text_of(names[1])}"


@pytest.mark.parametrize(
    ("action", "fields", "note"),
    [
        ("promote", {"version": "nope"}, "There is no such version of mom."),
        ("promote", {"version": hash_of("mom")}, "mom 1.0 is the version that writes already."),
        ("rollback", {}, "No version was promoted that could be rolled back."),
        ("stop-canary", {}, "No canary of mom runs."),
        ("canary", {"version": NEXT}, "Say either a share of the cards or groups."),
        ("canary", {"version": NEXT, "group": ["nope"]}, "There is no group nope."),
        ("promote", {"version": NEXT, "seen": "7"}, "Somebody changed mom since you opened this."),
    ],
)
def test_what_cannot_be_done_is_said_in_a_note(
    mara: Visitor, desk: DeskData, action: str, fields: dict[str, Any], note: str
) -> None:
    sent = {"csrf": mara.csrf(), "seen": "0", **fields}
    response = mara.client.post(f"/tones/mom/{action}", data=sent)
    assert response.status_code == 303
    assert text_of(mara.page("/tones").get_element_by_id("note")).startswith(note)
    assert list_tone_changes(desk.db) == ()


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("promote", {}),
        ("promote", {"version": "x" * 65}),
        ("canary", {"version": NEXT, "share": "2"}),
        ("canary", {"version": NEXT, "share": "nan"}),
        ("rollback", {"seen": "-1"}),
        ("rollback", {"seen": "one"}),
    ],
)
def test_form_that_no_button_sends_is_refused(
    mara: Visitor, desk: DeskData, action: str, fields: dict[str, str]
) -> None:
    sent = {"csrf": mara.csrf(), "seen": "0", **fields}
    assert mara.client.post(f"/tones/mom/{action}", data=sent).status_code == 422
    assert list_tone_changes(desk.db) == ()


@pytest.mark.parametrize("action", ["promote", "rollback", "canary", "stop-canary"])
def test_write_needs_its_token_and_a_person(
    mara: Visitor, lin: Visitor, guest: Visitor, desk: DeskData, action: str
) -> None:
    fields = {"version": NEXT, "seen": "0", "share": "0.2"}
    for token in ("", "guess", lin.csrf()):
        answer = mara.client.post(f"/tones/mom/{action}", data={**fields, "csrf": token})
        assert answer.status_code == 403, token
    answer = guest.client.post(f"/tones/mom/{action}", data={**fields, "csrf": mara.csrf()})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/signin")
    assert list_tone_changes(desk.db) == ()


def test_pages_hold_no_inline_script_style_or_handler(mara: Visitor, desk: DeskData) -> None:
    start_canary(desk.db, "mom", NEXT, 1, share=0.5)
    for path in ("/tones", f"/tones/mom/compare?old={EVIL}&new={NEXT}"):
        tree = mara.page(path)
        assert tree.xpath("//script[not(@src)] | //style | //*[@style]") == []
        assert [name for node in tree.iter() for name in node.attrib if name.startswith("on")] == []


def test_of_two_who_look_at_the_same_page_the_second_is_told(
    mara: Visitor, lin: Visitor, desk: DeskData
) -> None:
    first, second = form(mara, "promote", NEXT), form(lin, "promote", EVIL)
    send(mara, first)
    assert send(lin, second).startswith("Somebody changed mom since you opened this.")
    assert list_standings(desk.db)["mom"].active == NEXT


def test_figures_of_each_version_stand_beside_it(mara: Visitor, desk: DeskData) -> None:
    cards = list(desk.cards.values())

    def mine() -> list[DraftView]:
        found = list_drafts(desk.db, cards).values()
        return [draft for drafts in found for draft in drafts if draft.tone == "mom"]

    made = [
        make_again(draft, Risk.LOW if place else Risk.BLOCKED)
        for place, draft in enumerate(mine()[:4])
        if draft.state is DraftState.PENDING and not draft.is_edited
    ]
    add_drafts(desk.db, made, desk.run_id)
    last = next(draft for draft in mine() if draft.card_id == made[-1].card_id)
    reject(desk.db, last.id, By(1, last.version, 0), RejectReason.TONE)
    rows = article(mara).xpath(".//*[@class='version-fares']")
    said = text_of(rows[1])
    share = round(100 / len(made))
    assert f"{len(made)} drafts {100 - share} % low risk0 % flagged{share} % blocked" in said
    assert f"1 decided, {len(made) - 1} waiting" in said
    assert "0 % as written0 % edited100 % rejected" in said
    assert text_of(rows[2]) == "No draft was made with it yet."


def make_again(view: DraftView, risk: Risk) -> Draft:
    return Draft(
        key=f"next/{view.card_id}", card_id=view.card_id, tone="mom", tone_version="1.1",
        tone_hash=NEXT, lang=view.lang, text=f"{view.text} Calm.", sentences=(),
        model="offline/house", findings=(), risk=risk,
    )  # fmt: skip


def test_page_costs_the_same_queries_however_many_tones_and_changes(
    mara: Visitor, desk: DeskData
) -> None:
    db = mara.client.app.state.services.db  # type: ignore[attr-defined]
    costs = []
    start_canary(desk.db, "mom", NEXT, 1, share=0.5)
    for number in range(2):
        mara.get("/tones")
        with counted_queries(db) as said:
            assert mara.get("/tones").status_code == 200
        costs.append(len(said))
        if number == 0:
            more = [ToneFile(f"h{n}", f"tone{n}", "1.0", TEXT, Place.TOP) for n in range(9)]
            kept = [ToneFile(hash_of(t), t, "1.0", TEXT, Place.TOP) for t in ("mom", "expert")]
            keep_tone_files(desk.db, [*more, *kept, ToneFile("z", "expert", "2", TEXT, Place.NEXT)])
            promote(desk.db, "expert", "z", 1)
            rollback(desk.db, "expert", 1)
    assert costs[0] == costs[1] <= 26


# --- what two versions say differently -----------------------------------------------------------


def test_comparison_shows_rules_and_text_that_differ(mara: Visitor) -> None:
    (link, *_) = article(mara).xpath(".//a[text()='What differs']/@href")
    page = mara.page(link)
    assert text_of(page.xpath("//h1")[0]) == "Mom from 1.0 to 1.1"
    rules = {
        text_of(each.xpath("./dt")[0]): text_of(each.xpath("./dd")[0])
        for each in page.xpath("//*[@class='rule-changes']/div")
    }
    assert rules == {"version": '"1.01.1"', "emoji_max": "31"}
    texts = {
        text_of(each.xpath("./h3")[0]): (
            [text_of(mark) for mark in each.xpath(".//ins")],
            [text_of(mark) for mark in each.xpath(".//del")],
        )
        for each in page.xpath("//section[@class='text-change']")
    }
    assert texts == {
        "English › We are": (["calm"], []),
        "中文 › 我们是": (["沉得住气的"], []),
    }


def test_comparison_escapes_what_a_file_holds(mara: Visitor) -> None:
    answer = mara.get(f"/tones/mom/compare?old={hash_of('mom')}&new={EVIL}")
    assert answer.status_code == 200
    assert XSS not in answer.text
    assert "<script>alert" not in answer.text
    assert html.fromstring(answer.text).xpath("//script[not(@src)]") == []


@pytest.mark.parametrize(
    "query", ["", "?old=nope&new=nope", f"?old=hash-mom&new={hash_of('expert')}", "?old=%00&new=x"]
)
def test_comparison_of_what_there_is_not_is_not_found(mara: Visitor, query: str) -> None:
    assert mara.get(f"/tones/mom/compare{query}").status_code == 404


def test_file_is_cut_into_rules_and_sections_without_losing_a_line() -> None:
    parts = cut_file(TEXT)
    assert list(parts) == [
        ("rule", "id"),
        ("rule", "version"),
        ("rule", "emoji_max"),
        ("rule", "hooks"),
        ("text", ""),
        ("text", "English"),
        ("text", "English", "We are"),
        ("text", "中文"),
        ("text", "中文", "我们是"),
    ]
    assert parts["rule", "hooks"] == 'en:\n    any: ["One thing less to look up."]'
    assert parts["text", "中文", "我们是"] == "读过指南的那位朋友。"


def test_heading_that_stands_twice_is_told_apart() -> None:
    text = "# A\none\n## B\ntwo\n## B\nthree\n# A\nfour"
    assert cut_file(text) == {
        ("text", "A"): "one",
        ("text", "A", "B"): "two",
        ("text", "A", "B (2)"): "three",
        ("text", "A (2)"): "four",
    }


def test_part_that_only_one_file_has_is_added_or_removed_whole() -> None:
    old, new = "# A\nsame\n# B\ngone", "# A\nsame\n# C\nhere"
    assert compare_files(old, new) == (
        Part(("C",), False, (Change("added", "here"),)),
        Part(("B",), False, (Change("removed", "gone"),)),
    )
    assert compare_files(TEXT, TEXT) == ()
    assert {part.title for part in compare_files(TEXT, NEXT_TEXT)} == {
        part.title for part in compare_files(NEXT_TEXT, TEXT)
    }


# --- what the figures say ------------------------------------------------------------------------


def test_too_few_drafts_are_not_judged() -> None:
    few = VersionFigures(drafts=29, low=29)
    (said,) = judge(few, replace(few, drafts=900, low=0, blocked=900))
    assert said.startswith("Too little to judge it by")


def test_difference_is_told_from_chance() -> None:
    active = VersionFigures(drafts=200, low=160, flagged=40, approved=80, rejected=20)
    same = VersionFigures(drafts=50, low=38, flagged=12, approved=25, rejected=5)
    better = VersionFigures(drafts=50, low=49, flagged=1, approved=20, rejected=20)
    assert judge(same, active) == (
        "24 % of its drafts are flagged or blocked, 20 % of the others: "
        "no more of a difference than chance makes.",
        "83 % of its drafts are approved as written, 80 % of the others: "
        "no more of a difference than chance makes.",
    )
    assert judge(better, active) == (
        "2 % of its drafts are flagged or blocked, 20 % of the others: fewer, and not by chance.",
        "50 % of its drafts are approved as written, 80 % of the others: fewer, and not by chance.",
    )


def test_nothing_of_either_is_no_difference() -> None:
    clean = VersionFigures(drafts=40, low=40)
    assert judge(clean, clean) == (
        "0 % of its drafts are flagged or blocked, 0 % of the others: "
        "no more of a difference than chance makes.",
    )


def test_versions_of_the_same_number_are_named_by_their_hash() -> None:
    files = [
        ToneFile("abcdef0123", "mom", "1.0", "", Place.TOP),
        ToneFile("9876543210", "mom", "1.0", "", Place.GONE),
        ToneFile("5555555555", "mom", "1.1", "", Place.NEXT),
    ]
    assert name_versions(files) == {
        "abcdef0123": "1.0 (abcdef01)",
        "9876543210": "1.0 (98765432)",
        "5555555555": "1.1",
    }
