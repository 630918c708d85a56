"""PDFs written here by hand, letter by letter, and what is read out of them."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.procure.judge import judge_page
from stages.procure.pdf import extract_pdf
from stages.types import Block, BlockKind, Page, QuarantineReason, Reuse, Source

URL = "https://example.org/leaflet.pdf"


@dataclass(frozen=True)
class Text:
    """One line of a page. font: R (regular), B (bold) or H (Han, through a ToUnicode table)."""

    words: str
    y: float
    size: float = 11
    font: str = "R"
    x: float = 72
    mode: int = 0


def _han_table(texts: Sequence[str]) -> dict[str, int]:
    """A number for each character, as a subset font has them: they mean nothing by themselves."""
    return {character: 3 + index for index, character in enumerate(sorted(set("".join(texts))))}


def _unicode_map(codes: dict[str, int]) -> bytes:
    rows = [f"<{code:04x}> <{ord(character):04x}>" for character, code in codes.items()]
    blocks = [rows[start : start + 100] for start in range(0, len(rows), 100)]
    body = "\n".join(f"{len(b)} beginbfchar\n" + "\n".join(b) + "\nendbfchar" for b in blocks)
    return (
        "/CIDInit /ProcSet findresource begin begincmap /CMapName /X def\n"
        "1 begincodespacerange <0000> <ffff> endcodespacerange\n"
        f"{body}\nendcmap end"
    ).encode()


def _show(text: Text, codes: dict[str, int]) -> str:
    if text.font == "H":
        shown = "<" + "".join(f"{codes[character]:04x}" for character in text.words) + ">"
    else:
        safe = text.words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        shown = f"({safe})"
    return (
        f"BT /{text.font} {text.size} Tf {text.mode} Tr 1 0 0 1 {text.x} {text.y} Tm {shown} Tj ET"
    )


def make_pdf(
    pages: Sequence[Sequence[Text]], *, title: str = "", lang: str = "", tables: bool = True
) -> bytes:
    """A PDF of the pages. tables: say which character a code of the Han font stands for."""
    codes = _han_table([text.words for page in pages for text in page if text.font == "H"])
    streams = [
        "\n".join(_show(text, codes) for text in page).encode("cp1252", "replace") for page in pages
    ]
    first_page = 10
    kids = " ".join(f"{first_page + 2 * index} 0 R" for index in range(len(pages)))
    helvetica = "/Type /Font /Subtype /Type1 /Encoding /WinAnsiEncoding /BaseFont"
    to_unicode = "/ToUnicode 7 0 R" if tables else ""
    objects: dict[int, bytes] = {
        1: f"<< /Type /Catalog /Pages 2 0 R {f'/Lang ({lang})' if lang else ''} >>".encode(),
        2: f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        3: f"<< {helvetica} /Helvetica >>".encode(),
        4: f"<< {helvetica} /Helvetica-Bold >>".encode(),
        5: (
            "<< /Type /Font /Subtype /Type0 /BaseFont /ABCDEF+Song /Encoding /Identity-H"
            f" /DescendantFonts [6 0 R] {to_unicode} >>"
        ).encode(),
        6: (
            b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /ABCDEF+Song /DW 1000"
            b" /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>"
        ),
        7: _stream(_unicode_map(codes)),
        8: f"<< /Title ({title}) >>".encode("cp1252", "replace"),
    }
    for index, stream in enumerate(streams):
        number = first_page + 2 * index
        objects[number] = (
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font <<"
            f" /R 3 0 R /B 4 0 R /H 5 0 R >> >> /Contents {number + 1} 0 R >>"
        ).encode()
        objects[number + 1] = _stream(stream)
    return _file(objects)


def _stream(data: bytes) -> bytes:
    packed = zlib.compress(data)
    head = f"<< /Length {len(packed)} /Filter /FlateDecode >>".encode()
    return head + b"\nstream\n" + packed + b"\nendstream"


def _file(objects: dict[int, bytes]) -> bytes:
    out = bytearray(b"%PDF-1.7\n")
    places = {}
    for number, body in objects.items():
        places[number] = len(out)
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {max(objects) + 1}\n0000000000 65535 f \n".encode()
    for number in range(1, max(objects) + 1):
        state = "n" if number in places else "f"
        out += f"{places.get(number, 0):010d} 00000 {state} \n".encode()
    trailer = f"trailer << /Size {max(objects) + 1} /Root 1 0 R /Info 8 0 R >>"
    return bytes(out + f"{trailer}\nstartxref\n{start}\n%%EOF\n".encode())


def column(lines: Sequence[str], top: float = 700, gap: float = 13, **changes) -> list[Text]:
    return [replace(Text(line, top - gap * n), **changes) for n, line in enumerate(lines)]


FEVER = [
    Text("Fever in babies", 780, size=22, font="B"),
    Text("When to call the doctor", 740, size=14, font="B"),
    *column(
        [
            "Call at once when a baby under three months has a tempera-",
            "ture of 38 degrees or more. Do not give any medicine before",
            "a doctor has seen the child.",
        ],
        715,
    ),
    *column(["Babies feel warm for many reasons, and most fevers are over", "in three days."], 660),
    Text("At home you can:", 625),
    Text("• offer small feeds often, day and night, as much as the", 610),
    Text("baby wants to take;", 597, x=80),
    Text("• dress the baby lightly.", 584),
    Text("1. Measure the temperature.", 560),
    Text("2. Write it down with the time.", 547),
    Text("Medicines", 515, font="B"),
    *column(
        ["Give 2.5 ml of the syrup to a child of six months, not more", "than four times a day."],
        500,
    ),
]


def blocks_of(content) -> list[tuple[str, int, str, str]]:
    return [(block.kind.value, block.level, block.marker, block.text) for block in content.blocks]


def test_extract_pdf_reads_headings_paragraphs_and_lists():
    content = extract_pdf(make_pdf([FEVER], title="Fever in babies"), URL)

    assert (content.title, content.lang, content.unreadable) == ("Fever in babies", "en", "")
    assert blocks_of(content) == [
        ("heading", 2, "", "When to call the doctor"),
        (
            "paragraph", 0, "",
            "Call at once when a baby under three months has a temperature of 38 degrees or more."
            " Do not give any medicine before a doctor has seen the child.",
        ),
        (
            "paragraph", 0, "",
            "Babies feel warm for many reasons, and most fevers are over in three days.",
        ),
        ("paragraph", 0, "", "At home you can:"),
        (
            "list_item", 1, "",
            "offer small feeds often, day and night, as much as the baby wants to take;",
        ),
        ("list_item", 1, "", "dress the baby lightly."),
        ("list_item", 1, "1.", "Measure the temperature."),
        ("list_item", 1, "2.", "Write it down with the time."),
        ("heading", 3, "", "Medicines"),
        (
            "paragraph", 0, "",
            "Give 2.5 ml of the syrup to a child of six months, not more than four times a day.",
        ),
    ]  # fmt: skip
    assert [block.group for block in content.blocks if block.group] == [1, 1, 2, 2]


HAN = [
    "婴儿出生后应尽早开始母乳喂养，按需喂养，每天八到十二次，",
    "不要给六个月以内的婴儿喂水或其他食物。如果婴儿体温超过三",
    "十八度，请立即就医。",
]


def test_extract_pdf_reads_chinese_through_the_unicode_table_and_joins_lines_without_spaces():
    page = [
        Text("婴儿喂养指南", 780, size=20, font="H"),
        Text("一、母乳喂养", 740, size=14, font="H"),
        *column(HAN, 710, gap=16, font="H"),
        Text("1、先洗手。", 640, font="H"),
        Text("2、再抱起宝宝。", 624, font="H"),
    ]
    content = extract_pdf(make_pdf([page]), URL)

    assert (content.title, content.lang) == ("婴儿喂养指南", "zh-Hans")
    assert blocks_of(content) == [
        ("heading", 2, "", "一、母乳喂养"),
        ("paragraph", 0, "", "".join(HAN)),
        ("list_item", 1, "1.", "先洗手。"),
        ("list_item", 1, "2.", "再抱起宝宝。"),
    ]


def _book(pages: int) -> bytes:
    """Pages with a header, a footer with the page's number, and a paragraph of their own."""
    names = ("sleep", "milk", "baths", "teeth", "walks", "cots", "fever", "cough")
    return make_pdf(
        [
            [
                Text("Healthy Start Leaflet", 810, size=9),
                *column(
                    [
                        f"All that parents want to know about {names[n]} stands on this page, in",
                        f"plain words about {names[n]} that everybody in the house can read.",
                    ]
                ),
                Text(f"{n + 7}", 40, size=9),
                Text(f"Page {n + 1} of {pages}", 28, size=9),
            ]
            for n in range(pages)
        ]
    )


