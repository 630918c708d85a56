"""robots.txt of one host: what its status means, what it forbids, how fast it lets us go."""

from __future__ import annotations

from dataclasses import dataclass

from protego import Protego

# RFC 9309 asks for 500 KiB at least.
MAX_ROBOTS_BYTES = 512 * 1024
# Hosts that name a longer pause than this are asked once a minute all the same.
_LONGEST_DELAY_S = 60.0


@dataclass(frozen=True, slots=True)
class Robots:
    """The verdict on one host. stop: why nothing may be fetched there, '' if something may.

    retry: the stop may pass by itself (5xx, unreachable). rules: None when everything is free.
    """

    rules: Protego | None = None
    stop: str = ""
    retry: bool = False
    retry_after_s: float | None = None

    def allows(self, url: str, user_agent: str) -> bool:
        return not self.stop and (self.rules is None or self.rules.can_fetch(url, user_agent))

    def delay_s(self, user_agent: str) -> float:
        """Crawl-delay in seconds, 0 if the host names none."""
        if self.rules is None:
            return 0.0
        delay = self.rules.crawl_delay(user_agent)
        return min(float(delay), _LONGEST_DELAY_S) if delay and delay > 0 else 0.0


def read_robots(status: int, content_type: str, body: bytes) -> Robots:
    """RFC 9309 with the stricter reading of refusals.

    2xx: the rules. 401, 403, 429: the host does not want us. Other 4xx: no rules. 5xx and all
    else: stop until it answers. An HTML page sent in place of the file (a soft 404) is no rules.
    """
    if 200 <= status < 300:
        return _parsed(content_type, body)
    if status in (401, 403, 429):
        return Robots(stop=f"its robots.txt answers {status}", retry=status == 429)
    if 400 <= status < 500:
        return Robots()
    return Robots(stop=f"its robots.txt answers {status}", retry=True)


def _parsed(content_type: str, body: bytes) -> Robots:
    text = body[:MAX_ROBOTS_BYTES].decode("utf-8", "replace").removeprefix("\ufeff")
    start = text.lstrip()[:200].lower()
    if start.startswith(("<!doctype", "<html", "<head", "<body", "<?xml", "<script", "<!--")):
        return Robots()
    is_html = content_type.partition(";")[0].strip().lower() in (
        "text/html",
        "application/xhtml+xml",
    )
    if is_html and "user-agent" not in text.lower():
        return Robots()
    return Robots(rules=Protego.parse(text))
