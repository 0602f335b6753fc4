"""Whatever text a file holds, the reader reads what was meant or says where it is wrong."""

import json
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.document import parse
from proxy.errors import DocumentError

yaml_like = st.lists(
    st.sampled_from(
        ["a: ", "b:", "- ", "\n", "  ", "\t", "[", "]", "{", "}", ", ", "'", '"', "&a ", "*a",
         "!!int ", "!x ", "|", ">", "? ", "<<: ", "---\n", "...", "# c", "NO", "010", "\x00", "é"]
    ),
    max_size=30,
).map("".join)  # fmt: skip
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
trees = st.recursive(
    scalars,
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)
plain_words = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,12}", fullmatch=True).filter(
    lambda word: not word.endswith(":")
)


@settings(deadline=None)
@given(st.text() | yaml_like)
def test_any_text_is_read_or_refused_at_a_place_that_it_has(text: str) -> None:
    try:
        parse(text, "f")
    except DocumentError as exc:
        rows = len(re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text))
        for problem in exc.problems:
            assert 1 <= problem.line <= rows + 1
            assert problem.column >= 1
            assert problem.what


@settings(deadline=None)
@given(plain_words)
def test_an_unquoted_word_is_written_back_as_it_stood(word: str) -> None:
    value = parse(f"key: {word}", "f").data["key"]
    if word.lower() in {"true", "false", "null"}:
        assert str(value).lower() in {word.lower(), "none"}
    else:
        assert str(value) == word


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"])))
def test_quoted_text_is_that_text(text: str) -> None:
    quoted = text.replace("'", "''")
    if "\ufeff" not in text and "\ufffe" not in text and "\uffff" not in text:
        assert parse(f"key: '{quoted}'", "f").data == {"key": text}


def without_traps(tree: Any) -> Any:
    """Return *tree* as the reader sees it: numbers that it leaves as text are text."""
    if isinstance(tree, dict):
        return {key: without_traps(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [without_traps(value) for value in tree]
    return json.dumps(tree) if isinstance(tree, int | float) else tree


@settings(deadline=None)
@given(trees)
def test_json_is_read_as_the_json_it_is(tree: Any) -> None:
    try:
        read = parse(json.dumps(tree), "f").data
    except DocumentError:  # too deep, or `<<` as a key
        return
    assert without_traps(read) == without_traps(tree)


@given(st.lists(st.text("abc", min_size=1), min_size=1, unique=True), st.data())
def test_the_place_of_a_value_is_where_it_stands(keys: list[str], data: st.DataObject) -> None:
    indents = [data.draw(st.integers(1, 4)) for _ in keys]
    text = "\n".join(f"{key}:{' ' * pad}x{key}" for key, pad in zip(keys, indents, strict=True))
    document = parse(text, "f")
    rows = text.splitlines()
    for key in keys:
        line, column = document.places[(key,)]
        assert rows[line - 1][column - 1 :] == f"x{key}"
        assert document.places[(key, "")] == (line, 1)
