"""Extraction on small pages, one kind of markup each."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.procure.charset import decode_body
from stages.procure.extract import extract_page
from stages.types import BlockKind, CalloutKind

URL = "https://example.org/guides/milk"
FILLER = (
    "<p>Babies feed when they are hungry, and most of them feed often in the first weeks.</p>"
    "<p>Hold your baby close, and let the feed last as long as your baby wants it to last.</p>"
)


def extract(main: str, *, head: str = "", around: str = "{}", lang: str = "en"):
    page = (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        f"<title>Milk | Test Press</title>{head}</head><body>"
        f"{around.format(f'<h1>Milk</h1>{FILLER}{main}')}</body></html>"
    )
    return extract_page(page.encode(), URL, "text/html; charset=utf-8")


def rows(main: str, **options):
    """(kind, text) of the blocks after the filler."""
    return [(block.kind.value, block.text) for block in extract(main, **options).blocks[2:]]


def blocks(main: str, **options):
    return extract(main, **options).blocks[2:]


# --- headings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markup", "level"),
    [
        ("<h4>Signs</h4>", 4),
        ('<div role="heading" aria-level="3">Signs</div>', 3),
        ('<span role="heading" aria-level="5">Signs</span>', 5),
        ("<p><strong>Signs</strong></p>", 2),
        ("<p><b>Sig</b><b>ns</b></p>", 2),
        ("<p><span style='font-weight: bold'>Signs</span></p>", 2),
        ("<div><strong>Signs</strong></div>", 2),
        ('<div role="heading" aria-level="9">Signs</div>', 6),
        ("<h2><a href='#signs' class='anchor'>#</a>Signs</h2>", 2),
        ("<h2>Si<i>gn</i>s<br></h2>", 2),
    ],
)
def test_extract_reads_headings_of_every_make(markup, level):
    found = blocks(f"{markup}<p>They turn their head and open their mouth wide.</p>")
    assert [(block.kind, block.text, block.level) for block in found] == [
        (BlockKind.HEADING, "Signs", level),
        (BlockKind.PARAGRAPH, "They turn their head and open their mouth wide.", 0),
    ]


@pytest.mark.parametrize(
    "markup",
    [
        "<p><b>Never leave a baby alone.</b></p>",
        "<p><b>Call your midwife if:</b></p>",
        "<p><b>Note</b> that milk keeps for four hours.</p>",
    ],
)
def test_extract_leaves_bold_sentences_and_lead_ins_paragraphs(markup):
    found = rows(f"{markup}<p>Milk keeps for four hours in a room.</p>")
    assert [kind for kind, _ in found] == ["paragraph", "paragraph"]


def test_extract_makes_a_bold_line_with_nothing_under_it_a_paragraph():
    assert rows("<h2>Who</h2><p>Ask us.</p><p><b>Test Press Health Line</b></p>")[-1] == (
        "paragraph",
        "Test Press Health Line",
    )


def test_extract_puts_a_panel_one_level_under_what_it_stands_in():
    found = blocks(
        "<h2>Feeding</h2><details><summary>How often?</summary><ul><li>Eight times a day</li></ul>"
        "<table><tr><th>Age</th><th>Feeds</th></tr><tr><td>1 week</td><td>8</td></tr></table>"
        "</details><details open><summary>How long?</summary>Until your baby lets go.</details>"
    )
    assert [(block.kind.value, block.text, block.level) for block in found] == [
        ("heading", "Feeding", 2),
        ("heading", "How often?", 3),
        ("list_item", "Eight times a day", 1),
        ("table_row", "Age: 1 week; Feeds: 8", 0),
        ("heading", "How long?", 3),
        ("paragraph", "Until your baby lets go.", 0),
    ]


@pytest.mark.parametrize("box", ["p", "div"])
def test_extract_reads_a_bold_first_line_as_a_heading(box):
    assert rows(f"<{box}><b>Signs</b><br>They turn their head.</{box}>") == [
        ("heading", "Signs"),
        ("paragraph", "They turn their head."),
    ]
    found = rows(f"<{box}><b>1 in 4 babies</b><br>sleeps through the night.</{box}>")
    assert [kind for kind, _ in found] == ["paragraph"]


def test_extract_ends_what_a_heading_of_a_box_heads_with_the_box():
    found = blocks(
        '<div class="warning"><h4>Never</h4><p>Never shake a baby.</p></div>'
        "<p><b>Signs</b></p><p>They turn their head.</p>"
    )
    assert [(block.text, block.level) for block in found if block.kind is BlockKind.HEADING] == [
        ("Never", 4),
        ("Signs", 2),
    ]


# --- lists ---------------------------------------------------------------------------------------


def test_extract_keeps_nested_lists_with_level_group_and_number():
    found = blocks(
        "<ol start='3'><li><p>Wash.</p><p>Dry well.</p></li><li>Boil:<ul><li>kettle</li></ul>"
        "then cool.</li></ol><ul><li>Cup</li></ul>"
    )
    assert [(b.text, b.level, b.group, b.marker) for b in found] == [
        ("Wash. Dry well.", 1, 1, "3."),
        ("Boil:", 1, 1, "4."),
        ("kettle", 2, 1, ""),
        ("then cool.", 1, 1, ""),
        ("Cup", 1, 2, ""),
    ]


def test_extract_reads_short_definitions_as_items_and_long_ones_as_sections():
    short = "<dt>Iron</dt><dd>27 mg</dd><dt>Cheese:</dt><dd>Avoid.</dd><dd>Hard is fine.</dd>"
    assert rows(f"<dl>{short}</dl>") == [
        ("list_item", "Iron: 27 mg"),
        ("list_item", "Cheese: Avoid. Hard is fine."),
    ]  # fmt: skip
    assert rows("<dl><dt>Iron</dt><dd><p>Eat:</p><ul><li>lentils</li></ul></dd></dl>") == [
        ("heading", "Iron"),
        ("paragraph", "Eat:"),
        ("list_item", "lentils"),
    ]


def test_extract_reads_lists_written_with_signs_and_line_breaks():
    assert rows("<p>Bring:<br>• nappies<br>• a hat</p><p>* Ask first.</p>") == [
        ("paragraph", "Bring:"),
        ("list_item", "nappies"),
        ("list_item", "a hat"),
        ("paragraph", "* Ask first."),
    ]


# --- tables --------------------------------------------------------------------------------------


def test_extract_keeps_a_dose_list_inside_a_table_cell():
    found = rows(
        "<table><caption>Doses</caption><thead><tr><th>Age</th><th>Dose</th></tr></thead><tbody>"
        "<tr><td>3 months</td><td><ul><li>2.5 ml</li><li>at most 4 times</li></ul></td></tr>"
        "</tbody></table>"
    )
    assert found == [
        ("caption", "Doses"),
        ("table_row", "Age: 3 months; Dose: 2.5 ml, at most 4 times"),
    ]


def test_extract_expands_spans_so_that_every_row_reads_alone():
    found = rows(
        "<table><tr><th rowspan=2>Age</th><th colspan=2>Milk</th></tr>"
        "<tr><th>Day</th><th>Night</th></tr>"
        "<tr><td rowspan=2>1 month</td><td>5</td><td>3</td></tr><tr><td colspan=2>8 in"
        " all</td></tr>"
        "<tr><td colspan=3>Older babies</td></tr><tr><td>1"
        " year</td><td>2</td><td>0</td></tr></table>"
    )
    assert found == [
        ("table_row", "Age: 1 month; Milk, Day: 5; Milk, Night: 3"),
        ("table_row", "Age: 1 month; Milk, Day / Milk, Night: 8 in all"),
        ("caption", "Older babies"),
        ("table_row", "Age: 1 year; Milk, Day: 2; Milk, Night: 0"),
    ]


def test_extract_reads_a_table_of_row_headers():
    found = rows(
        "<table><tr><th>Room</th><td>4 hours</td></tr><tr><th>Fridge</th><td>4"
        " days</td></tr></table>"
    )
    assert found == [("table_row", "Room: 4 hours"), ("table_row", "Fridge: 4 days")]


def test_extract_walks_a_layout_table_like_a_box():
    found = rows(
        "<table role='presentation'><tr><td><p>One"
        " feed.</p><ul><li>Burp</li></ul></td></tr></table>"
    )
    assert found == [("paragraph", "One feed."), ("list_item", "Burp")]


def test_extract_survives_absurd_spans():
    found = rows("<table><tr><td colspan=999999999>A</td><td rowspan=77777>B</td></tr></table>")
    assert "".join(text for _, text in found).replace(": ", "") == "AB"


# --- running text --------------------------------------------------------------------------------


def test_extract_keeps_captions_bare_text_and_lists_in_figures():
    found = rows(
        "<div>Bare text stays. <b>All</b> of it.<figure><img alt='A baby' src=a.png>"
        "<ul><li>In a figure</li></ul><figcaption>Figure 1. A latch.</figcaption></figure></div>"
        '<p class="wp-caption-text">A cup.</p>'
    )
    assert found == [
        ("paragraph", "Bare text stays. All of it."),
        ("list_item", "In a figure"),
        ("caption", "Figure 1. A latch."),
        ("caption", "A cup."),
    ]


def test_extract_ties_footnotes_and_keeps_exponents():
    found = rows(
        '<p id="t">Give it by 24 weeks.<sup><a href="#n1">1</a></sup> Use 400 IU<sup>2,3</sup>'
        " a day"
        " for 1.5 m<sup>2</sup> or 10<sup>5</sup> drops of CO<sub>2</sub> on the"
        " 1<sup>st</sup>.</p>"
        '<ol><li id="n1">See the schedule. <a href="#t" role="doc-backlink">↩</a></li></ol>'
    )
    assert found == [
        (
            "paragraph",
            "Give it by 24 weeks.[1] Use 400 IU a day for 1.5 m² or 10^5 drops of CO2 on the 1st.",
        ),
        ("footnote", "[1] See the schedule."),
    ]  # fmt: skip


def test_extract_cuts_chinese_lines_at_their_breaks():
    found = rows(
        "<p>　　每次喂奶后拍嗝。<br>　　不要摇晃宝宝，\n可能造成脑出血。</p>", lang="zh-CN"
    )
    assert found == [
        ("paragraph", "每次喂奶后拍嗝。"),
        ("paragraph", "不要摇晃宝宝， 可能造成脑出血。"),
    ]


@pytest.mark.parametrize(
    ("box", "kind"),
    [
        ('<div class="alert-box"><p>Never shake a baby.</p></div>', CalloutKind.WARNING),
        ('<div class="alert"><p>Call 999 if it is limp.</p></div>', CalloutKind.WHEN_TO_CALL),
        ('<div class="card card--emergency"><h3>Act</h3></div>', CalloutKind.WHEN_TO_CALL),
        ('<div role="note"><p>A cup is fine too.</p></div>', CalloutKind.TIP),
        ('<aside class="callout"><p>A cup is fine.</p></aside>', CalloutKind.TIP),
        ('<div class="tip"><p>立即拨打120，不要等待。</p></div>', CalloutKind.WHEN_TO_CALL),
        ('<div class="notice warning"><p>警告：不要加糖。</p></div>', CalloutKind.WARNING),
        ("<div><p>A cup is fine.</p></div>", CalloutKind.NONE),
    ],
)  # fmt: skip
def test_extract_knows_the_kind_of_a_box(box, kind):
    around = "<main>{}</main>"
    assert {block.callout for block in blocks(box, around=around)} == {kind}


# --- what is not the guide -----------------------------------------------------------------------

FURNITURE = [
    '<nav><a href="/a">Feeding</a></nav>',
    '<div class="cookie-banner"><p>We use cookies to measure visits. Accept?</p></div>',
    '<div class="shareBar"><a href="#">Email</a> <a href="#">Chat</a></div>',
    '<section><h2>Related articles</h2><ul><li><a href="/b">Sleep</a></li></ul></section>',
    '<div class="x1"><h3>You may also like</h3><p><a href="/b">Sleep and your baby</a></p></div>',
    '<div id="newsletter"><p>One letter a week about your baby.</p><form><input></form></div>',
    '<section id="comments"><h2>Comments</h2><p>Ann: mine loved the blue cup best.</p></section>',
    "<footer><p>© 2026 Test Press. All rights reserved.</p></footer>",
    "<p>Last reviewed: 3 March 2026</p>",
    "<p>Was this page helpful?</p>",
    "<p>审核日期：2026-03-03</p>",
    "<p>Sleep team · first published 30 Sep 2024 · revision history</p>",
    "<p>By the feeding desk | Updated 3 May 2026</p>",
    "<p>儿童保健科 · 更新于2026年5月3日</p>",
    '<div class="xg"><h3>相关阅读</h3><ul><li><a href="/c">新生儿护理</a></li></ul></div>',
]


@pytest.mark.parametrize("furniture", FURNITURE)
@pytest.mark.parametrize("around", ["<main>{}</main>", '<div class="c">{}</div>'])
def test_extract_drops_furniture(furniture, around):
    assert rows(f"<h2>Cups</h2><p>A cup is fine.</p>{furniture}", around=around) == [
        ("heading", "Cups"),
        ("paragraph", "A cup is fine."),
    ]


@pytest.mark.parametrize(
    "name", ["work-related-stress", "shared-care", "footer-care", "page-with-sidebar", "no-ads"]
)
def test_extract_keeps_sections_whose_names_only_sound_like_furniture(name):
    around = f'<div id="{name}-and-you" class="content">{{}}</div>'
    assert rows("<p>A cup is fine.</p>", around=around) == [("paragraph", "A cup is fine.")]


@pytest.mark.parametrize(
    "advice",
    [
        "Checked by the midwife at six weeks",
        "Reviewed with your doctor before the flight",
        "by giving 1000 IU of vitamin D a day",
        "By 2000 calories a day at most",
        "Cookies keep for three days in a tin",
        "Share a room, not a bed",
        "Print the plan and keep it by the door",
        "来源：动物肝脏、红肉、强化铁米粉",
        "阅读10分钟绘本，然后关灯",
        "扫描前不要喂奶",
        "Check the date on the pack · throw away milk published as unsafe",
        "The plan was last updated in 2026 · ask your clinic which one applies.",
    ],
)
def test_extract_never_takes_advice_for_furniture(advice):
    found = rows(f"<p>Do this:</p><ul><li>{advice}</li></ul><p>{advice}</p>")
    assert found == [("paragraph", "Do this:"), ("list_item", advice), ("paragraph", advice)]


# --- hidden text ---------------------------------------------------------------------------------

STYLE = (
    "<style>.off{position:absolute;left:-9999px}.w{color:#FFF}.tiny{font-size:1px}"
    ".gone .x{display:none}.dark{background:#000}.dark .t{color:#fff}@media print{.p{display:none}}"
    "</style>"
)


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display:none">INJECTED</div>',
        '<p style="visibility: hidden !important">INJECTED</p>',
        "<p hidden>INJECTED</p>",
        '<p aria-hidden="true">INJECTED</p>',
        '<p class="off">INJECTED</p>',
        '<p>A cup<span class="w"> INJECTED</span> is fine.</p>',
        '<p>A cup is fine.<span class="tiny">INJECTED</span></p>',
        '<p>A cup is fine.<font color="white" style="color:white">INJECTED</font></p>',
        '<div class="gone"><p class="x">INJECTED</p></div>',
        '<p style="opacity:0">INJECTED</p>',
        '<p style="text-indent:-9999px">INJECTED</p>',
        '<span class="sr-only">INJECTED</span>',
        "<!-- INJECTED -->",
        '<img src="a.png" alt="INJECTED">',
        '<div style="height:0;overflow:hidden">INJECTED</div>',
        '<p>A cup is fine.\u200b<span style="font-size:0">INJECTED</span></p>',
    ],
)
def test_extract_keeps_hidden_text_as_evidence_only(hidden):
    found = extract(f"{hidden}<p>Water is fine too.</p>", head=STYLE)
    assert not any("INJECTED" in block.text for block in found.blocks)
    assert any("INJECTED" in line for line in found.hidden)
    assert found.blocks[-1].text == "Water is fine too."


@pytest.mark.parametrize(
    "shown",
    [
        '<div class="dark"><p class="t">A cup is fine.</p></div>',
        '<p style="color:#fff;background:#111">A cup is fine.</p>',
        '<p class="p">A cup is fine.</p>',
        '<button aria-controls="more">More</button><div id="more" hidden>A cup is fine.</div>',
        '<p style="font-size:1em">A cup is fine.</p>',
    ],
)
def test_extract_shows_what_readers_can_see(shown):
    assert ("paragraph", "A cup is fine.") in rows(shown, head=STYLE)


def test_extract_takes_invisible_characters_out():
    assert rows("<p>Give\u200b no\u202e honey\u0007 to ba\u00adbies\U000e0041.</p>") == [
        ("paragraph", "Give no honey to babies.")
    ]


# --- metadata ------------------------------------------------------------------------------------


def test_extract_reads_what_the_page_says_of_itself():
    found = extract(
        "",
        head='<link rel="canonical" href="/guides/milk?x=1"><link rel=next href="/guides/milk/2">'
        '<script type="application/ld+json">{"@graph":[{"lastReviewed":"2026-02-03"}]}</script>',
        around='<main>{}</main><footer>Text is <a rel="license" href="/l">CC BY 4.0</a>.</footer>',
    )
    assert (found.title, found.lang, found.canonical, found.next_url, found.reviewed) == (
        "Milk",
        "en",
        "https://example.org/guides/milk?x=1",
        "https://example.org/guides/milk/2",
        "2026-02-03",
    )
    assert found.licence == "Text is CC BY 4.0."


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("en-GB", "Milk", "en"),
        ("zh-CN", "宝宝发热要看医生", "zh-Hans"),
        ("zh-TW", "寶寶發熱要看醫生", "zh-Hant"),
        ("zh-HK", "寶寶發熱要看醫生", "zh-Hant"),
        ("zh", "這個寶寶發熱了要看醫生", "zh-Hant"),
        ("en", "这个宝宝发热了要马上去看医生，不要等待。" * 9, "zh-Hans"),
        ("pt-BR", "Leite", "pt"),
    ],
)
def test_extract_names_the_language(lang, text, expected):
    page = f"<html lang='{lang}'><body><main><p>{text}</p></main></body></html>"
    assert extract_page(page.encode(), URL).lang == expected


@pytest.mark.parametrize(
    ("head", "h1", "title"),
    [
        ("Milk and cups | Test Press", "", "Milk and cups"),
        ("Test Press: Milk and cups - Health - Test Press", "", "Test Press: Milk and cups"),
        ("奶和杯子_测试出版社", "", "奶和杯子"),
        ("Milk and cups | Test Press", "<h1>Test Press</h1>", "Milk and cups"),
        ("Something else", "<h1>Milk and cups</h1>", "Milk and cups"),
        ("", "", ""),
    ],
)
def test_extract_finds_the_title_without_the_sites_name(head, h1, title):
    page = f"<html><head><title>{head}</title></head><body><main>{h1}{FILLER}</main></body></html>"
    assert extract_page(page.encode(), URL).title == title


@pytest.mark.parametrize(
    ("following", "is_part"),
    [
        ("/guides/milk-2", True),
        ("/guides/milk/2", True),
        ("/guides/milk?page=2", True),
        ("/guides/sleep", False),
        ("/guides/milk#part", False),
        ("https://other.example/guides/milk-2", False),
    ],
)
def test_extract_takes_only_parts_of_the_same_guide_for_its_next_page(following, is_part):
    found = extract(f'<a rel="next" href="{following}">Next page</a>')
    assert bool(found.next_url) is is_part


# --- bytes and accidents -------------------------------------------------------------------------

CHINESE = "宝宝发热三十八度，要马上去看医生，不要自己用药。" * 4


@pytest.mark.parametrize(
    ("codec", "header", "meta"),
    [
        ("gbk", "", "gb2312"),
        ("gb18030", "text/html; charset=gb2312", ""),
        ("big5", "", "big5"),
        ("gbk", "", ""),
        ("utf-8", "text/html; charset=utf-8", "gbk"),
        ("utf-8-sig", "", ""),
        ("utf-16", "", ""),
        ("gbk", "text/html; charset=utf-8", "gbk"),
        ("utf-8", "text/html; charset=iso-8859-1", ""),
        ("utf-8", "text/html; charset=nonsense", ""),
        ("utf-8", "text/html; charset=rot13", ""),
    ],
)
def test_decode_reads_declared_undeclared_and_wrongly_declared_bytes(codec, header, meta):
    text = CHINESE if codec != "big5" else "寶寶發熱三十八度，要馬上去看醫生。" * 4
    tag = f'<meta charset="{meta}">' if meta else ""
    page = f"<html><head>{tag}</head><body><p>{text}</p></body></html>"
    assert text in decode_body(page.encode(codec), header)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"\x00\x00",
        b"just text",
        b"<",
        b"<!-- only a comment -->",
        b"<html><body></body></html>",
        b"<html><body><p>cut of",
        b"<div>" * 200_000 + b"deep" + b"</div>" * 200_000,
        b"<ul><li>" * 5_000 + b"deep",
        b"<table><tr><td>" * 2_000 + b"deep",
        b"<b>" * 3_000 + b"deep",
        b"\xff\xfe\x00\xd8" * 50,
        b"<html lang=" + b"x" * 5000 + b"><body><p>Milk</p>",
        b"<p>" + b"a" * 100_000 + b"</p>",
    ],
)
def test_extract_never_raises(body):
    assert isinstance(extract_page(body, URL).blocks, tuple)


@given(st.text(alphabet="<>/abpulitdrh16 =\"'&;!-\n多点。", max_size=400))
def test_extract_survives_any_markup_and_keeps_blocks_on_one_line(markup):
    found = extract_page(f"<main>{markup}</main>".encode(), URL)
    assert all(block.text == " ".join(block.text.split()) != "" for block in found.blocks)


def test_extract_result_travels_between_processes():
    found = extract("<h2>Cups</h2><p>A cup is fine.</p>")
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own bytes


def test_extract_survives_control_characters_written_as_entities():
    assert rows("<div>&#7;Give&#1;<sup>1</sup>&#8; milk.<button>x</button>&#31; Now.</div>") == [
        ("paragraph", "Give milk. Now.")
    ]


def test_extract_reads_a_page_that_names_no_head_and_no_body():
    page = f"<!doctype html><title>Milk</title><style>.a{{}}</style><main>{FILLER}</main>"
    found = extract_page(page.encode(), URL)
    assert (found.title, len(found.blocks)) == ("Milk", 2)


def test_extract_keeps_every_row_of_a_huge_table():
    rows = "".join(f"<tr><td>Age {n}</td><td>{n} ml</td></tr>" for n in range(3000))
    found = extract_page(f"<main><h1>T</h1><table>{rows}</table></main>".encode(), URL)
    assert len(found.blocks) == 3000
    assert found.lost == ()
