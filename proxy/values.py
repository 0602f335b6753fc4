"""What settings consist of beside numbers, as operations write it: lists, pairs, URLs, places."""

import re
from typing import Annotated

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import AnyHttpUrl, BeforeValidator, Field

from proxy import document
from proxy.quantity import Duration

_NODE = re.compile(r"/.+|[^/]+:[0-9]{1,5}")


def _read_list(value: object) -> object:
    """Read a comma-separated text as a list, as it comes from the environment."""
    if not isinstance(value, str):
        return value
    return [stripped for part in value.split(",") if (stripped := part.strip())]


def _read_pairs(value: object) -> object:
    """Read `name=value,…` as a mapping, as it comes from the environment."""
    if not isinstance(value, str):
        return value
    return dict(word.partition("=")[::2] for word in value.split(",") if word)


def _read_url(value: object) -> str:
    url = AnyHttpUrl(str(value))
    if url.username or url.password or url.query or url.fragment:
        what = "a URL here has a scheme, a host and perhaps a path"
        raise document.refusal(what, "remove the rest")
    return str(url).rstrip("/")


def _read_path(value: object) -> str:
    try:
        jmespath.compile(str(value))
    except JMESPathError as exc:
        raise document.refusal(f"{value!r} is no JMESPath", "write e.g. Product.xp.kind") from exc
    return str(value)


def _read_node(value: object) -> str:
    if not _NODE.fullmatch(str(value)):
        what = f"{value!r} is no place of a Redis"
        raise document.refusal(what, "write host:port, or the path of a socket")
    return str(value)


JmesPath = Annotated[str, BeforeValidator(_read_path, json_schema_input_type=str)]
Url = Annotated[str, BeforeValidator(_read_url, json_schema_input_type=str)]
Pairs = BeforeValidator(_read_pairs)
Words = Annotated[tuple[str, ...], BeforeValidator(_read_list)]
Durations = Annotated[tuple[Duration, ...], BeforeValidator(_read_list)]
Port = Annotated[int, Field(ge=0, le=65535)]
Node = Annotated[str, BeforeValidator(_read_node, json_schema_input_type=str)]
Nodes = Annotated[tuple[Node, ...], BeforeValidator(_read_list)]
