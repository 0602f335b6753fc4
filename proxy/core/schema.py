"""The JSON Schema of a rules file: completion and hover help in editors."""

from typing import Any

from proxy.core.forms import CONDITIONS
from proxy.core.nodes import PlacementFile
from proxy.core.resources import RESOURCES

_SCALAR = {"type": ["string", "number", "boolean"]}
_VALUES = {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR, "minItems": 1}]}
_HELP = {
    "not": "none of these",
    "gt": "greater than",
    "gte": "at least",
    "lt": "less than",
    "lte": "at most",
    "between": "at least the first and at most the second",
    "like": "text with * for anything",
    "missing": "true: has no value; false: has one",
    "from": "JMESPath into the flow's output",
}


def rules() -> dict[str, Any]:
    """Return the schema, with what the models leave open filled in: resources and value forms."""
    schema = PlacementFile.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "A placement"
    schema["properties"]["resource"]["enum"] = sorted(RESOURCES)
    definitions = schema["$defs"]
    definitions["Form"] = _form()
    for node in ("RuleNode", "ListNode"):
        definitions[node]["properties"]["query"] = _query()
    for key in ("output", "request"):
        definitions["WhenNode"]["properties"][key]["additionalProperties"] = {
            "$ref": "#/$defs/Form"
        }
    return schema


def _query() -> dict[str, Any]:
    """Return the schema of `query:`: known parameters by name, anything else is a field."""
    names = sorted({name for one in RESOURCES.values() for name in one.parameters})
    form = {"$ref": "#/$defs/Form"}
    return {
        "type": "object",
        "description": "OrderCloud parameters and filters",
        "properties": dict.fromkeys(("ID", *names), form),
        "additionalProperties": form,
    }


def _form() -> dict[str, Any]:
    operands: dict[str, Any] = {name: {"description": _HELP[name]} for name in CONDITIONS}
    operands["missing"]["type"] = "boolean"
    operands["like"]["type"] = "string"
    operands["from"]["type"] = "string"
    operands["between"] |= {"type": "array", "items": _SCALAR, "minItems": 2, "maxItems": 2}
    condition = {"type": "object", "properties": operands, "additionalProperties": False}
    return {"anyOf": [*_VALUES["anyOf"], {**condition, "minProperties": 1}]}
