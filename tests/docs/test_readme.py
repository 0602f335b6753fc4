"""What the README shows is what happens."""

import asyncio
import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from proxy.core.rules import load
from tests.demo import Demo, running
from tests.docs.pages import ROOT, Page

README = Page((ROOT / "README.md").read_text("utf-8"))
_LASTS = re.compile(r"ttl=\d+")
"""How long an answer is kept is not the same each time."""


async def _output(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return output.decode()


def _on_free_ports(script: str, demo: Demo) -> str:
    """Return *script*, which names the default ports, for a demo on others."""
    return script.replace("http://127.0.0.1:8101", demo.ordercloud).replace(
        "http://127.0.0.1:8080", demo.gateway
    )


def test_both_commands_are_targets_of_make() -> None:
    (shown,) = README.section("Two commands").blocks("sh")
    commands = re.findall(r"^make (\w+)", shown, re.MULTILINE)
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert commands == ["demo", "test"]
    assert set(commands) <= set(targets)


async def test_the_shown_request_gets_the_shown_answer(tmp_path: Path) -> None:
    section = README.section("For storefront developers")
    async with running(tmp_path) as demo:
        answer = await _output("bash", "-c", _on_free_ports(section.blocks("sh")[0], demo))
    head, _, body = answer.replace("\r\n", "\n").partition("\n\n")
    shown, _, listed = section.blocks("http")[0].partition("\n\n")
    answered = _LASTS.sub("", head).splitlines()
    for line in _LASTS.sub("", shown).splitlines():
        assert line in answered
    assert json.loads(body)["Items"][0]["ID"] in listed


def test_the_shown_rules_are_rules() -> None:
    (text,) = README.section("For marketers").blocks("yaml")
    placement = load(text, "README.md")
    assert [rule.name for rule in placement.rules] == ["watches-for-vips", "hand-picked"]


@pytest.mark.parametrize("number", [0, 1])
async def test_the_shown_commands_say_what_is_shown(number: int) -> None:
    section = README.section("For marketers")
    line = section.blocks("sh")[0].splitlines()[number]
    command = shlex.split(line, comments=True)
    assert command[0] == "decision-proxy"
    output = await _output(sys.executable, "-m", "proxy", *command[1:])
    shown = section.blocks("text")
    assert output == shown[number]
