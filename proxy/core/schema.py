"""The JSON Schema of a rules file: completion and hover help in editors."""

from typing import Any

from proxy.core.forms import CONDITIONS
from proxy.core.nodes import PlacementFile
from proxy.core.resources import RESOURCES

_SCALAR = {"type": ["string", "number", "boolean"]}
_VALUES = {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR, "minItems": 1}]}
_FORM = {"$ref": "#/$defs/Form"}
_QUERY = {"$ref": "#/$defs/Query"}
_PARAMETERS = {
    "ID": "these items",
    "catalogID": "in this catalog; the buyer's default if not given",
    "categoryID": "in this category",
    "depth": "how many levels below the category too, or all",
    "from": "orders from this date on",
    "orderID": "of this order",
    "pageSize": "how many on a page: 1 to 100",
    "productID": "categories that hold this product",
    "search": "full text",
    "searchOn": "the fields that are searched",
    "searchType": "which words have to be there, and where",
    "sellerID": "of this seller",
    "sortBy": "fields, first to last; ! in front of one turns it round",
    "supplierID": "of this supplier",
    "to": "orders up to this date",
}
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
    schema: dict[str, Any] = _without_null(PlacementFile.model_json_schema(by_alias=True))
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "A placement"
    schema["properties"]["resource"]["enum"] = sorted(RESOURCES)
    definitions = schema["$defs"]
    definitions |= {"Query": _query(), "Form": _form()}
    for node in ("RuleNode", "ListNode"):
        keys = definitions[node]["properties"]
        keys["query"] = {"description": keys["query"]["description"], **_QUERY}
        keys["fill"]["anyOf"] = [_QUERY, {"type": "array", "items": _QUERY}]
    for key in ("output", "request"):
        definitions["WhenNode"]["properties"][key]["additionalProperties"] = _FORM
    return schema


def _without_null(node: Any) -> Any:
    """Return *node* where nothing may be null: a key whose value was forgotten is refused."""
    if isinstance(node, list):
        return [_without_null(one) for one in node if one != {"type": "null"}]
    if isinstance(node, dict):
        return {key: _without_null(v) for key, v in node.items() if (key, v) != ("default", None)}
    return node


def _query() -> dict[str, Any]:
    """Return the schema of `query:`: known parameters by name, anything else is a field."""
    known = {name: {"description": text, **_FORM} for name, text in _PARAMETERS.items()}
    return {"type": "object", "properties": known, "additionalProperties": _FORM}


def _form() -> dict[str, Any]:
    operands: dict[str, Any] = {name: {"description": _HELP[name]} for name in CONDITIONS}
    operands["missing"]["type"] = "boolean"
    operands["like"]["type"] = "string"
    operands["from"]["type"] = "string"
    operands["between"] |= {"type": "array", "items": _SCALAR, "minItems": 2, "maxItems": 2}
    condition = {"type": "object", "properties": operands, "additionalProperties": False}
    return {"anyOf": [*_VALUES["anyOf"], {**condition, "minProperties": 1}]}
