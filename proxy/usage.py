"""What can be written behind `decision-proxy`: commands, their arguments, and help."""

import argparse
from datetime import datetime
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

from proxy import __version__
from proxy.core import tags
from proxy.core.schedule import read_moment

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - argparse has no public name for it


def make_parser() -> argparse.ArgumentParser:
    """Return the parser; what it parses says in `command` which command to run."""
    parser = argparse.ArgumentParser(
        prog="decision-proxy",
        description="Personalized OrderCloud lists: CDP decides, marketers map, the shopper's own "
        "token lists.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_running(commands)
    _add_purge(commands)
    _add_outbox(commands)
    _add_rules(commands)
    return parser


def _add_running(commands: _Commands) -> None:
    """Add what operators and developers run."""
    serve = commands.add_parser("serve", help="run the gateway")
    serve.set_defaults(command="serve")
    _add_config(serve)

    demo = commands.add_parser("demo", help="run gateway, both sandboxes and a demo storefront")
    demo.set_defaults(command="demo")
    _add_config(demo)
    _add_ports(demo, {"port": 8080, "admin-port": 8081, "storefront-port": 8100})
    _add_sandbox(demo)

    sandbox = commands.add_parser("sandbox", help="run a local OrderCloud and a local CDP alone")
    sandbox.set_defaults(command="sandbox")
    sandbox.add_argument("--data", type=_folder, metavar="DIR", help="data laid over the seed")
    _add_sandbox(sandbox)

    examined = commands.add_parser("doctor", help="say whether everything is usable, else the mend")
    examined.set_defaults(command="doctor")
    _add_config(examined)
    _add_json(examined)


def _add_purge(commands: _Commands) -> None:
    """Add what makes a running gateway forget, by hand or by OrderCloud's webhooks."""
    hook = commands.add_parser("webhook", help="print the webhook to register with OrderCloud")
    hook.set_defaults(command="webhook")
    hook.add_argument("url", metavar="URL", help="of the gateway, as OrderCloud reaches it")
    hook.add_argument(
        "--client", action="append", default=[], metavar="ID", help="an API client that writes"
    )

    purged = commands.add_parser("purge", help="have a running gateway forget what it keeps")
    purged.set_defaults(command="purge", soft=False)
    purged.add_argument(
        "tags", type=_tag, nargs="+", metavar="TAG", help="product:ID, placement:NAME, all, …"
    )
    strength = purged.add_mutually_exclusive_group()
    strength.add_argument("--hard", dest="soft", action="store_false", help="at once; the default")
    strength.add_argument(
        "--soft", action="store_true", help="serve it once more while it is fetched anew"
    )
    purged.add_argument("--url", metavar="URL", help="of the admin port; default: as configured")
    _add_config(purged)
    _add_json(purged)


def _add_outbox(commands: _Commands) -> None:
    """Add what looks into the outbox, also while a gateway delivers from it."""
    group = commands.add_parser("outbox", help="look into the events that CDP does not have yet")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    for name, told, is_dead in (
        ("list", "list the events that wait", False),
        ("dead", "list the events that CDP refused, with the reason", True),
    ):
        listed = actions.add_parser(name, help=told)
        listed.set_defaults(command="outbox", dead=is_dead)
        listed.add_argument("--limit", type=int, default=100, metavar="N", help="default 100")
        _add_config(listed)
        _add_json(listed)

    replayed = actions.add_parser(
        "replay", help="send refused events again, once the cause is gone"
    )
    replayed.set_defaults(command="replay")
    replayed.add_argument("numbers", type=int, nargs="*", metavar="NUMBER", help="default: all")
    _add_config(replayed)


def _add_rules(commands: _Commands) -> None:
    """Add what marketers run."""
    check = commands.add_parser("check", help="find mistakes in rules files")
    check.set_defaults(command="check")
    check.add_argument("rules", type=_folder, nargs="?", default=Path("rules"), metavar="RULES")
    check.add_argument("--live", action="store_true", help="also against CDP and the catalogue")
    _add_config(check)
    _add_json(check)

    tested = commands.add_parser("test", help="run the examples that rules files hold")
    tested.set_defaults(command="test")
    tested.add_argument("rules", type=_folder, nargs="?", default=Path("rules"), metavar="RULES")
    _add_json(tested)

    compared = commands.add_parser("diff", help="say who gets another list, and how many they are")
    compared.set_defaults(command="diff")
    compared.add_argument("old", type=_folder, metavar="OLD")
    compared.add_argument("new", type=_folder, metavar="NEW")
    _add_blast(compared)
    _add_config(compared)
    _add_json(compared)

    explained = commands.add_parser("explain", help="say what a placement lists, and why")
    explained.set_defaults(command="explain")
    _add_explained(explained)
    _add_config(explained)
    _add_json(explained)

    described = commands.add_parser("schema", help="print the JSON Schema of rules files")
    described.set_defaults(command="schema")


def _add_blast(command: argparse.ArgumentParser) -> None:
    """Add what turns a comparison into a gate: refused is what reaches too far."""
    command.add_argument("--live", action="store_true", help="also how lists change, and for whom")
    command.add_argument(
        "--traffic", type=Path, metavar="FILE", help="what GET /traffic answered; default: ask it"
    )
    command.add_argument("--url", metavar="URL", help="of the admin port; default: as configured")
    command.add_argument("--yes", action="store_true", help="refuse nothing")


def _add_explained(command: argparse.ArgumentParser) -> None:
    command.add_argument("placement", metavar="PLACEMENT")
    decided = command.add_mutually_exclusive_group()
    decided.add_argument("--segment", metavar="S", help="as if the decision named this segment")
    decided.add_argument("--decision", type=Path, metavar="FILE", help="a flow's output, as JSON")
    decided.add_argument(
        "--given", metavar="YAML", help="as in an example: '{segment: vip, group: wholesale}'"
    )
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


def _tag(text: str) -> str:
    if mistake := tags.mistake_in(text):
        raise argparse.ArgumentTypeError(mistake)
    return text


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
