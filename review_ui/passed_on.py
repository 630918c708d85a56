"""Sentences that rooms below say in English, in the reader's language.

The checks write their findings into the database, and the store says why something cannot be done.
Both are finished sentences; here each is recognised by its pattern, and what it quotes goes into
the translation unchanged. A sentence nobody listed is shown as it is.
`tests/review_ui/test_passed_on.py` finds those that are missing.
"""

from __future__ import annotations

import re
from functools import cache

from review_ui.i18n import N_, gettext, spoken

FINDINGS = (
    N_("The card forbids this: “%(quote)s”."),
    N_("The draft forbids what the card does not: “%(quote)s”."),
    N_("A condition of the card is gone: “%(quote)s”."),
    N_("The call for help in the cited sentence is gone."),
    N_("The cited sentence does not mention %(name)s (“%(quote)s”)."),
    N_("The cited sentence does not mention “%(quote)s”."),
    N_("The card's “%(quote)s” is gone."),
    N_("The card's “%(quote)s” is gone; it says when or for whom this holds."),
    N_("“%(quote)s” turns round what the card says."),
    N_("The card says “%(quote)s”; the draft is sure."),
    N_("The draft says “%(quote)s” where the card says “%(other)s”."),
    N_("“%(quote)s” sounds like an assistant at work."),
    N_("“%(quote)s” reads like an advertisement."),
    N_("“%(quote)s” looks like a product name the card does not have."),
    N_("The card does not have the address or number “%(quote)s”."),
    N_("The tone does not allow “%(quote)s”."),
    N_("The tone asks for “%(quote)s”."),
    N_("The closing line “%(quote)s” is missing."),
    N_("%(num)s words; this tone allows at most %(most)s."),
    N_("%(num)s characters; this tone allows at most %(most)s."),
    N_("%(num)s words; this tone asks for %(least)s."),
    N_("%(num)s characters; this tone asks for %(least)s."),
    N_("%(num)s emoji; this tone allows at most %(most)s."),
    N_("Reads at grade %(num)s; this tone aims at %(most)s."),
    N_("The draft contains characters a reader cannot see."),
    N_("“%(quote)s” is an instruction to a machine, not advice for parents."),
    N_("This follows an instruction that was planted in the page."),
    N_("This rests on an instruction that was planted in the page."),
    N_("“%(quote)s” is a limit the other way round from the card's “%(other)s”."),
    N_("The draft says “%(quote)s”, the card “%(other)s”."),
    N_("“%(quote)s” stands in another sentence of the card than the ones cited."),
    N_("The card does not give “%(quote)s”."),
    N_("“%(quote)s” rests on no sentence of the card."),
    N_("The card does not mention %(name)s (“%(quote)s”)."),
    N_("The figure “%(quote)s” is missing."),
    N_("The prohibition “%(quote)s” is missing."),
    N_("The condition “%(quote)s” is missing."),
    N_("The warning “%(quote)s” is missing."),
    N_("%(num)s characters; that is not a card's draft."),
    N_("Characters nobody sees were removed."),
    N_("No model gave a usable draft; this is the offline writer's extract."),
    N_("The draft leaves out “%(quote)s”."),
    N_("The draft leaves out the condition “%(quote)s”."),
    N_("The danger the card names is missing: “%(quote)s”."),
    N_("A figure of the card is missing: “%(quote)s”."),
    N_("The draft leaves out when or for whom this holds: “%(quote)s”."),
    N_("The card says “%(quote)s”; here it may read as allowed."),
    N_("The draft denies or forbids here; the card says “%(quote)s”."),
    N_("“%(quote)s” is more certain than the card: “%(other)s”."),
    N_("“%(quote)s” is more certain than the card."),
    N_("This sounds more certain than the card: “%(quote)s”."),
    N_("This sounds more certain than the card."),
    N_("The card says when or for whom this holds: “%(quote)s”."),
    N_("The card does not give leave or comfort like “%(quote)s”."),
    N_("The card may not say this."),
    N_("The judge model gave no usable answer."),
    N_("The judge model finds no support for this."),
    N_("The judge model reads the card otherwise."),
)
REFUSALS = (
    N_("A batch has at most %(num)s drafts."),
    N_("This draft is of another card."),
    N_("Much is at stake here: it is decided by itself."),
    N_("The checks found something here: it is decided by itself."),
    N_("The page says something else about its licence: it is decided by itself."),
    N_("The source of something that went out has changed: it is decided by itself."),
    N_("The checks found something in another tone of this card: it is decided by itself."),
    N_("This press has done something else already."),
    N_("There is no such card."),
    N_("Somebody decided, edited or renewed this draft since you opened it. Look again."),
    N_("This draft is approved. Undo that first."),
    N_("Another draft is being written already."),
    N_("There is no such decision to undo."),
    N_("Only the person who decided can undo it."),
    N_("A post is being sent at this moment. Try again in a minute."),
    N_("This edit is too old to be undone: edit the text again."),
    N_("Something newer stands on it."),
    N_("The line has written this draft again since."),
    N_("There is no such draft."),
    N_("The checks block this text. Rewrite what they point at first."),
    N_("The time it is to go out lies in the past. Choose a later one."),
    N_("The time it is to go out is more than a year away. Choose another."),
    N_(
        "Not approved: the page says something else about its licence than the register. Check "
        "that it may be published, and say so."
    ),
    N_("What the page says about its licence has changed. Look at it again."),
    N_("This draft has been replaced by a newer one, or its card is gone."),
    N_("The source has changed since this draft was written. The next run writes it again."),
    N_("There is no such group any more: %(names)s."),
    N_("This group reads another language: %(names)s."),
    N_("This card already has a post for %(names)s."),
    N_(
        "Somebody decided, edited or renewed this draft since you opened it. Look at it again "
        "before you decide."
    ),
    N_("Something newer happened to this post. Look at it again."),
    N_("There is no such post to withdraw."),
    N_("This post is not failed any more."),
    N_("Somebody settled this post already."),
    N_("This post does not wait any more."),
    N_("This post has no alert any more."),
    N_("The source of this post has changed again. Look at it again."),
    N_("You rewrote this blocked draft and much is at stake: a second person approves it."),
    N_("There would be no way left to sign in."),
    N_("This invite lets nobody in."),
    N_("This name cannot be used here."),
    N_("There is no such page."),
    N_("There is no such source."),
    N_("The verdict on this page was taken back already."),
    N_("This source is stopped already."),
    N_("This source is not stopped any more."),
    N_("This page is not set aside any more."),
    N_("Somebody decided about this page since you opened it. Look at it again."),
    N_("A view needs a name."),
    N_("There is no such person."),
    N_("You have %(num)s views already. Delete one first."),
    N_("Say either a share of the cards or groups."),
    N_("A share is more than 0 and at most 1 (100 %%)."),
    N_("There is no such version of %(name)s."),
    N_("%(name)s %(version)s is the version that writes already."),
    N_("No version was promoted that could be rolled back; stop the canary instead."),
    N_("No version was promoted that could be rolled back."),
    N_("No canary of %(name)s runs."),
    N_("Somebody changed %(name)s since you opened this. Look at it again."),
    N_("There is no tone %(name)s."),
    N_("There is no group %(name)s."),
    N_("There is nothing of yours to undo any more."),
    N_("There is no such batch of yours to undo."),
    N_("There are too many people named %(name)s."),
    N_("%(name)s is the only admin. Make somebody else one first."),
    N_("There is a user named %(name)s already."),
    N_("You have given your verdict on this text. A second person decides with you."),
    N_("There is no verdict of yours to take back any more."),
    N_("Your verdict and somebody else's differ. A lead or a third person settles it."),
)

_PLACE = re.compile(r"%\\\((\w+)\\\)s|%%")


def pass_on(message: str) -> str:
    """message in the reader's language, as far as it is one of these sentences."""
    if spoken() == "en":
        return message
    found = find_pattern(message)
    if found is None:
        return message
    pattern, said = found
    return gettext(pattern) % said


def find_pattern(message: str) -> tuple[str, dict[str, str]] | None:
    """The sentence that message is, and what it holds; the one with the most words of its own."""
    for pattern, regex in _patterns():
        if match := regex.fullmatch(message):
            return pattern, match.groupdict()
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    every = sorted((*FINDINGS, *REFUSALS), key=lambda each: -len(_PLACE.sub("", re.escape(each))))
    return tuple((each, re.compile(_regex(each), re.DOTALL)) for each in every)


def _regex(pattern: str) -> str:
    return _PLACE.sub(lambda place: f"(?P<{place[1]}>.*?)" if place[1] else "%", re.escape(pattern))
