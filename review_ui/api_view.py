"""The OpenAPI schema laid out for a page: sections of operations, fields with their types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldView:
    """A parameter, or a field of what is sent. type: in words."""

    name: str
    type: str
    is_required: bool
    words: str


@dataclass(frozen=True, slots=True)
class Operation:
    """sends: fields of the body. gives: the name of what comes back; example: a body to send."""

    id: str
    method: str
    path: str
    summary: str
    words: str
    parameters: tuple[FieldView, ...]
    sends: tuple[FieldView, ...]
    gives: str
    example: str


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    operations: tuple[Operation, ...]
    models: tuple[tuple[str, str, tuple[FieldView, ...]], ...]


def describe(schema: Mapping[str, Any]) -> tuple[Section, ...]:
    """A section per tag, then one of everything that comes back."""
    models = schema.get("components", {}).get("schemas", {})
    sections: dict[str, list[Operation]] = {}
    for path, methods in schema["paths"].items():
        for method, said in methods.items():
            sections.setdefault(said["tags"][0], []).append(_operation(method, path, said, models))
    shown = {
        name: model
        for name, model in models.items()
        if "properties" in model and not name.startswith(("HTTPValidation", "Validation"))
    }
    return (
        *(Section(name, tuple(operations), ()) for name, operations in sections.items()),
        Section(
            "Values",
            (),
            tuple(
                (_title(name), model.get("description", ""), _fields(model, models))
                for name, model in sorted(shown.items())
                if not name.endswith("In")
            ),
        ),
    )


def _operation(
    method: str, path: str, said: Mapping[str, Any], models: Mapping[str, Any]
) -> Operation:
    body = said.get("requestBody", {}).get("content", {}).get("application/json", {})
    sent = _resolve(body.get("schema", {}), models)
    answer = said["responses"].get("200", {}).get("content", {}).get("application/json", {})
    words = said.get("description", "").split("\n\n")
    sends = _fields(sent, models)
    return Operation(
        id=said["operationId"],
        method=method.upper(),
        path=path,
        summary=words[0].replace("\n", " "),
        words=" ".join(" ".join(words[1:]).split()),
        parameters=tuple(
            FieldView(
                item["name"],
                say_type(item["schema"], models),
                bool(item.get("required")),
                item.get("description", ""),
            )
            for item in said.get("parameters", ())
        ),
        sends=sends,
        gives=say_type(answer.get("schema", {}), models),
        example=json.dumps(_example(sends), indent=2) if sends else "",
    )


def _fields(model: Mapping[str, Any], models: Mapping[str, Any]) -> tuple[FieldView, ...]:
    required = set(model.get("required", ()))
    return tuple(
        FieldView(name, say_type(said, models), name in required, said.get("description", ""))
        for name, said in model.get("properties", {}).items()
    )


def say_type(said: Mapping[str, Any], models: Mapping[str, Any]) -> str:
    """`string`, `DraftOut`, `list of string`, `integer or null`, `low | flagged | blocked`."""
    if "$ref" in said:
        name = said["$ref"].rpartition("/")[2]
        model = models.get(name, {})
        return " | ".join(model["enum"]) if "enum" in model else _title(name)
    if "anyOf" in said:
        return " or ".join(say_type(each, models) for each in said["anyOf"])
    if said.get("type") == "array":
        items = said.get("items") or {}
        return f"list of {say_type(items, models)}" if items else "list"
    if said.get("format") == "date-time":
        return "time (ISO 8601)"
    return str(said.get("type", "any"))


def _resolve(said: Mapping[str, Any], models: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = models.get(said.get("$ref", "").rpartition("/")[2], said)
    return found


def _example(fields: tuple[FieldView, ...]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for field in fields:
        if field.is_required:
            first = field.type.split(" | ")[0]
            made[field.name] = 1 if first == "integer" else first if "|" in field.type else "…"
    return made


def _title(name: str) -> str:
    """`Page_QueueCard_` is a page of QueueCard; the rest without its last word."""
    if name.startswith("Page_"):
        return f"page of {_title(name.removeprefix('Page_').rstrip('_'))}"
    return name.removesuffix("Out")
