"""A decision as somebody asked for it: their form, and the desk they saw it on."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from review_ui import decide_form as read
from review_ui.decide_form import FormValues
from review_ui.deps import Serve, Services, SignedIn
from review_ui.desk import DeskView, ToneColumn, find_column, get_desk, read_picked
from review_ui.filters import read_filter
from review_ui.render import tone_name
from store.decision_types import By
from store.users import User


async def read_form(request: Request) -> FormValues:
    values: FormValues = {}
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str):
            values.setdefault(name, []).append(value)
    return values


Sent = Annotated[FormValues, Depends(read_form)]


@dataclass(slots=True)
class Ask:
    """A decision as it was asked for, and the desk it was asked on."""

    request: Request
    serve: Services
    user: User
    card_id: str
    draft_id: int
    form: FormValues
    _seen: DeskView | None = field(default=None)

    def desk(self) -> DeskView:
        """The desk before the decision; read once."""
        if self._seen is None:
            self._seen = self.look()
        return self._seen

    def look(self) -> DeskView:
        """The desk as it is at this moment."""
        wanted = read_filter(self.request.query_params)
        picked = read_picked(self.form)
        two = self.serve.settings.second_person
        with self.serve.db.look():
            view = get_desk(
                self.serve.db, self.card_id, self.user, wanted, picked, second_person=two
            )
        if view is None:
            raise HTTPException(404)
        return view

    def column(self) -> ToneColumn:
        """The draft asked about; 404 unless it is a current draft of that very card."""
        column = find_column(self.desk(), self.draft_id)
        if column is None:
            raise HTTPException(404)
        return column

    def by(self) -> By:
        version = read.read_version(read.field(self.form, "version"))
        request_id = read.read_request_id(self.form, self.draft_id)
        return By(self.user.id, version, read.active_seconds(self.form), request_id)

    def draft_field(self, name: str) -> str:
        return read.draft_field(self.form, name, self.draft_id)

    def tone(self) -> str:
        return tone_name(self.column().draft.tone)


def ask(
    request: Request, serve: Serve, user: SignedIn, card_id: str, draft_id: int, form: Sent
) -> Ask:
    return Ask(request, serve, user, card_id, draft_id, form)


Asked = Annotated[Ask, Depends(ask)]
