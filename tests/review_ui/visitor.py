"""A person with a browser: gets pages, reads them, sends their forms back as a browser would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.testclient import TestClient
from httpx import Response
from lxml import html

from tests.review_ui.desk_data import PASSWORD

Fields = dict[str, str | list[str]]


@dataclass
class Visitor:
    client: TestClient

    def get(self, path: str, **headers: str) -> Response:
        return self.client.get(path, headers=headers)

    def page(self, path: str) -> Any:
        """The page as a tree; fails unless it is one."""
        response = self.get(path)
        assert response.status_code == 200, (path, response.status_code)
        return html.fromstring(response.text)

    def sign_in(self, name: str, password: str = PASSWORD, next: str = "") -> Visitor:
        response = self.try_sign_in(name, password, next)
        assert response.status_code == 303
        return self

    def try_sign_in(self, name: str, password: str, next: str = "") -> Response:
        form = html.fromstring(self.get("/signin").text).forms[0]
        fields = dict(form.fields) | {"name": name, "password": password}
        if next:
            fields["next"] = next
        return self.client.post("/signin", data=fields)

    def csrf(self) -> str:
        values = self.page("/groups").xpath("//input[@name='csrf']/@value")
        return str(values[0])

    def desk_fields(self, card_id: str) -> Fields:
        """What the groups panel of a card would send: ticked boxes and tones."""
        tree = self.page(f"/cards/{card_id}")
        fields: Fields = {"csrf": str(tree.xpath("//input[@name='csrf']/@value")[0])}
        fields["picked"] = "1"
        fields["group"] = [str(v) for v in tree.xpath("//input[@name='group'][@checked]/@value")]
        for select in tree.xpath("//select[starts-with(@name, 'tone:')]"):
            fields[str(select.name)] = str(select.value)
        return fields

    def tone(self, card_id: str, tone: str) -> Any:
        """A tone's column of the card page."""
        return self.page(f"/cards/{card_id}").get_element_by_id(f"tone-{tone}")

    def decide(
        self,
        card_id: str,
        tone: str,
        action: str,
        fields: Mapping[str, str | list[str]] | None = None,
        **headers: str,
    ) -> Response:
        """Press a button of a tone's column with what stands on the page; fields: changed ones."""
        column = self.tone(card_id, tone)
        sent: dict[str, str | list[str]] = dict(self.desk_fields(card_id))
        if action == "approve":
            button = column.xpath(".//button[@data-approve]")[0]
            path, sent["version"] = button.get("formaction"), button.get("value")
        else:
            form = next(f for f in column.xpath(".//form") if f.get("action").endswith(action))
            path = form.get("action")
            sent |= {name: value for name, value in form.fields.items() if value is not None}
        return self.client.post(path, data={**sent, **(fields or {})}, headers=headers)


def text_of(element: Any) -> str:
    return " ".join(element.text_content().split())