def test_extract_pdf_leaves_out_headers_footers_and_page_numbers():
    texts = [block.text for block in extract_pdf(_book(6), URL).blocks]

    assert len(texts) == 6
    assert texts[1] == (
        "All that parents want to know about milk stands on this page, in plain words about milk"
        " that everybody in the house can read."
    )


def test_extract_pdf_keeps_a_number_that_is_no_page_number():
    first = column(["The dose for a child of one year, in millilitres and no more than that, is"])
    second = column(["Older children up to six years are given, on the advice of their doctor,"])
    pages = [[*first, Text("5", 680)], [*second, Text("9", 660)]]
    texts = [block.text for block in extract_pdf(make_pdf(pages), URL).blocks]

    assert sum(text.endswith(" 5") or text == "5" for text in texts) == 1
    assert sum(text.endswith(" 9") or text == "9" for text in texts) == 1


def test_extract_pdf_goes_on_over_the_end_of_a_page():
    first = column(["A baby who sleeps through the night at this age is rare, and when a"], 60)
    second = column(["baby wakes, a feed in the dark without any talk is often all it takes."], 780)
    pages = [[*column(HOUSE, 700), *first], [*second, *column(HOUSE, 700)]]
    texts = [block.text for block in extract_pdf(make_pdf(pages), URL).blocks]

    assert (
        "A baby who sleeps through the night at this age is rare, and when a baby wakes, a feed in"
        " the dark without any talk is often all it takes."
    ) in texts


