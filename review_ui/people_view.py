"""How roles and changes of accounts are said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from review_ui.i18n import N_
from review_ui.i18n import gettext as _
from store.account_changes import AccountAction, AccountChange
from store.users import Role

ROLE_NAMES = {
    Role.EDITOR: N_("Editor"),
    Role.LEAD: N_("Lead"),
    Role.OPS: N_("Operations"),
    Role.ADMIN: N_("Admin"),
}
ROLE_WORDS = {
    Role.EDITOR: N_("Reads, edits, approves and rejects."),
    Role.LEAD: N_("An editor who also settles verdicts that differ and chooses tone versions."),
    Role.OPS: N_("Looks after sources, quarantine, runs and posts that failed."),
    Role.ADMIN: N_("Does all of it, and looks after people."),
}
CHANGES = {
    AccountAction.ADDED: N_("%(by)s let %(name)s in, as “%(role)s”"),
    AccountAction.ROLE: N_("%(by)s gave %(name)s the role “%(role)s” instead of “%(before)s”"),
    AccountAction.DISABLED: N_("%(by)s ended the access of %(name)s"),
    AccountAction.ENABLED: N_("%(by)s let %(name)s sign in again"),
    AccountAction.PASSWORD: N_("%(by)s set a new password for %(name)s"),
    AccountAction.SESSIONS_ENDED: N_("%(by)s ended sessions of %(name)s"),
    AccountAction.TOKEN_MADE: N_("%(by)s made the API token “%(token)s”"),
    AccountAction.TOKEN_REVOKED: N_("%(by)s revoked the API token “%(token)s”"),
    AccountAction.LINKED: N_("%(by)s linked %(name)s with %(issuer)s"),
    AccountAction.UNLINKED: N_("%(by)s unlinked %(name)s from %(issuer)s"),
    AccountAction.INVITED: N_("%(by)s made an invite as “%(role)s”"),
    AccountAction.INVITE_REVOKED: N_("%(by)s revoked an invite"),
}


@dataclass(frozen=True, slots=True)
class ChangeLine:
    words: str
    note: str
    at: datetime


def make_change_lines(changes: Sequence[AccountChange]) -> tuple[ChangeLine, ...]:
    return tuple(_line(change) for change in changes)


def _line(change: AccountChange) -> ChangeLine:
    detail = change.detail
    words = _(CHANGES[change.action]) % {
        "by": change.by or _("The command line"),
        "name": change.name,
        "role": _role(detail.get("role")),
        "before": _role(detail.get("before")),
        "issuer": detail.get("issuer", ""),
        "token": detail.get("token", ""),
    }
    return ChangeLine(words, str(detail.get("note", "")), change.at)


def _role(value: object) -> str:
    return _(ROLE_NAMES[Role(str(value))]) if value in set(Role) else ""
