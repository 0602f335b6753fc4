"""Every case of the files beside this one: rules, decision and request → rule, reason, requests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy import document
from proxy.core.choose import choose
from proxy.core.query import targets
from proxy.core.rules import load
from proxy.model import Asked, Decision, Facts, Freshness, ListQuery, Reason
from tests.core.making import NOON, decided

PAGING = {"page", "pageSize"}


def cases() -> Iterator[Any]:
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        file = document.parse(path.read_text("utf-8"), path.name).data
        for case in file["cases"]:
            yield pytest.param(file["rules"], case, id=f"{path.stem}: {case['it']}")


def asked_for(params: dict[str, Any]) -> Asked:
    return Asked(
        page=params.get("page"),
        page_size=params.get("pageSize"),
        params={name: (value,) for name, value in params.items() if name not in PAGING},
    )


@pytest.mark.parametrize(("rules", "case"), [*cases()])
def test_a_case_comes_out_as_it_says(rules: str, case: dict[str, Any]) -> None:
    placement = load(rules, "case.yaml")
    decision = decided(case["decision"])
    if case["decision"] is None:
        decision = Decision(None, Reason.NO_DECISION, Freshness.FRESH)
    choice = choose(placement, decision, asked_for(case.get("asked", {})), Facts(at=NOON))
    requests = targets(choice.then) if isinstance(choice.then, ListQuery) else ()
    assert (choice.rule, choice.reason) == (case["rule"], case["reason"])
    assert list(requests) == case["requests"]
