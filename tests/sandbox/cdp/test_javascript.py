from typing import Any

import pytest

from sandbox.cdp.javascript import ScriptError, holds, run

NOON = 1_795_435_200.0  # 2026-11-23 12:00 UTC


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("1 + 1", 2),
        ("0.5", 0.5),
        ("12345678901234", 12345678901234),
        ("'é' + '😀'", "é😀"),
        ("null", None),
        ("undefined", None),
        ("0 / 0", None),
        ("1 / 0", None),
        ("({a: [1, {b: true}]})", {"a": [1, {"b": True}]}),
        ("(function () { return guest.name; })();", "Alice"),
        ("function f() { return this.guest.name; } f();", "Alice"),
        ("(function () {})", None),
    ],
)
def test_the_value_is_that_of_the_last_expression(code: str, value: Any) -> None:
    assert run(code, {"guest": {"name": "Alice"}}, now=NOON).value == value


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("missing.name", "ReferenceError: missing is not defined"),
        ("throw new TypeError('no')", "TypeError: no"),
        ("1 +", "SyntaxError"),
        ("while (true) {}", "interrupted"),
        ("new Array(1e9).fill(1)", "out of memory"),
        ("(function f() { f(); })()", "RangeError"),
        ("10n", "quickjs"),
    ],
)
def test_a_script_that_fails_or_runs_away_is_an_error(code: str, message: str) -> None:
    with pytest.raises(ScriptError, match=message):
        run(code, {}, now=NOON)


@pytest.mark.parametrize("name", ["window", "document", "fetch", "require", "std", "os"])
def test_scripts_have_neither_browser_nor_network_nor_files(name: str) -> None:
    assert run(f"typeof {name}", {}, now=NOON).value == "undefined"


def test_print_goes_to_the_log() -> None:
    assert run("print('a', 1); print('b')", {}, now=NOON).logs == ("a 1", "b")


def test_scripts_see_the_emulators_clock() -> None:
    assert run("new Date().toISOString()", {}, now=NOON).value == "2026-11-23T12:00:00.000Z"
    assert run("Date.now()", {}, now=NOON).value == NOON * 1000
    assert run("new Date('2020-02-03').getFullYear()", {}, now=NOON).value == 2020


def test_scripts_cannot_change_what_they_were_given() -> None:
    names = {"guest": {"name": "Alice"}}
    run("guest.name = 'Bob'", names, now=NOON)
    assert names == {"guest": {"name": "Alice"}}


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        ("true", True),
        ("[]", True),
        ("'x'", True),
        ("0", False),
        ("''", False),
        ("undefined", False),
        ("throw 1", False),
        ("(function () { return true; })();", True),
    ],
)
def test_conditions_follow_javascripts_truth(condition: str, *, held: bool) -> None:
    assert holds(condition, {}, now=NOON) is held
