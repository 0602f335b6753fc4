"""The ready-made files of docs/examples say nothing that the command does not know."""

import argparse
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy import usage
from proxy.config import Config
from tests.docs.pages import DOCS

TEXT = (DOCS / "examples/rules-ci.yml").read_text()
NIGHTLY = (DOCS / "examples/rules-nightly.cron").read_text()
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
SCRIPTS = [step["run"] for step in STEPS if "run" in step] + NIGHTLY.splitlines()[-1:]
COMMANDS = [
    command
    for script in SCRIPTS
    for command in re.findall(r"decision-proxy ([a-z]+\b.*?)(?: \$LOOKED_AT| 2>| >>|$)", script)
]


def test_each_job_installs_and_runs_the_command() -> None:
    for job in WORKFLOW["jobs"].values():
        runs = [step["run"] for step in job["steps"] if "run" in step]
        assert "pip install decision-proxy" in runs
        assert any(run.startswith("decision-proxy ") for run in runs)
        assert job["timeout-minutes"]


def test_every_step_runs_or_uses_something() -> None:
    assert all(("run" in step) is not ("uses" in step) for step in STEPS)


def test_it_checks_tests_and_compares_and_looks_at_the_catalogue_each_night() -> None:
    assert [command.split()[0] for command in COMMANDS] == [
        *("check", "test", "diff", "check"),
        "check",
    ]
    assert all("--live" in command for command in COMMANDS[2:])
    assert WORKFLOW[True]["schedule"]  # YAML 1.1 reads `on` so
    assert re.search(r"^0 3 \* \* \* rules ", NIGHTLY, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one_that_there_is(
    command: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    top = tmp_path_factory.mktemp("checkout")
    for folder in ("rules", "main/rules", "here/rules"):
        (top / folder).mkdir(parents=True)
    monkeypatch.chdir(top / "here")
    for more in ((), ("--yes",)) if command.startswith("diff") else ((),):
        parsed = usage.make_parser().parse_args([*shlex.split(command), *more])
        assert isinstance(parsed, argparse.Namespace)
        assert parsed.command == shlex.split(command)[0]


def test_every_variable_is_a_setting() -> None:
    names = re.findall(r"DECISION_PROXY__([A-Z]+?)__(\w+?)[:=]", TEXT + NIGHTLY)
    assert len(names) == 5
    for section, key in names:
        settings = Config.model_fields[section.lower()].annotation
        assert settings is not None
        assert key.lower() in settings.model_fields


@pytest.mark.parametrize(("rules", "mails"), [("", False), ("placement: 7\n", True)])
def test_at_night_only_what_is_found_makes_a_mail(
    rules: str, tmp_path: Path, *, mails: bool
) -> None:
    """The line of the cron table, run by a shell; without `--live`, as nothing is to be reached."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/slot.yaml").write_text(
        rules or "placement: slot\nresource: me/products\ndefault: {query: {}}\n"
    )
    (tmp_path / "secrets").touch()
    line = NIGHTLY.splitlines()[-1].split("rules ", 1)[1].replace(" --live", "")
    script = line.replace("/srv/rules", str(tmp_path)).replace("/etc/rules.secrets", "./secrets")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/bash", "-c", script],
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert bool(done.stdout) is mails