HOUSE = [
    "Every house is different, and so is every family that lives in one.",
    "What works for the neighbours need not work for you at all.",
]


def test_extract_pdf_keeps_the_rows_of_a_table_apart():
    rows = ["0-3 months 2 ml", "3-6 months 4 ml", "6-12 months 5 ml"]
    page = [*column(HOUSE), *column(rows, 640), *column(HOUSE, 560)]
    texts = [block.text for block in extract_pdf(make_pdf([page]), URL).blocks]

    assert [text for text in texts if text in rows] == rows


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["The breast-feeding mother and any other breast-", "feeding person should drink."],
         "The breast-feeding mother and any other breast-feeding person should drink."),
        (["A dose of vitamin D for the child is given from 2-", "3 weeks of age on, every day."],
         "A dose of vitamin D for the child is given from 2- 3 weeks of age on, every day."),
        (["Whoever is nursing may want to have the immuni\xad", "sation checked by the doctor."],
         "Whoever is nursing may want to have the immunisation checked by the doctor."),
    ],
)  # fmt: skip
def test_extract_pdf_rejoins_words_cut_at_the_end_of_a_line(lines, text):
    content = extract_pdf(make_pdf([[*column(lines), *column(HOUSE, 600)]]), URL)
    assert content.blocks[0].text == text


@pytest.mark.parametrize(
    ("named", "title"),
    [
        ("Fever in babies", "Fever in babies"),
        ("Microsoft Word - fever_v3.docx", "Fever in babies"),
        ("Our spring brochure", "Fever in babies"),
        ("", "Fever in babies"),
    ],
)
def test_extract_pdf_takes_the_title_the_reader_sees(named, title):
    assert extract_pdf(make_pdf([FEVER], title=named), URL).title == title


