"""Every page there is, each with an address that shows it: for axe, the telephone, the pictures.

The list is that of `review_ui.access`: a page that is added is looked at without another word. One
whose address has a parameter nothing here knows asks for an example.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from review_ui.access import ACCESS, is_public
from store.drafts import list_drafts
from store.invites import make_invite
from store.users import Role
from tests.review_ui.desk_data import DeskData
from tests.review_ui.shelf_data import ShelfData
from tests.review_ui.tone_data import NEXT, hash_of

NO_PAGES = re.compile(
    r"/$|/(healthz|readyz|metrics)$|/(feeds|static|api/v1|api/openapi|session|signin/oidc)\b"
    r"|/audit/export|/comments/names|/posts/.*/snapshot"
)
"""Where machines go, and what leads elsewhere."""
PARAMETER = re.compile(r"\{(\w+)(?::path)?\}")


@dataclass(frozen=True, slots=True)
class Shown:
    """name: of its picture. is_open: whether it is seen before signing in."""

    name: str
    path: str
    is_open: bool = False


def list_every_page(desk: DeskData, shelf: ShelfData) -> tuple[Shown, ...]:
    """Pages, and some in more than one state; also addresses of parts of pages, which are not
    whole documents.

    Fails on an address with a parameter that has no example.
    """
    examples = _examples(desk, shelf)
    shown = [Shown("signin", "/signin", is_open=True)]
    for method, path in ACCESS:
        if method == "GET" and path != "/signin" and not NO_PAGES.match(path):
            shown.append(Shown(_name(path), _fill(path, examples), is_public("GET", path)))
    more = {
        "card-blocked": f"/cards/{shelf.cards['fever']}",
        "card-chinese": f"/cards/{shelf.cards['zh-fever']}",
        "queue-nothing-found": "/queue?q=nothing+like+it",
        "queue-all-filters": "/queue?more=1",
        "nowhere": "/nowhere",
    }
    return (*shown, *(Shown(name, path) for name, path in more.items()))


def _examples(desk: DeskData, shelf: ShelfData) -> Mapping[str, str]:
    """What stands for a parameter in an address."""
    card_id = shelf.cards["storage"]
    draft = list_drafts(desk.db, [card_id])[card_id][0]
    return {
        "card_id": card_id,
        "draft_id": str(draft.id),
        "guide_id": "river-health/feeding",
        "group_id": "night-feeds",
        "post_id": str(shelf.posts["changed"]),
        "source_id": "river-health",
        "tone": "mom",
        "user_id": "2",
        "token": make_invite(desk.db, Role.EDITOR, "", 1),
    }


def _fill(path: str, examples: Mapping[str, str]) -> str:
    def example(match: re.Match[str]) -> str:
        assert match[1] in examples, f"tests/review_ui/every_page.py: an example of {path}, please"
        return quote(examples[match[1]])

    filled = PARAMETER.sub(example, path)
    return f"{filled}?old={hash_of('mom')}&new={NEXT}" if filled.endswith("/compare") else filled


def _name(path: str) -> str:
    """`card` of `/cards/{card_id}`, `tones-compare` of `/tones/{tone}/compare`."""
    words = [word for word in path.split("/")[1:] if not word.startswith("{")]
    if path.endswith("}") and words[-1].endswith("s"):
        words[-1] = words[-1].removesuffix("s")
    return "-".join(words)
