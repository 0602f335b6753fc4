"""Answers are read as they were written, and what they look like is told apart."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.edge.codec import EXECUTIONS, GROUPS, PAGES, PROFILES, Codec
from proxy.model import Execution, Page, Profile, Reason


@pytest.mark.parametrize("output", [None, b'{"segment": "vip", "ids": [1, 2.5, "x", null, true]}'])
def test_executions_are_read_as_they_were_written(output: bytes | None) -> None:
    done = Execution(output, Reason.MATCHED)
    assert EXECUTIONS.decode(EXECUTIONS.encode(done)) == done


def test_an_execution_whose_output_is_no_json_is_not_read() -> None:
    with pytest.raises(msgspec.DecodeError):
        EXECUTIONS.decode(EXECUTIONS.encode(Execution(b"{", Reason.MATCHED)))


def test_pages_are_read_as_they_were_written() -> None:
    page = Page(b'{"Items": []}', '"tag"', 0)
    assert PAGES.decode(PAGES.encode(page)) == page


@pytest.mark.parametrize(
    "profile", [Profile("acme", "alice"), Profile("acme", "alice", "de-DE", "EUR")]
)
def test_profiles_are_read_as_they_were_written(profile: Profile) -> None:
    assert PROFILES.decode(PROFILES.encode(profile)) == profile


@given(st.frozensets(st.text()))
def test_groups_are_read_as_they_were_written(groups: frozenset[str]) -> None:
    assert GROUPS.decode(GROUPS.encode(groups)) == groups


def test_what_looks_different_has_another_version() -> None:
    versions = {
        Codec(wire, pack=list, unpack=list).version for wire in (list[int], list[str], list[int])
    }
    assert len(versions) == 2
