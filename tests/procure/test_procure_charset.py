"""Whatever a page says it is written in, it is read as text or read as nothing."""

from __future__ import annotations

from encodings.aliases import aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.errors import StageError
from stages.procure.charset import decode_body
from stages.procure.listing import read_feed, read_hub, read_sitemap

NO_PAGE_IS_IN = (
    "idna undefined punycode unicode_escape raw_unicode_escape rot13 base64 hex zip bz2 uu quopri"
    " charmap mbcs cp037"
).split()

labels = st.one_of(
    st.sampled_from(sorted({*aliases, *aliases.values(), *NO_PAGE_IS_IN})),
    st.from_regex(r"[\w.:-]{2,40}", fullmatch=True),
)
bodies = st.one_of(st.binary(max_size=300), st.text(max_size=100).map(str.encode))
LISTS = (read_hub, read_feed, read_sitemap)


@pytest.mark.parametrize("label", NO_PAGE_IS_IN)
@pytest.mark.parametrize("text", ["Bébé dort sur le dos " * 5, "宝宝发烧三十八度要看医生。" * 5])
def test_declared_codec_no_page_is_written_in_is_passed_over(label: str, text: str) -> None:
    for page, header in (
        (f"<p>{text}\\u0041 =41</p>", f"text/html; charset={label}"),
        (f'<meta charset="{label}"><p>{text}\\u0041 =41</p>', ""),
    ):
        assert decode_body(page.encode(), header) == page


@given(labels, bodies)
def test_decode_never_raises_whatever_is_declared(label: str, body: bytes) -> None:
    meta = f'<meta charset="{label}">'.encode()
    xml = f'<?xml version="1.0" encoding="{label}"?>'.encode()
    for page, header in (
        (body, f"text/html; charset={label}"),
        (meta + body, ""),
        (xml + body, ""),
    ):
        assert "\x00" not in decode_body(page, header)


@given(labels, bodies)
def test_lists_raise_nothing_but_errors_of_stages(label: str, body: bytes) -> None:
    xml = f'<?xml version="1.0" encoding="{label}"?>'.encode()
    pages = (
        body,
        f'<meta charset="{label}"><base href="http://[">'.encode() + body,
        b'<a href="http://[x">' + body + b"</a>",
        xml + b"<rss><item><link>" + body + b"</link></item></rss>",
        xml + b"<urlset><url><loc>" + body + b"</loc></url></urlset>",
        xml + b"<feed><entry><link href='" + body + b"'/></entry></feed>",
    )
    for page in pages:
        for read in LISTS:
            try:
                if read is read_hub:
                    read_hub(page, "https://a.example/", f"text/html; charset={label}")
                else:
                    read(page, "https://a.example/")
            except StageError:
                pass
