"""Conditions on entity tags: RFC 9110 section 13."""

import pytest

from proxy.web.etags import is_known, may_write


@pytest.mark.parametrize(
    ("if_none_match", "known"),
    [
        (None, False),
        ("*", True),
        ('"a"', True),
        ('"b", "a"', True),
        ('W/"a"', True),
        ('"b"', False),
        ("a", False),
        ("", False),
    ],
)
def test_a_body_is_known_by_any_of_its_tags(if_none_match: str | None, *, known: bool) -> None:
    assert is_known('"a"', if_none_match) == known


@pytest.mark.parametrize(
    ("etag", "if_match", "if_none_match", "may"),
    [
        ('"a"', None, None, True),
        (None, None, None, True),
        ('"a"', '"a"', None, True),
        ('"a"', '"b", "a"', None, True),
        ('"a"', "*", None, True),
        ('"a"', '"b"', None, False),
        ('"a"', 'W/"a"', None, False),
        (None, "*", None, False),
        (None, '"a"', None, False),
        (None, None, "*", True),
        ('"a"', None, "*", False),
        ('"a"', None, '"a"', False),
        ('"a"', None, '"b"', True),
    ],
)
def test_a_write_goes_by_both_conditions(
    etag: str | None, if_match: str | None, if_none_match: str | None, *, may: bool
) -> None:
    assert may_write(etag, if_match, if_none_match) == may
