r"""OrderCloud's list grammar, read: the reference for what the gateway writes.

Written from OrderCloud's documentation alone: `|` separates alternatives; `!`, `>`, `<`, `>=`,
`<=` count at the start of an alternative; `*` stands for any text; `\` makes the next character an
ordinary one.
"""

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes


@dataclass(frozen=True)
class Alternative:
    """One alternative: *parts* are the literal texts between its wildcards."""

    operator: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """A request target: its path and its parameters, decoded, in order."""

    path: str
    params: tuple[tuple[str, str], ...]


def read_target(target: str) -> Target:
    """Split as every HTTP server does: first `?`, then `&` and `=`, then percent-decode."""
    assert target.isascii()
    assert target.isprintable()
    assert " " not in target
    assert "#" not in target
    path, _, query = target.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&")] if query else []
    return Target(path, tuple((_decode(name), _decode(value)) for name, _, value in pairs))


def read_value(value: str) -> tuple[Alternative, ...]:
    """Read the value of a filter."""
    alternatives: list[Alternative] = []
    operator, parts, at = _operator(value, 0)
    while at < len(value):
        character = value[at]
        if character == "\\" and at + 1 < len(value):
            at += 1
            parts[-1] += value[at]
        elif character == "*":
            parts.append("")
        elif character == "|":
            alternatives.append(Alternative(operator, tuple(parts)))
            operator, parts, at = _operator(value, at + 1)
            continue
        else:
            parts[-1] += character
        at += 1
    return (*alternatives, Alternative(operator, tuple(parts)))


def _operator(value: str, at: int) -> tuple[str, list[str], int]:
    """Return the operator that starts at *at*, an empty first part, and where the text begins."""
    for sign in (">=", "<=", "!", ">", "<", "="):
        if value.startswith(sign, at):
            return sign, [""], at + len(sign)
    return "", [""], at


def _decode(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode()
