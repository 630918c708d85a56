"""What a page says of its licence against what the register says."""

from __future__ import annotations

import pytest

from stages.procure.licence import find_disagreement
from stages.types import Reuse, Source

BY = "CC BY 4.0"
OGL = "Open Government Licence v3.0"
PUBLIC = "US federal work (public domain in the USA)"
RESERVED = "© Press, all rights reserved"
URL = "https://example.org/guides/milk"


def source(licence: str, reuse: Reuse = Reuse.ADAPT_OK, **changes) -> Source:
    return Source(
        id="test",
        publisher="Test Press",
        homepage="https://example.org/",
        languages=("en",),
        reuse=reuse,
        licence=licence,
        licence_url="",
        attribution="Test Press",
        **changes,
    )


@pytest.mark.parametrize(
    ("evidence", "licence"),
    [
        ("", BY),
        ("© 2026 Test Press", BY),
        ("Copyright Test Press 2026. Registered charity 12.", BY),
        ("版权 © 2026 测试出版社", BY),
        ("Except where noted, content is licensed under CC BY 4.0.", BY),
        ("https://creativecommons.org/licenses/by/3.0/", BY),
        ("Creative Commons Attribution 4.0 International License", BY),
        ("© Test Press. Some rights reserved: CC BY 4.0", BY),
        ("本网站内容采用知识共享署名 4.0 国际许可协议", BY),
        ("CC BY-NC-SA 4.0", "CC BY-NC-SA 4.0"),
        ("All content is available under the Open Government Licence v3.0", OGL),
        ("CC BY 4.0", "政府資料開放授權條款 (Open Government Data License v1, CC BY 4.0)"),
        ("政府資料開放授權條款－第1版", "政府資料開放授權條款－第1版"),
        ("All material is in the public domain.", PUBLIC),
        ("Free of copyright restrictions; may be copied without permission.", PUBLIC),
        ("本作品属于公有领域", PUBLIC),
        ("CC0 1.0", PUBLIC),
        ("© Test Press. All rights reserved.", RESERVED),
        ("CC BY 4.0", "as each page says"),
    ],
)  # fmt: skip
def test_page_that_says_the_same_as_the_register_disagrees_with_nothing(evidence, licence):
    assert find_disagreement(evidence, source(licence), URL) == ""


@pytest.mark.parametrize(
    ("evidence", "licence", "stated"),
    [
        ("CC BY-NC 4.0", BY, "CC BY-NC"),
        ("https://creativecommons.org/licenses/by-nc-nd/4.0/", BY, "CC BY-NC-ND"),
        ("Creative Commons Attribution-NonCommercial-NoDerivs", BY, "CC BY-NC-ND"),
        ("Creative Commons Attribution-ShareAlike 4.0", BY, "CC BY-SA"),
        ("采用知识共享署名-非商业性使用-禁止演绎 4.0 国际许可协议", BY, "CC BY-NC-ND"),
        ("創用CC 姓名標示-非商業性-相同方式分享 3.0 台灣", OGL, "CC BY-NC-SA"),
        ("© 2026 Test Press. All rights reserved.", BY, "all rights reserved"),
        ("ALL RIGHTS RESERVED", PUBLIC, "all rights reserved"),
        ("No part may be reproduced without prior written permission.", OGL, "all rights reserved"),
        ("May not be copied or adapted without permission.", BY, "all rights reserved"),
        ("For personal use only.", BY, "all rights reserved"),
        ("May be reproduced for non-commercial purposes only.", OGL, "non-commercial use only"),
        ("版权所有，未经许可不得转载", BY, "all rights reserved"),
        ("版權所有 © 2026 測試出版社", BY, "all rights reserved"),
        ("未經書面同意，禁止轉載", PUBLIC, "all rights reserved"),
        ("严禁转载", OGL, "all rights reserved"),
        ("本页内容仅限非商业用途", BY, "non-commercial use only"),
        ("This page is not in the public domain.", PUBLIC, "all rights reserved"),
        ("CC BY-NC 4.0", "as each page says", "CC BY-NC"),
        ("CC BY-ND 4.0", "CC BY-NC-SA 4.0", "CC BY-ND"),
        ("All rights reserved", "Bay Open Licence", "all rights reserved"),
    ],
)
def test_page_stricter_than_the_register_is_found(evidence, licence, stated):
    assert find_disagreement(evidence, source(licence), URL) == (
        f"The page states {stated}, which is stricter than the register"
        f" ({licence}; its text may be adapted)."
    )


@pytest.mark.parametrize(
    ("evidence", "licence"),
    [
        ("Licensed under CC BY 4.0", OGL),
        ("Open Government Licence", BY),
        ("This text is in the public domain.", BY),
        ("CC BY-SA 4.0", "CC BY-NC-SA 4.0"),
        ("Published under the Bay Open Licence v1.0 (equivalent to the OGL v3.0).", BY),
        ("You may copy and adapt this page under the Bay Open Licence, which matches the Open"
         " Government Licence v3.0.", "Bay Open Licence"),
        ("Bay Press Terms: all rights reserved, but clinics may adapt.", "Bay Press Terms"),
        ("本文依《海湾信息许可1.0》（条款等同开放政府许可v3.0）开放使用", "海湾信息许可1.0"),
        ("《海湾健康内容许可》：版权所有，育儿机构可改编使用", "海湾健康内容许可（第1版）"),
        ("转载请注明出处", BY),
    ],
)  # fmt: skip
def test_page_that_allows_as_much_under_another_name_disagrees_with_nothing(evidence, licence):
    assert find_disagreement(evidence, source(licence), URL) == ""


@pytest.mark.parametrize("reuse", [Reuse.LINK_ONLY, Reuse.EXCERPT_ONLY, Reuse.UNKNOWN])
@pytest.mark.parametrize("evidence", ["All rights reserved", "CC BY-NC-ND 4.0", "未经许可禁止转载"])
def test_strict_page_does_not_disagree_with_a_register_that_publishes_nothing(evidence, reuse):
    assert find_disagreement(evidence, source("unknown", reuse), URL) == ""


def test_open_page_does_not_disagree_with_a_register_that_publishes_nothing():
    assert find_disagreement("CC BY 4.0", source(RESERVED, Reuse.LINK_ONLY), URL) == ""


def test_pages_own_entry_in_the_register_decides():
    listed = source(BY, page_reuse={URL: Reuse.LINK_ONLY})
    assert find_disagreement("All rights reserved", listed, URL) == ""
    assert find_disagreement("All rights reserved", listed, f"{URL}/2") != ""


def test_long_hostile_lines_are_read_quickly():
    for evidence in ("not " * 200_000, "cc by-" * 100_000, "未经" * 200_000, "by " * 300_000):
        assert isinstance(find_disagreement(evidence, source(BY), URL), str)
