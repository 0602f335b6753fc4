"""The `decision-proxy` command. Each subcommand reads its arguments and calls one function."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime

import msgspec
import uvloop

from proxy import app, blast, config, doctor, events, live, remote
from proxy.blast import Blast
from proxy.core import diff, examples, explain, hooks, lint, schema
from proxy.core.events import Listed
from proxy.core.given import Given
from proxy.core.lint import Findings
from proxy.edge.logs import configure_logging
from proxy.errors import ProxyError
from proxy.ruleset import RuleSet, load_folder
from proxy.usage import make_parser
from proxy.web.server import stopped_by_signals


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
    rules = load_folder(args.rules)
    if args.placement not in rules.placements:
        for problem in rules.problems:
            print(problem, file=sys.stderr)
    placement = rules.placement(args.placement)
    try:
        given = _given(args)
        output = explain.sample_output(placement, given)
    except (OSError, ValueError, RecursionError) as exc:
        print(f"{exc}; give the flow's output with --decision FILE", file=sys.stderr)
        return 2
    base_url = config.load(args.config).ordercloud.url
    facts = given.facts(datetime.now(UTC))
    explanation = explain.explain(placement, output, facts, given.asked, base_url=base_url)
    print(json.dumps(explanation.as_json(), indent=2) if args.json else explanation.as_text())
    return 0


def _given(args: argparse.Namespace) -> Given:
    """Return what is to be explained."""
    given = Given()
    if args.given is not None:
        given = examples.read_given(args.given, "--given")
    elif args.decision is not None:
        given = Given(output=msgspec.json.decode(args.decision.read_bytes()))
    elif args.segment is not None:
        given = Given(segments=(args.segment,))
    return replace(given, at=args.at or given.at)


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
    found = _blast(args, old, new)
    problems = (*old.problems, *new.problems)
    for problem in problems:
        print(problem, file=sys.stderr)
    if args.json:
        print(json.dumps(found.as_json(), indent=2))
    else:
        for line in (*found.as_text(), _counted(len(found.changes), "change")):
            print(line)
    is_gate = args.live or args.traffic is not None
    refusals = [] if args.yes else found.refusals
    for refusal in refusals:
        print(f"refused: {refusal}; look again, then say --yes", file=sys.stderr)
    return 1 if problems or (refusals if is_gate else found.changes) else 0


def _blast(args: argparse.Namespace, old: RuleSet, new: RuleSet) -> Blast:
    if args.live:
        settings = config.load(args.config)
        return asyncio.run(blast.look(settings, old, new, traffic=args.traffic, url=args.url))
    if args.traffic is not None:
        return blast.weigh(config.load(args.config), old, new, args.traffic)
    return Blast(diff.compare(old.placements, new.placements, datetime.now(UTC)))


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


def _webhook(args: argparse.Namespace) -> int:
    key = "the value of DECISION_PROXY__EVENTS__WEBHOOK_KEY"
    print(json.dumps(hooks.webhook(args.url, hash_key=key, clients=args.client), indent=2))
    return 0


def _purge(args: argparse.Namespace) -> int:
    settings = config.load(args.config)
    asyncio.run(remote.purge(settings, args.tags, soft=args.soft, url=args.url))
    if args.json:
        print(json.dumps({"purged": args.tags, "soft": args.soft}, indent=2))
    else:
        print(f"purged: {', '.join(args.tags)}")
    return 0


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


_COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "serve": _serve,
    "demo": _demo,
    "sandbox": _sandbox,
    "doctor": _doctor,
    "webhook": _webhook,
    "purge": _purge,
    "outbox": _outbox,
    "replay": _replay,
    "check": _check,
    "test": _test,
    "diff": _diff,
    "explain": _explain,
    "schema": _schema,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0 fine, 1 a finding or fault, 2 a usage error."""
    args = make_parser().parse_args(arguments)
    try:
        return _COMMANDS[args.command](args)
    except ProxyError as exc:
        print(exc, file=sys.stderr)
        return 1
