"""The `decision-proxy` command. Each subcommand reads its arguments and calls one function."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

import msgspec
import uvloop

from proxy import __version__, app, config, doctor, events, live
from proxy.core import diff, examples, explain, lint, schema
from proxy.core.events import Listed
from proxy.core.lint import Findings
from proxy.core.schedule import read_moment
from proxy.edge.telemetry import configure_logging
from proxy.errors import ProxyError
from proxy.model import Asked, Facts, Json
from proxy.reload import load_folder
from proxy.web.server import stopped_by_signals

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - argparse has no public name for it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0 fine, 1 a finding or fault, 2 a usage error."""
    args = _parser().parse_args(arguments)
    try:
        status: int = args.run(args)
    except ProxyError as exc:
        print(exc, file=sys.stderr)
        return 1
    return status


def _serve(args: argparse.Namespace) -> int:
    settings = config.load(args.config)
    configure_logging(settings.log)

    async def run() -> None:
        stop = asyncio.Event()
        with stopped_by_signals(stop):
            await app.serve(settings, stop=stop)

    uvloop.run(run())
    return 0


def _demo(args: argparse.Namespace) -> int:
    from proxy import demo  # noqa: PLC0415 - the sandbox is no part of a running gateway

    ports = demo.Ports(
        args.port, args.admin_port, args.storefront_port, args.oc_port, args.cdp_port
    )
    uvloop.run(demo.run_demo(args.config, ports, products=args.products))
    return 0


def _sandbox(args: argparse.Namespace) -> int:
    from proxy import demo  # noqa: PLC0415 - the sandbox is no part of a running gateway

    ports = demo.Ports(ordercloud=args.oc_port, cdp=args.cdp_port)
    uvloop.run(demo.run_sandbox(ports, products=args.products, data=args.data))
    return 0


def _check(args: argparse.Namespace) -> int:
    rules = load_folder(args.rules)
    now = datetime.now(UTC)
    by_itself = (lint.examine(placement, now) for placement in rules.placements.values())
    found = sum(by_itself, Findings(rules.problems))
    if args.live:
        found += asyncio.run(live.check(config.load(args.config), rules))
    if args.json:
        listed = {"placements": sorted(rules.placements), **asdict(found)}
        print(json.dumps(listed, indent=2))
    else:
        for line in (*map(str, found.problems), *(f"note: {note}" for note in found.notes)):
            print(line)
        count = len(found.problems)
        print(f"{_counted(len(rules.placements), 'placement')}, {_counted(count, 'mistake')}")
    return 1 if found.problems else 0