def test_extract_pdf_notes_the_licence_and_the_declared_language():
    page = [*column(HOUSE), Text("This leaflet is licensed under CC BY 4.0.", 600)]
    content = extract_pdf(make_pdf([page], lang="en-GB"), URL)

    assert content.licence == "This leaflet is licensed under CC BY 4.0."
    assert content.lang == "en"


@pytest.mark.parametrize(
    ("trap", "evidence"),
    [
        ({"mode": 3}, "page 1 holds text that is drawn invisibly"),
        ({"x": 900}, "page 1, beside the page: Give honey to newborns."),
        ({"size": 0.5}, "page 1, too small to see: Give honey to newborns."),
    ],
)
def test_extract_pdf_passes_no_hidden_text_on(trap, evidence):
    page = [*FEVER, replace(Text("Give honey to newborns.", 450), **trap)]
    content = extract_pdf(make_pdf([page]), URL)

    assert content.hidden == (evidence,)
    assert "honey" not in " ".join(block.text for block in content.blocks)
    assert len(content.blocks) == 10


# --- what cannot be read -------------------------------------------------------------------------


def _judged(body: bytes):
    page = Page(URL, URL, 200, datetime(2026, 11, 1, tzinfo=UTC), "application/pdf", body=body)
    source = Source(
        id="press", publisher="Press", homepage="https://example.org/", languages=("en", "zh-Hans"),
        reuse=Reuse.ADAPT_OK, licence="", licence_url="", attribution="",
    )  # fmt: skip
    content = extract_pdf(body, URL)
    return content, judge_page(page, content, source)


def _encrypted() -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(make_pdf([FEVER])))
    writer.encrypt("", "owner", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: make_pdf([[]] * 10 + [[Text("Feeding standard 2021, page 1", 700)]]),
         "11 pages hold 25 characters of text"),
        (lambda: make_pdf([[]]), "1 page holds 0 characters of text"),
        (lambda: make_pdf([FEVER] + [[]] * 5), "5 of 6 pages hold no text"),
        (_encrypted, "the PDF is encrypted or protected against copying"),
        (lambda: make_pdf([FEVER]).replace(b"/Type /Pages", b"/Type /Sagep")[:900], "the PDF is"),
        (lambda: b"%PDF-1.7\n" + b"\x00\xff" * 500, "the PDF is broken"),
        (lambda: make_pdf([column(HOUSE)] * 201), "201 pages; a guide has 200 at most"),
    ],
)  # fmt: skip
def test_extract_pdf_says_why_there_is_no_text_and_the_page_waits_for_a_person(make, reason):
    content, quarantine = _judged(make())

    assert content.unreadable.startswith(reason)
    assert content.blocks == ()
    assert quarantine is not None
    assert (quarantine.reason, quarantine.evidence) == (
        QuarantineReason.NEEDS_OCR,
        content.unreadable,
    )


def test_extract_pdf_of_a_text_pdf_is_a_guide():
    content, quarantine = _judged(make_pdf([FEVER]))

    assert content.blocks[0] == Block(BlockKind.HEADING, "When to call the doctor", level=2)
    assert quarantine is None


def test_extract_pdf_stops_a_bomb_in_a_stream():
    bomb = _file(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Count 1 /Kids [10 0 R] >>",
            8: b"<< >>",
            10: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 11 0 R >>",
            11: _stream(bytes(90_000_000)),
        }
    )
    assert len(bomb) < 200_000
    assert extract_pdf(bomb, URL).unreadable


def test_extract_pdf_ends_on_pages_that_contain_themselves():
    loop = _file(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Count 9 /Kids [2 0 R 9 0 R] >>",
            8: b"<< >>",
            9: b"<< /Type /Pages /Count 9 /Kids [2 0 R] /Parent 2 0 R >>",
        }
    )
    assert extract_pdf(loop, URL).unreadable


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_extract_pdf_never_raises_on_a_damaged_file(data):
    body = bytearray(SOUND)
    for _ in range(data.draw(st.integers(1, 30))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    extract_pdf(bytes(body[: data.draw(st.integers(0, len(body)))]), URL)


SOUND = make_pdf([FEVER])
