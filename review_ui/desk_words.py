"""What the desk says of reasons, decisions and verdicts: English, said in the reader's language."""

from __future__ import annotations

from review_ui.i18n import N_
from store.decision_types import Action, RejectReason
from store.verdicts import Kind
from store.working_texts import ClashKind

REASONS = {
    RejectReason.WRONG: N_("Says what the source does not"),
    RejectReason.UNCLEAR: N_("Hard to understand"),
    RejectReason.TONE: N_("Not in this tone"),
    RejectReason.DUPLICATE: N_("We have said this already"),
    RejectReason.NOT_FOR_US: N_("Not for our groups"),
    RejectReason.OTHER: N_("Something else"),
}
SAVED = {
    "low": N_("%(tone)s saved and checked: low risk, %(findings)s."),
    "flagged": N_("%(tone)s saved and checked: flagged, %(findings)s."),
    "blocked": N_("%(tone)s saved and checked: blocked, %(findings)s."),
}
HAPPENED = {
    ClashKind.EDITED: N_("%(name)s changed this draft while you were at it."),
    ClashKind.DECIDED: N_("%(name)s decided on this draft while you were at it."),
    ClashKind.REPLACED: N_("The line wrote this draft again while you were at it."),
}
NOTHING_TOGETHER = N_("Nothing here can be approved together any more.")
VERDICTS = {
    Kind.FIRST: N_("Your verdict on %(tone)s is in. A second person decides with you."),
    # Who settles it depends on who reads this, and stands on the tone itself.
    Kind.DIFFER: N_(
        "Your verdict on %(tone)s is in. The other one differs: nothing is decided yet."
    ),
}
HISTORY = {
    Action.APPROVE: N_("%(name)s approved %(tone)s"),
    Action.REJECT: N_("%(name)s rejected %(tone)s"),
    Action.EDIT: N_("%(name)s edited %(tone)s"),
    Action.UNDO: N_("%(name)s reopened %(tone)s"),
    Action.WITHDRAW: N_("%(name)s withdrew a post of %(tone)s"),
    Action.RETRY: N_("%(name)s sent again a post of %(tone)s"),
    Action.SETTLE: N_("%(name)s settled a post of %(tone)s"),
    Action.KEEP: N_("%(name)s kept a post of %(tone)s"),
    Action.REGENERATE: N_("%(name)s asked for another draft of %(tone)s"),
    Action.RESCHEDULE: N_("%(name)s moved a post of %(tone)s to another time"),
}