def _counted(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"


def _explain(args: argparse.Namespace) -> int:
    placement = load_folder(args.rules).placement(args.placement)
    output: Json = None
    try:
        if args.decision is not None:
            output = msgspec.json.decode(args.decision.read_bytes())
        elif args.segment is not None:
            output = explain.sample_output(placement, args.segment)
    except (OSError, ValueError, RecursionError) as exc:
        print(f"{exc}; give the flow's output with --decision FILE", file=sys.stderr)
        return 2
    base_url = config.load(args.config).ordercloud.url
    facts = Facts(at=args.at or datetime.now(UTC))
    explanation = explain.explain(placement, output, facts, Asked(), base_url=base_url)
    print(json.dumps(explanation.as_json(), indent=2) if args.json else explanation.as_text())
    return 0


def _test(args: argparse.Namespace) -> int:
    rules = load_folder(args.rules)
    now = datetime.now(UTC)
    outcomes = [
        outcome
        for placement in rules.placements.values()
        for outcome in examples.run(placement, now=now)
    ]
    failed = [outcome for outcome in outcomes if outcome.wrong is not None]
    if args.json:
        print(json.dumps([asdict(outcome) for outcome in outcomes], indent=2))
    else:
        for line in (*map(str, rules.problems), *(f"{one.place}: {one.wrong}" for one in failed)):
            print(line)
        print(f"{_counted(len(outcomes), 'example')}, {len(failed) or 'none'} failed")
    return 1 if failed or rules.problems else 0


def _diff(args: argparse.Namespace) -> int:
    old, new = load_folder(args.old), load_folder(args.new)
    changes = list(diff.compare(old.placements, new.placements, Facts(at=datetime.now(UTC))))
    problems = (*old.problems, *new.problems)
    for problem in problems:
        print(problem, file=sys.stderr)
    if args.json:
        print(json.dumps([asdict(change) for change in changes], indent=2))
    else:
        for change in changes:
            print(change)
        print(_counted(len(changes), "change"))
    return 1 if changes or problems else 0


def _schema(_: argparse.Namespace) -> int:
    print(json.dumps(schema.rules(), indent=2))
    return 0


def _doctor(args: argparse.Namespace) -> int:
    findings = asyncio.run(doctor.examine(args.config))
    if args.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        print("\n".join(finding.as_text() for finding in findings))
    return 0 if all(finding.is_fine for finding in findings) else 1


def _outbox(args: argparse.Namespace) -> int:
    async def look() -> list[Listed]:
        async with events.opened(config.load(args.config)) as box:
            return await (box.dead_letters if args.dead else box.waiting)(args.limit)

    letters = asyncio.run(look())
    if args.json:
        print(json.dumps([asdict(letter) for letter in letters], indent=2))
    else:
        for letter in letters:
            print(letter.as_text())
        print(_counted(len(letters), "event"))
    return 0


def _replay(args: argparse.Namespace) -> int:
    async def replay() -> int:
        async with events.opened(config.load(args.config)) as box:
            return await box.replay(args.numbers or None)

    print(f"{_counted(asyncio.run(replay()), 'event')} will be sent again")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="decision-proxy",
        description="Personalized OrderCloud lists: CDP decides, marketers map, the shopper's own "
        "token lists.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_running(commands)
    _add_outbox(commands)
    _add_rules(commands)
    return parser


def _add_running(commands: _Commands) -> None:
    """Add what operators and developers run."""
    serve = commands.add_parser("serve", help="run the gateway")
    serve.set_defaults(run=_serve)
    _add_config(serve)

    demo = commands.add_parser("demo", help="run gateway, both sandboxes and a demo storefront")
    demo.set_defaults(run=_demo)
    _add_config(demo)
    _add_ports(demo, {"port": 8080, "admin-port": 8081, "storefront-port": 8100})
    _add_sandbox(demo)

    sandbox = commands.add_parser("sandbox", help="run a local OrderCloud and a local CDP alone")
    sandbox.set_defaults(run=_sandbox)
    sandbox.add_argument("--data", type=_folder, metavar="DIR", help="data laid over the seed")
    _add_sandbox(sandbox)

    examined = commands.add_parser("doctor", help="say whether everything is usable, else the mend")
    examined.set_defaults(run=_doctor)
    _add_config(examined)
    _add_json(examined)


def _add_outbox(commands: _Commands) -> None:
    """Add what looks into the outbox, also while a gateway delivers from it."""
    group = commands.add_parser("outbox", help="look into the events that CDP does not have yet")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    for name, told, is_dead in (
        ("list", "list the events that wait", False),
        ("dead", "list the events that CDP refused, with the reason", True),
    ):
        listed = actions.add_parser(name, help=told)
        listed.set_defaults(run=_outbox, dead=is_dead)
        listed.add_argument("--limit", type=int, default=100, metavar="N", help="default 100")
        _add_config(listed)
        _add_json(listed)

    replayed = actions.add_parser(
        "replay", help="send refused events again, once the cause is gone"
    )
    replayed.set_defaults(run=_replay)
    replayed.add_argument("numbers", type=int, nargs="*", metavar="NUMBER", help="default: all")
    _add_config(replayed)


def _add_rules(commands: _Commands) -> None:
    """Add what marketers run."""
    check = commands.add_parser("check", help="find mistakes in rules files")
    check.set_defaults(run=_check)
    check.add_argument("rules", type=_folder, nargs="?", default=Path("rules"), metavar="RULES")
    check.add_argument("--live", action="store_true", help="also against CDP and the catalogue")
    _add_config(check)
    _add_json(check)

    tested = commands.add_parser("test", help="run the examples that rules files hold")
    tested.set_defaults(run=_test)
    tested.add_argument("rules", type=_folder, nargs="?", default=Path("rules"), metavar="RULES")
    _add_json(tested)

    compared = commands.add_parser("diff", help="say which segments get another list")
    compared.set_defaults(run=_diff)
    compared.add_argument("old", type=_folder, metavar="OLD")
    compared.add_argument("new", type=_folder, metavar="NEW")
    _add_json(compared)

    explained = commands.add_parser("explain", help="say what a placement lists, and why")
    explained.set_defaults(run=_explain)
    _add_explained(explained)
    _add_config(explained)
    _add_json(explained)

    described = commands.add_parser("schema", help="print the JSON Schema of rules files")
    described.set_defaults(run=_schema)


def _add_explained(command: argparse.ArgumentParser) -> None:
    command.add_argument("placement", metavar="PLACEMENT")
    decided = command.add_mutually_exclusive_group()
    decided.add_argument("--segment", metavar="S", help="as if the decision named this segment")
    decided.add_argument("--decision", type=Path, metavar="FILE", help="a flow's output, as JSON")
    command.add_argument("--at", type=_moment, metavar="TIME", help="e.g. 2026-11-28T12:00Z")
    command.add_argument("--rules", type=_folder, default=Path("rules"), metavar="RULES")


def _add_sandbox(command: argparse.ArgumentParser) -> None:
    _add_ports(command, {"oc-port": 8101, "cdp-port": 8102})
    command.add_argument(
        "--products", type=int, default=240, metavar="N", help="size of the catalog"
    )


def _add_ports(command: argparse.ArgumentParser, ports: dict[str, int]) -> None:
    for name, port in ports.items():
        command.add_argument(
            f"--{name}", type=int, default=port, metavar="N", help=f"default {port}"
        )


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="for machines")


def _add_config(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--config", type=Path, default=Path("config.yaml"), metavar="FILE", help="operations' file"
    )


def _moment(text: str) -> datetime:
    try:
        return read_moment(text, ZoneInfo("UTC"))
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"{text} is not a time: 2026-11-28T12:00Z") from exc


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a folder")
    return path
