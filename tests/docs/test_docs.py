"""The pages for developers and operators say what the code does, and every link leads somewhere."""

import ast
import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from proxy import usage
from proxy.edge.telemetry import Metrics
from proxy.errors import (
    EventRefused,
    OrderCloudRefused,
    ProxyError,
    ScopeChanged,
    UpstreamError,
)
from proxy.model import Freshness
from proxy.web.answers import EXPOSED
from tests.answers import ids
from tests.conftest import StartGateway
from tests.docs.pages import DOCS, ROOT, Page, code, codes, page
from tests.emulators import OrderCloud

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
SOURCES = [*(ROOT / "proxy").rglob("*.py"), *(ROOT / "sandbox").rglob("*.py")]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_ANCHOR = re.compile(r"docs/sources\.md#([a-z0-9-]+)")
_INSIDE = {UpstreamError, EventRefused, OrderCloudRefused, ScopeChanged}
"""Errors that no caller gets under their own code."""


def read(path: Path) -> Page:
    return Page(path.read_text("utf-8"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_inside_leads_somewhere(path: Path) -> None:
    for link in _LINK.findall(path.read_text("utf-8")):
        if link.startswith(("http://", "https://")):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        assert not anchor or anchor in read(target).anchors(), link


def test_every_source_that_code_names_is_there() -> None:
    named = {one for path in SOURCES for one in _ANCHOR.findall(path.read_text("utf-8"))}
    assert named <= page("sources.md").anchors()


def test_every_source_says_how_sure_it_is() -> None:
    sections = page("sources.md").text.split("\n## ")[1:]
    for section in sections:
        assert re.search(r"\b(certain|likely|assumed)\b", section), section.splitlines()[0]


def test_every_decision_record_has_its_status() -> None:
    for path in (DOCS / "decisions").glob("*.md"):
        title, _, status = path.read_text("utf-8").splitlines()[:3]
        number = int(path.name.partition("-")[0])
        assert title.startswith(f"# {number}. ")
        assert status.startswith("Status: ")


def every_metric() -> Iterator[tuple[str, set[str]]]:
    """Give each metric's exposed name and labels."""
    for name, metric in vars(Metrics()).items():
        if name != "registry" and not name.startswith("_"):
            suffix = "_total" if metric._type == "counter" else ""
            yield metric._name + suffix, set(metric._labelnames)


def test_every_metric_is_described_with_its_labels() -> None:
    rows = page("metrics.md").table("metric", "labels").rows
    described = {code(row[0]): set(codes(row[1])) for row in rows}
    assert described.pop("decision_proxy_info") == {"version"}
    assert described == dict(every_metric())
    assert all(row[3] for row in rows)


def test_every_error_that_a_caller_may_get_is_described() -> None:
    found = [ProxyError]
    for one in found:
        found += one.__subclasses__()
    rows = page("http.md").section("Errors").table("code", "status").rows
    described = {code(row[0]): int(row[1]) for row in rows}
    for status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        assert described.pop(status.phrase.lower().replace(" ", "-")) == status
    assert described.pop("admin-key") == HTTPStatus.UNAUTHORIZED
    assert described == {one.code: one.status for one in found if one not in _INSIDE}
    assert all(row[2] for row in rows)


def test_every_word_for_freshness_is_described() -> None:
    described = codes(page("http.md").text)
    assert [word for word in Freshness if word not in described] == []


async def test_every_header_of_an_answer_is_described(
    gateway: StartGateway, ordercloud: OrderCloud
) -> None:
    rules = "placement: home\nresource: me/products\ndefault: {query: {pageSize: 2}}\n"
    running = await gateway({"home.yaml": rules})
    answer = await running.get("/placements/home", await ordercloud.token())
    assert len(ids(answer)) == 2
    table = page("http.md").section("Placements").table("answer", "meaning")
    described = {word.split(":")[0].lower() for row in table.rows for word in codes(row[0])}
    plain = {"content-length", "content-type", "date"}
    assert set(answer.headers) - plain == described


def test_every_header_that_scripts_may_read_is_described() -> None:
    described = set(codes(page("http.md").text))
    assert [header for header in EXPOSED if header not in described] == []


def log_messages() -> set[str]:
    """Return every message that the product writes to its log above debug."""
    found: set[str] = set()
    for path in (ROOT / "proxy").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            message = call.args[0] if call.args else None
            is_log = call.func.attr in {"info", "warning", "error", "exception"}
            if is_log and isinstance(message, ast.Constant) and isinstance(message.value, str):
                found.add(message.value)
    return found


def test_every_log_line_is_described() -> None:
    rows = page("operations.md").section("Logs").table("message", "means").rows
    assert {message for row in rows for message in codes(row[0])} == log_messages()


def commands() -> dict[str, set[str]]:
    """Return every command with its options, as its help tells them."""
    choices = next(
        action.choices
        for action in usage.make_parser()._actions
        if action.choices and not action.option_strings
    )
    assert isinstance(choices, dict)
    return {
        name: {option for action in parser._actions for option in action.option_strings}
        - {"-h", "--help"}
        for name, parser in choices.items()
    }


def test_every_command_and_option_is_described() -> None:
    rows = page("operations.md").section("Commands").table("command").rows
    described = {code(row[0]).split()[0]: set(re.findall(r"--[\w-]+", row[0])) for row in rows}
    assert described == commands()


def test_every_probe_is_described() -> None:
    table = page("operations.md").section("Probes").tables()[0]
    assert table.column(0) == ["/livez", "/readyz"]


def test_every_admin_path_is_described() -> None:
    table = page("http.md").section("Admin").table("path", "answer")
    assert {"/livez", "/readyz", "/metrics", "/config"} <= set(table.column(0))


def test_every_word_of_the_glossary_stands_once() -> None:
    words = [row[0].strip("*") for row in page("glossary.md").tables()[0].rows]
    assert len(words) == len(set(words))
    assert {"shopper", "guest", "placement", "flow", "decision", "rule", "page"} <= set(words)
