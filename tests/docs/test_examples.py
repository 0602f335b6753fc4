"""The ready-made files of docs/examples say nothing that the command does not know."""

import argparse
import re
import shlex
from typing import Any

import pytest
import yaml

from proxy import usage
from proxy.config import Config
from tests.docs.pages import DOCS

TEXT = (DOCS / "examples/rules-ci.yml").read_text()
WORKFLOW: dict[str, Any] = yaml.safe_load(TEXT)
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
COMMANDS = re.findall(r"decision-proxy ([a-z]+\b.*?)(?: >>.*)?$", TEXT, re.MULTILINE)


def test_each_job_installs_and_runs_the_command() -> None:
    for job in WORKFLOW["jobs"].values():
        runs = [step["run"] for step in job["steps"] if "run" in step]
        assert "pip install decision-proxy" in runs
        assert any(run.startswith("decision-proxy ") for run in runs)
        assert job["timeout-minutes"]


def test_every_step_runs_or_uses_something() -> None:
    assert all(("run" in step) is not ("uses" in step) for step in STEPS)


def test_it_checks_tests_and_compares_and_looks_at_the_catalogue() -> None:
    assert [command.split()[0] for command in COMMANDS] == ["check", "test", "diff", "check"]
    assert "--live" in COMMANDS[-1]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one_that_there_is(
    command: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    top = tmp_path_factory.mktemp("checkout")
    for folder in ("rules", "main/rules", "here/rules"):
        (top / folder).mkdir(parents=True)
    monkeypatch.chdir(top / "here")
    parsed = usage.make_parser().parse_args(shlex.split(command))
    assert isinstance(parsed, argparse.Namespace)
    assert parsed.command == shlex.split(command)[0]


def test_every_variable_is_a_setting() -> None:
    names = re.findall(r"DECISION_PROXY__(\w+?)__(\w+):", TEXT)
    assert len(names) == 2
    for section, key in names:
        settings = Config.model_fields[section.lower()].annotation
        assert settings is not None
        assert key.lower() in settings.model_fields
