from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.cdp.freemarker.expressions import parse
from sandbox.cdp.freemarker.scope import Scope
from sandbox.cdp.freemarker.values import TemplateError, text, to_json

NOW = datetime(2026, 11, 3, 14, 5, 6, 789000, tzinfo=UTC)
MODEL: dict[str, Any] = {
    "word": " Blue whale ",
    "big": 1234567.891,
    "seen": 1_795_435_200_000,
    "xs": [3, 1, 2],
    "people": [{"name": "bo", "age": 9}, {"name": "Al", "age": 40}],
    "hash": {"0": "a", "1": "b"},
}


def value_of(source: str) -> Any:
    return parse(source).find(Scope(MODEL, NOW))


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("word?trim", "Blue whale"),
        ("word?trim?upper_case", "BLUE WHALE"),
        ("word?trim?lower_case?cap_first", "Blue whale"),
        ("word?trim?uncap_first", "blue whale"),
        ("'blue whale'?capitalize", "Blue Whale"),
        ("word?length", 12),
        ("word?contains('whale')", True),
        ("word?trim?starts_with('Blue') && word?trim?ends_with('whale')", True),
        ("'a-b-a'?index_of('a') + 'a-b-a'?last_index_of('a')", 4),
        ("'k=v'?keep_before('=') + 'k=v'?keep_after('=')", "kv"),
        ("'Mr X'?remove_beginning('Mr ') + 'X.'?remove_ending('.')", "XX"),
        ("'a,b'?split(',')", ["a", "b"]),
        ("'aXbX'?replace('X', '')", "ab"),
        ("'a1b22'?replace('([0-9]+)', '<$1>', 'r')", "a<1>b<22>"),
        ("'abcdef'?substring(2)", "cdef"),
        ("'abcdef'?substring(2, 4)", "cd"),
        ("'<a href=\"x\">&'?html", "&lt;a href=&quot;x&quot;&gt;&amp;"),
        ("'a b/ü'?url", "a%20b%2F%C3%BC"),
        ("'say \"é\"\n'?json_string", 'say \\"é\\"\\n'),
        ("'[1, {\"a\": 2}]'?eval_json", [1, {"a": 2}]),
        ("'1.50'?number", 1.5),
        ("big?c", "1234567.891"),
        ("true?c + false?string", "truefalse"),
        ("true?string('on', 'off')", "on"),
        ("big?string", "1,234,567.891"),
        ("big?string('0.00')", "1234567.89"),
        ("big?string('#,##0.#')", "1,234,567.9"),
        ("3?string('0.##')", "3"),
        ("3?string('computer')", "3"),
        ("(-2.5)?abs + 2.5?int + 2.5?round + (-2.5)?round + 2.1?ceiling + 2.9?floor", 10.5),
        ("seen?long?replace(',', '')?number", 1_795_435_200_000),
        ("seen?number_to_datetime?string('yyyy-MM-dd HH:mm')", "2026-11-23 12:00"),
        (".now?long", 1_793_714_706_789),
        (".now?string('yyyy-MM-dd\\'T\\'HH:mm:ss.SSS')", "2026-11-03T14:05:06.789"),
        (".now?string('EEE, d MMM yy h:mm a')", "Tue, 3 Nov 26 2:05 PM"),
        (".now?string(\"h 'o''clock'\")", "2 o'clock"),
        (".now?string(\"yy''MM\")", "26'11"),
        (".now?iso_utc", "2026-11-03T14:05:06Z"),
        ("'31.01.2025 10:20'?datetime('dd.MM.yyyy HH:mm')?iso_utc", "2025-01-31T10:20:00Z"),
        ("'2025-01-31T10:20:00+02:00'?datetime?iso_utc", "2025-01-31T08:20:00Z"),
        ("'10:20+0200'?datetime('HH:mmZ')?string('HH:mmXXX')", "08:20Z"),
        ("'2025-01-31'?date?string('dd-MMM-yy')", "31-Jan-25"),
        ("xs?size + hash?size + ''?size", 5),
        ("xs?first + xs?last", 5),
        ("xs?sort?join('|')", "1|2|3"),
        ("xs?reverse?join(', ', 'none', '.')", "2, 1, 3."),
        ("[]?join(', ', 'none')", "none"),
        ("people?sort_by('name')?map(p -> p.name)", ["Al", "bo"]),
        ("people?sort_by(['age'])?map(p -> p.age)", [9, 40]),
        ("xs?seq_contains(2) && !xs?seq_contains(9)", True),
        ("xs?seq_index_of(2)", 2),
        ("(1..5)?chunk(2)", [[1, 2], [3, 4], [5]]),
        ("hash?keys + hash?values", ["0", "1", "a", "b"]),
        ("'a'?is_string && 1?is_number && true?is_boolean && xs?is_sequence", True),
        ("hash?is_hash && .now?is_date && !xs?is_hash", True),
    ],
)
def test_builtins(source: str, value: Any) -> None:
    assert value_of(source) == value


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("'x'?number", "Not a number: 'x'"),
        ("'soon'?datetime", "Not a date: 'soon'"),
        ("'soon'?date('yyyy')", "Not a date"),
        (".now?string('wwww')", "date pattern 'wwww' is not supported"),
        ("1?string('0 kg')", "number pattern '0 kg' is not supported"),
        ("'x'?c", "Expected a number, got a string"),
        ("xs?keys", "Expected a hash"),
        ("hash?first", "Expected a sequence"),
    ],
)
def test_builtins_say_what_they_cannot_take(source: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        value_of(source)


def test_json_carries_decimals_as_numbers_and_times_as_epoch() -> None:
    value = {"half": value_of("1 / 2"), "one": value_of("0.5 + 0.5"), "now": NOW, "none": None}
    text = '{"half": 0.5, "one": 1, "now": 1793714706789, "none": null}'
    assert to_json(value) == text
    with pytest.raises(TemplateError, match="has no JSON"):
        to_json(value_of)


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (1, "1"),
        (1234567, "1,234,567"),
        (0.5, "0.5"),
        (1.23456, "1.235"),
        (100.0, "100"),
        (NOW, "Nov 3, 2026 2:05:06 PM"),
    ],
)
def test_interpolations_print_as_in_american_english(value: Any, printed: str) -> None:
    assert text(value) == printed
