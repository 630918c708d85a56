"""Templates: the environment, what every page gets, and how times and counts read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from review_ui.access import ACCESS, may
from review_ui.assets import Assets
from review_ui.deps import Services, get_services, is_fragment
from review_ui.i18n import LANGUAGES, N_, gettext, ngettext, spoken, spoken_locale
from review_ui.keys import make_sheet
from review_ui.nav import Nav, make_nav
from review_ui.passed_on import pass_on
from stages.text import is_chinese, strip_hidden
from store.engine import utc_now
from store.posts import count_alerts
from store.quarantine import count_quarantined
from store.users import User

TEMPLATES = Path(__file__).resolve().parent / "templates"
THEMES = ("light", "dark")
TONE_NAMES = {"expert": N_("Expert"), "mom": N_("Mom"), "engagement": N_("Engagement")}
DAYS = {"en": "d MMM y", "zh_Hans": "y年M月d日"}
"""How a day is written in each language."""
NOTE_MAX_CHARS = 240
"""Chinese takes nine bytes a character in a cookie, which may hold 4,096."""


def make_templates(assets: Assets) -> Environment:
    """Everything is escaped, and a name nobody passed is an error."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.globals["_"] = say
    env.globals.update(key_sheet=make_sheet)
    env.globals.update(static=assets.url, has_asset=assets.files.__contains__)
    env.filters.update(
        ago=ago,
        clock=clock,
        day=day,
        number=number,
        passed_on=pass_on,
        tone_name=tone_name,
        iso=lambda time: time.astimezone(UTC).isoformat(timespec="seconds"),
        http_url=http_url,
        query=query,
        script=lambda lang: "zh" if is_chinese(lang) else "latin",
        language=language,
        code=lambda words: Markup("<code>{}</code>").format(words),
        strong=lambda words: Markup("<b>{}</b>").format(words),
        clean=strip_hidden,
    )
    return env


def say(message: str, /, **values: object) -> Markup:
    """`_` in templates: the message in the reader's language, everything in it escaped.

    Jinja's own takes a message for markup and a `%` in it for a place to fill, which is wrong as
    soon as somebody passes words that are not ours. A literal % is written `%%`, as in every
    message of gettext.
    """
    words = gettext(message)
    return _escaped(words) % values if values else _plain(words)


@lru_cache(4096)
def _escaped(words: str) -> Markup:
    """A page of the queue says a thousand words, and the same few dozen."""
    return Markup(escape(words))  # noqa: S704  # escaped in this line


@lru_cache(4096)
def _plain(words: str) -> Markup:
    """Of words without a place to fill."""
    return _escaped(words).replace("%%", "%")


def page(
    request: Request, template: str, context: Mapping[str, Any], status_code: int = 200
) -> HTMLResponse:
    """A whole page. Shows, and so takes away, the note the last write left."""
    services = get_services(request)
    note = services.cookies.read(request, "note")
    response = HTMLResponse(
        services.templates.get_template(template).render(
            {
                **shell(request, services),
                "note": note,
                "nav": _nav(request, services, status_code),
                **context,
            }
        ),
        status_code,
    )
    if note:
        services.cookies.clear(response, "note")
    return response


def fragment(
    request: Request, template: str, context: Mapping[str, Any], status_code: int = 200
) -> HTMLResponse:
    """The part of a page that htmx puts in place."""
    services = get_services(request)
    html = services.templates.get_template(template).render({**shell(request, services), **context})
    return HTMLResponse(html, status_code)


def page_or_part(
    request: Request, template: str, part: str, context: Mapping[str, Any]
) -> HTMLResponse:
    """The whole page; for a script that exchanges the main part of it, that part."""
    if is_fragment(request):
        return fragment(request, part, context)
    return page(request, template, context)


def go(request: Request, target: str, note: str = "") -> RedirectResponse:
    """After a write: see target, with a note at its top."""
    response = RedirectResponse(target, 303)
    if note:
        get_services(request).cookies.write(response, "note", note[:NOTE_MAX_CHARS], 60)
    return response


def shell(request: Request, services: Services) -> dict[str, Any]:
    """What the layout needs."""
    user: User | None = getattr(request.state, "user", None)
    theme = (user.prefs.get("theme") if user else "") or request.cookies.get("spoonful_theme", "")
    token = getattr(request.state, "token", "")
    return {
        "user": user,
        "csrf": services.cookies.csrf_token(token) if token else "",
        "theme": theme if theme in THEMES else "",
        "path": request.url.path,
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "spoken": spoken(),
        "languages": LANGUAGES,
        "may": lambda method, path: user is not None and may(user.role, method, path),
        "has_place": lambda method, path: (method, path) in ACCESS,
        "note": "",
        "now": utc_now(),
    }


def _nav(request: Request, services: Services, status_code: int) -> Nav | None:
    """The bar, with what waits; a page about a failure asks the database nothing."""
    user: User | None = getattr(request.state, "user", None)
    if user is None:
        return None
    counts = {}
    if status_code < 500:
        db = services.db
        counts = {"/posts": count_alerts(db), "/quarantine": count_quarantined(db)}
    return make_nav(user.role, request.url.path, counts)


def ago(time: datetime, now: datetime) -> str:
    """`just now`, `5 min ago`, `3 h ago`, `in 2 min`, then the date."""
    seconds = (now - time).total_seconds()
    size = abs(seconds)
    if size < 45:
        return gettext("just now") if seconds >= 0 else gettext("in a moment")
    if size < 3600:
        count = max(1, round(size / 60))
        words = gettext("%(num)s min ago") if seconds > 0 else gettext("in %(num)s min")
    elif size < 86400:
        count = round(size / 3600)
        words = gettext("%(num)s h ago") if seconds > 0 else gettext("in %(num)s h")
    else:
        return clock(time)
    return words % {"num": count}


def clock(time: datetime) -> str:
    """`22 Nov 2026, 16:40 UTC`; in the browser a script turns it into local time."""
    glue = " " if spoken() == "zh_Hans" else ", "
    pattern = f"{DAYS[spoken()]}{glue}HH:mm 'UTC'"
    return format_datetime(time.astimezone(UTC), pattern, locale=spoken_locale())


def day(time: date) -> str:
    """`22 Nov 2026`; of a moment, the day it is in UTC."""
    if isinstance(time, datetime):
        time = time.astimezone(UTC)
    return format_date(time, DAYS[spoken()], locale=spoken_locale())


def number(count: float) -> str:
    """`12,345`, as the reader groups digits."""
    return format_decimal(count, locale=spoken_locale())


def tone_name(tone: str) -> str:
    """A tone for people; one that somebody added goes by the name of its file."""
    return gettext(TONE_NAMES[tone]) if tone in TONE_NAMES else tone.replace("_", " ").capitalize()


def http_url(url: str) -> str:
    """url if a browser may be sent there, else ''."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.netloc else ""


def query(values: Mapping[str, str]) -> str:
    """`?a=b&c=d` of the values that say something, '' if none does."""
    said = {name: value for name, value in values.items() if value}
    return "?" + urlencode(said) if said else ""


def language(lang: str) -> str:
    """A language tag for people."""
    if is_chinese(lang):
        return "繁體中文" if "hant" in lang.lower() else "中文"
    return {"en": "English"}.get(lang.split("-")[0].lower(), lang)
