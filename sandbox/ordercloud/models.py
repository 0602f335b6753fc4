"""Entities as their models in `data/openapi.json` describe them: defaults, limits, merging."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.ordercloud import dates, spec
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.ids import new_id

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_XP_CHARACTERS = 8000
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}

Schema = Mapping[str, Any]


def create(model: str, body: object) -> Entity:
    """Return a new entity of a request's body, with an ID of its own if the body has none.

    Raises ValidationFailure; read-only and unknown properties are passed over.
    """
    entity = _complete(_schema(model), body)
    if "ID" in entity:
        entity["ID"] = entity["ID"] or new_id()
    return _required(model, entity)


def blank(model: str) -> Entity:
    """Return an entity of which nothing is set."""
    return _complete(_schema(model), {})


def replace(model: str, old: Entity, body: object) -> Entity:
    """Return what `PUT` makes of an entity: only its read-only properties and its ID stay."""
    schema = _schema(model)
    kept = {name: old[name] for name, each in schema["properties"].items() if each.get("readOnly")}
    entity = {**_complete(schema, body), **kept}
    return _required(model, {**entity, "ID": entity["ID"] or old["ID"]})


def patch(model: str, old: Entity, body: object) -> Entity:
    """Return what `PATCH` makes of an entity: `xp` is merged deeply, all else replaced."""
    written = _written(_schema(model), body)
    if isinstance(written.get("xp"), dict):
        written["xp"] = merged(old["xp"], written["xp"])
    return _required(model, {**old, **written})


def narrowed(model: str, entity: Entity) -> Entity:
    """Return what a smaller model has of an entity: the address of an order, say."""
    return {name: entity.get(name) for name in _schema(model)["properties"]}


def merged(old: Any, new: Any) -> Any:
    """Return *new* laid over *old*, object by object; null stays null."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return {**old, **{name: merged(old.get(name), value) for name, value in new.items()}}


def _schema(model: str) -> Schema:
    schema: Schema = spec.document()["components"]["schemas"][model]
    return schema


def _complete(schema: Schema, body: object) -> Entity:
    blank = {name: _default(each) for name, each in schema["properties"].items()}
    return {**blank, **_written(schema, body)}


def _default(schema: Schema) -> Any:
    """Return what nobody has set: counts and totals are 0, flags false, all else null."""
    if "default" in schema or schema.get("type") == "boolean":
        return schema.get("default", False)
    is_count = schema.get("type") in {"integer", "number"} and schema.get("readOnly")
    return 0 if is_count else None


def _written(schema: Schema, body: object) -> Entity:
    """Return the properties of a body that may be written, checked."""
    if not isinstance(body, dict):
        raise ApiError("Request.InvalidRequestBody")
    return {
        name: _shaped(name, each, body[name])
        for name, each in schema["properties"].items()
        if name in body and not each.get("readOnly")
    }


def _shaped(name: str, schema: Schema, value: Any) -> Any:
    """Return a value as its schema wants it: models inside are completed, all is checked."""
    schema = spec.resolved(schema["allOf"][0] if "allOf" in schema else schema)
    if value is None:
        return None
    for problem in _problems(name, schema, value):
        raise ApiError("ValidationFailure", {"Property": name, "Problem": problem})
    if "properties" in schema:
        return _complete(schema, value)
    if schema["type"] == "array":
        return [_shaped(name, schema["items"], each) for each in value]
    return value


def _problems(name: str, schema: Schema, value: Any) -> Iterator[str]:
    if not _is_of_type(schema["type"], value):
        yield f"must be of type {schema['type']}"
    elif "maxLength" in schema and len(value) > schema["maxLength"]:
        yield f"must not be longer than {schema['maxLength']} characters"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"must be one of {', '.join(schema['enum'])}"
    elif schema.get("format") == "date-time" and not dates.is_date(value):
        yield "must be a date and time in ISO 8601"
    elif name == "ID" and not _ID.fullmatch(value):
        yield "must be 1 to 100 letters, digits, hyphens or underscores"
    elif name == "xp" and len(json.dumps(value)) > _XP_CHARACTERS:
        yield f"must not be longer than {_XP_CHARACTERS} characters"


def _is_of_type(kind: str, value: Any) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _required(model: str, entity: Entity) -> Entity:
    missing = [name for name in _schema(model).get("required", ()) if entity[name] in (None, "")]
    if missing:
        raise ApiError("ValidationFailure", {"Property": missing[0], "Problem": "is required"})
    return entity
