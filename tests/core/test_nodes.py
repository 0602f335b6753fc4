"""The shape of a rules file: what may stand where, and how what is written is read."""

from typing import Any

import pytest
from pydantic import ValidationError

from proxy.core.nodes import ExperimentNode, FlowNode, ListNode, PlacementFile, WhenNode
from tests.core.making import mistakes


@pytest.mark.parametrize(
    ("written", "read"),
    [("vip", ["vip"]), (["a", "b"], ["a", "b"]), (7, ["7"]), (True, ["true"]), ([4.5], ["4.5"])],
)
def test_one_name_or_several_are_read_as_texts(written: Any, read: list[str]) -> None:
    assert WhenNode.model_validate({"segment": written}).segment == read


@pytest.mark.parametrize("fill", [{"categoryID": "new"}, [{"categoryID": "new"}]])
def test_one_query_or_several_fill_up(fill: Any) -> None:
    assert ListNode.model_validate({"fill": fill}).fill == [{"categoryID": "new"}]


@pytest.mark.parametrize(("written", "seconds"), [("5m", 300), ("none", 0), ("0s", 0)])
def test_a_decision_is_kept_for_a_time_or_not_at_all(written: str, seconds: float) -> None:
    assert FlowNode.model_validate({"flow": "f", "cache": written}).cache == seconds


@pytest.mark.parametrize(
    ("model", "written"),
    [
        (WhenNode, {"segment": ""}),
        (WhenNode, {"segment": []}),
        (WhenNode, {"segment": None}),
        (WhenNode, {"segment": {"not": "vip"}}),
        (WhenNode, {"segment": ["vip", None]}),
        (WhenNode, {"segment": [["vip"]]}),
        (WhenNode, {"anonymous": "true"}),
        (WhenNode, {"any": []}),
        (WhenNode, {"all": {"segment": "vip"}}),
        (WhenNode, {"sgment": "vip"}),
        (FlowNode, {"flow": "f", "timeout": "none"}),
        (FlowNode, {"flow": "f", "params": {"a-b": 1}}),
        (FlowNode, {"flow": "f", "params": {"a": {"request": "1st"}}}),
        (ListNode, {"order": "random"}),
        (ListNode, {"fill": ["new"]}),
        (ListNode, {"pin": {"path": "ids"}}),
        (ExperimentNode, {"split": {"a": "50"}}),
        (ExperimentNode, {"split": {"!": 1}}),
        (PlacementFile, {"placement": "p", "resource": "me/products"}),
    ],
)
def test_what_cannot_be_meant_is_refused(model: type[WhenNode], written: Any) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(written)


def test_nothing_is_changed_after_reading() -> None:
    node = WhenNode.model_validate({"segment": "vip"})
    with pytest.raises(ValidationError):
        node.segment = []  # type: ignore[misc] # that is what is tried


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("{name: r, when: {segment: vip}, querry: {}}", "unknown key 'querry'; did you mean"),
        ("{name: r, when: {segmnt: vip}, query: {}}", "unknown key 'segmnt'; did you mean"),
        ("{name: r, when: {segment: }, query: {}}", "there is no value; write one, or remove"),
        ("{name: r, when: {segment: []}, query: {}}", "this list is empty; name at least one"),
        ('{name: r, when: {segment: ""}, query: {}}', "there is no text between the quotes"),
        ("{when: {segment: vip}, query: {}}", "'name' is missing; add it"),
        ("{name: r, query: {}}", "'when' is missing; add it"),
        ("{name: '', when: {segment: vip}, query: {}}", "'' cannot be a name here"),
        ("{name: r, when: {segment: vip}, query: {}, fill: }", "there is no value"),
    ],
)
def test_a_mistake_is_told_in_a_marketers_words(rule: str, found: str) -> None:
    text = f"placement: p\nresource: me/products\nrules: [{rule}]\ndefault: {{query: {{}}}}\n"
    (mistake,) = mistakes(text)
    assert found in mistake
