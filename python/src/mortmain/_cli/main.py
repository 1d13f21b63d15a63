"""`mortmain [--dir DIR] COMMAND`: arguments in, exit code out. 0 ok, 1 error, 2 usage, 3 conflict."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from mortmain._errors import InvalidRequest, MortmainError

from . import change, complete, doctor, files, inspect, operate, past
from .render import ERROR, USAGE, print_json, report

Command = Callable[[argparse.Namespace], int]


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code. Prints; errors go to standard error, with --json to standard
    output.
    """
    words = list(sys.argv[1:] if words is None else words)
    as_json = "--json" in words
    try:
        arguments = _parse(words)
        run: Command = arguments.run
        return run(arguments)
    except MortmainError as error:
        return report(error, as_json)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # `mortmain ls | head`: nobody reads on, and Python must not complain about it at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ERROR
    except _Usage as error:
        error.show(as_json)
        return USAGE


class _Usage(Exception):
    """A mistake in the arguments. parser: whose usage to show."""

    def __init__(self, parser: argparse.ArgumentParser, message: str) -> None:
        super().__init__(message)
        self._parser = parser

    def show(self, as_json: bool) -> None:
        if as_json:
            print_json(
                {"code": InvalidRequest.code, "message": str(self), "retry": InvalidRequest.retry, "field": "arguments"}
            )
        else:
            self._parser.print_usage(sys.stderr)
            print(f"{self._parser.prog}: {self}", file=sys.stderr)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Usage(self, message)


def _parse(words: list[str]) -> argparse.Namespace:
    """argparse takes an optional positional only right after the one before it: `put KEY --create VALUE` leaves it."""
    parser = _parser()
    arguments, left = parser.parse_known_args(words)
    name = getattr(arguments, "optional", None)
    if len(left) == 1 and name and not getattr(arguments, name) and not left[0].startswith("--"):
        setattr(arguments, name, left[0])
    elif left:
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    return arguments


def _optional(parser: argparse.ArgumentParser, name: str, **options: Any) -> None:
    parser.add_argument(name, nargs="?", **options)
    parser.set_defaults(optional=name)


def _parser() -> argparse.ArgumentParser:
    from mortmain._transport._handshake import CLIENT_VERSION

    parser = _Parser(
        prog="mortmain",
        description="Fenced commits for the state that agents share.",
        epilog="exit codes: 0 ok, 1 error, 2 usage, 3 conflict. `mortmain COMMAND --help` shows examples.",
    )
    parser.add_argument("--version", action="version", version=f"mortmain {CLIENT_VERSION}")
    _common(parser, top=True)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    _operating(commands)
    _looking(commands)
    _looking_back(commands)
    _writing(commands)
    _claiming(commands)
    _mounting(commands)
    script = _add(
        commands, "completion", lambda arguments: complete.completion(arguments, parser),
        "print a script that completes commands, options and keys in a shell",
        "--dir state completion bash", "completion fish | source",
    )  # fmt: skip
    script.add_argument("shell", choices=("bash", "zsh", "fish"))
    return parser


def _common(parser: argparse.ArgumentParser, top: bool = False) -> None:
    """--dir and its companions are taken before and after the command; after it they have no default that would win."""

    def default(value: Any) -> Any:
        return value if top else argparse.SUPPRESS

    parser.add_argument(
        "--dir", default=default(None), metavar="DIR", help="the state directory (default: MORTMAIN_DIR)"
    )
    parser.add_argument("--json", action="store_true", default=default(False), help="one JSON object, or one per line")
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=default(30.0),
        metavar="S",
        help="seconds for the gateway's answers (default: 30)",
    )
    parser.add_argument("--java", default=default(None), metavar="PATH", help="the Java to start gateways with")


def _add(commands: Any, name: str, run: Command, about: str, *examples: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        epilog="examples:\n" + "\n".join(f"  mortmain {example}" for example in examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _common(parser)
    parser.set_defaults(run=run)
    return parser


def _operating(commands: Any) -> None:
    serve = _add(
        commands, "serve", operate.serve, "run the gateway in the foreground until SIGTERM",
        "--dir state serve", "--dir state serve --tcp",
    )  # fmt: skip
    serve.add_argument("--tcp", action="store_true", help="listen on loopback TCP, for stock py4j clients too")
    serve.add_argument(
        "--reducers", action="append", metavar="MODULE",
        help="a module whose functions `reduce` may run in the gateway; needs the extra jep",
    )  # fmt: skip
    serve.add_argument(
        "--reducer-limit", type=float, metavar="SECONDS", help="how long such a function may run (default 1)"
    )
    status = _add(
        commands, "status", inspect.status, "say what the running gateway says of itself; starts none",
        "--dir state status", "--dir state status --wait 10 --json",
        "--dir state status --prometheus",
    )  # fmt: skip
    status.add_argument("--wait", type=_seconds, default=0.0, metavar="S", help="wait up to S seconds for a gateway")
    status.add_argument("--prometheus", action="store_true", help="every number in Prometheus' text format")
    _add(
        commands, "stop", operate.stop, "stop the gateway; clients start it again when they need it", "--dir state stop"
    )
    _add(
        commands, "verify", operate.verify, "check every frame of the journal, through the gateway or without one",
        "--dir state verify", "--dir backup verify --json",
    )  # fmt: skip
    repair = _add(
        commands, "repair", operate.repair, "cut a damaged journal off behind a revision, with no gateway running",
        "--dir state repair --truncate-at 1041",
    )  # fmt: skip
    repair.add_argument(
        "--truncate-at", type=_number, required=True, metavar="REVISION", help="the last revision to keep"
    )
    backup = _add(
        commands, "backup", operate.backup, "copy the store into an empty directory, while agents go on",
        "--dir state backup /backups/state-1",
    )  # fmt: skip
    backup.add_argument("target", metavar="TARGET", help="an empty or missing directory outside the store")
    restored = _add(
        commands, "restore-backup", operate.restore_backup,
        "make a new store of a backup, in --dir, which is empty or missing; what is valid in the old one is not in it",
        "--dir state-again restore-backup /backups/state-1",
    )  # fmt: skip
    restored.add_argument("source", metavar="SOURCE", help="a directory that `mortmain backup` made")
    retain = _add(
        commands, "retain", operate.retain, "say what history is kept below a prefix; without numbers, take that back",
        "--dir state retain logs/ --versions 10 --days 7", "--dir state retain logs/",
    )  # fmt: skip
    retain.add_argument("prefix", metavar="PREFIX", help='ends in "/", or is empty: the whole store')
    retain.add_argument("--versions", type=_number, metavar="N", help="the last N versions of each key")
    retain.add_argument("--days", type=float, metavar="T", help="whatever was current within the last T days")
    config = _add(
        commands, "config", operate.config, "show the settings of the store, and change them",
        "--dir state config", "--dir state config history_bytes=20G --json",
        "--dir state config value_bytes=16M horizon_seconds=12h",
    )  # fmt: skip
    config.add_argument(
        "settings", nargs="*", metavar="NAME=VALUE",
        help="history_bytes=20G, value_bytes=16M, horizon_seconds=12h, horizon_ids=200000",
    )  # fmt: skip
    _add(
        commands, "compact", operate.compact, "drop the history that is not kept, now, while agents go on",
        "--dir state compact",
    )  # fmt: skip
    _add(
        commands, "doctor", doctor.doctor,
        "look for what keeps clients from a gateway and say what to do; changes nothing",
        "--dir state doctor", "--dir state doctor --json",
    )  # fmt: skip


def _looking(commands: Any) -> None:
    ls = _add(
        commands,
        "ls",
        inspect.ls,
        "list keys, in order",
        "--dir state ls",
        "--dir state ls plans/ -l",
        "--dir state ls --json",
    )
    _optional(ls, "prefix", default="", help='"" or a path that ends in /')
    ls.add_argument("-l", "--long", action="store_true", help="with version, epoch, revision, time and writer")
    ls.add_argument("--limit", type=_number, metavar="N", help="at most N keys")
    cat = _add(
        commands, "cat", inspect.cat, "print a value", "--dir state cat plans/plan.md", "--dir state cat log --last 20",
        "--dir state cat plans/plan.md --version 3", "--dir state cat plans/plan.md --json",
    )  # fmt: skip
    cat.add_argument("key")
    cat.add_argument("--last", type=_number, metavar="N", help="the last N items of a list")
    then = cat.add_mutually_exclusive_group()
    then.add_argument("--version", type=_number, metavar="N", help="as that version left it")
    then.add_argument("--revision", type=_number, metavar="N", help="as it was at that revision of the store")


def _looking_back(commands: Any) -> None:
    log = _add(
        commands, "log", past.log, "list the versions of a key, newest first",
        "--dir state log plans/plan.md", "--dir state log plans/plan.md --limit 100 --values --json",
    )  # fmt: skip
    log.add_argument("key")
    log.add_argument("--limit", type=_number, default=20, metavar="N", help="at most N versions (default: 20)")
    log.add_argument("--before", type=_number, metavar="N", help="only versions below N")
    log.add_argument("--values", action="store_true", help="with what was written; of an append the items")
    blame = _add(
        commands, "blame", past.blame, "say who wrote each list item, object field or line of a text",
        "--dir state blame plans/plan.md", "--dir state blame log --version 7 --json",
    )  # fmt: skip
    blame.add_argument("key")
    blame.add_argument("--version", type=_number, metavar="N", help="of that version; else of the newest")
    blame.add_argument("--limit", type=_number, metavar="N", help="look at N versions at most")
    diff = _add(
        commands, "diff", past.diff, "show what changed between two versions of a key",
        "--dir state diff plans/plan.md 3 5", "--dir state diff plans/plan.md 3 5 --json",
    )  # fmt: skip
    diff.add_argument("key")
    diff.add_argument("old", type=_number, metavar="OLD", help="a version")
    diff.add_argument("new", type=_number, metavar="NEW", help="another version")
    watch = _add(
        commands, "watch", past.watch, "print every write, delete and reclaim as it happens",
        "--dir state watch plans/", "--dir state watch --after 1041 --silence 5 --values --json",
    )  # fmt: skip
    _optional(watch, "prefix", default="", help='"" or a path that ends in /')
    watch.add_argument("--after", type=_number, metavar="REVISION", help="from behind that revision; else from now on")
    watch.add_argument("--silence", type=_seconds, metavar="S", help="end after S seconds without an event")
    watch.add_argument("--count", type=_number, metavar="N", help="end after N events")
    watch.add_argument("--values", action="store_true", help="with what was written; of an append the items")


def _writing(commands: Any) -> None:
    put = _add(
        commands, "put", change.put, "write a value on the version that you saw",
        "--dir state put plans/plan.md --create '{\"steps\": []}'",
        "--dir state put plans/plan.md --base 3 - < plan.json",
        "--dir state put motd --overwrite 'closed today'",
    )  # fmt: skip
    put.add_argument("key")
    _value_arguments(put)
    base = put.add_mutually_exclusive_group(required=True)
    base.add_argument("--base", type=_number, metavar="N", help="the version that this write replaces; 3 otherwise")
    base.add_argument("--create", action="store_true", help="only if there is none")
    base.add_argument("--overwrite", action="store_true", help="whatever is there; recorded as such")
    append = _add(
        commands, "append", change.append, "add an item to a list; never loses a race",
        "--dir state append log '\"started\"'", "--dir state append log --unique run-7 '{\"run\": 7}'",
    )  # fmt: skip
    append.add_argument("key")
    _value_arguments(append)
    append.add_argument("--unique", metavar="ID", help="an item whose id is in the list is not added again")
    restore = _add(
        commands, "restore", past.restore, "write what an old version held, on the version that you saw",
        "--dir state restore plans/plan.md --version 3 --base 5",
    )  # fmt: skip
    restore.add_argument("key")
    restore.add_argument("--version", type=_number, required=True, metavar="N", help="the version to bring back")
    restore.add_argument("--base", type=_number, required=True, metavar="M", help="the version that this replaces")
    _request_id(restore)
    delete = _add(
        commands, "delete", change.delete, "delete a key on the version that you saw",
        "--dir state delete plans/plan.md --base 4", "--dir state delete plans/plan.md --overwrite",
    )  # fmt: skip
    delete.add_argument("key")
    _request_id(delete)
    base = delete.add_mutually_exclusive_group(required=True)
    base.add_argument("--base", type=_number, metavar="N", help="the version that you saw")
    base.add_argument("--overwrite", action="store_true", help="whatever is there; recorded as such")


def _claiming(commands: Any) -> None:
    claims = _add(
        commands, "claims", inspect.claims, "list the live claims", "--dir state claims", "--dir state claims plans/"
    )
    _optional(claims, "prefix", default="", help='"" or a path that ends in /')
    contention = _add(
        commands, "contention", inspect.contention, "list the keys that agents fought over, the most contested first",
        "--dir state contention", "--dir state contention --window 600 --within 1 --json",
    )  # fmt: skip
    contention.add_argument(
        "--window", type=_seconds, default=60.0, metavar="S", help="look back S seconds (default: 60)"
    )
    contention.add_argument(
        "--within", type=_seconds, default=0.1, metavar="S",
        help="writes by different agents at most S seconds apart count as contested (default: 0.1)",
    )  # fmt: skip
    reclaim = _add(
        commands, "reclaim", change.reclaim, "take claims away and fence whoever still works on what they read",
        "--dir state reclaim plans/plan.md --reason 'worker 7 stalled'",
        "--dir state reclaim --prefix plans/ --reason moved",
        "--dir state reclaim --holder worker-7 --reason 'host is gone'",
    )  # fmt: skip
    _optional(reclaim, "key")
    reclaim.add_argument("--prefix", help="every key below it, also those that do not exist yet")
    reclaim.add_argument("--holder", help="every key that this agent holds a claim on")
    reclaim.add_argument("--reason", default="", help="recorded, and shown to whoever is fenced")
    resolve = _add(
        commands, "resolve", inspect.resolve, "settle an unconfirmed commit: it happened, or it never will",
        "--dir state resolve 0190a1b2-...",
    )  # fmt: skip
    resolve.add_argument("request_id", metavar="REQUEST_ID")


def _mounting(commands: Any) -> None:
    mount = _add(
        commands, "mount", files.mount, "keep every key below a prefix also as a plain file; without a prefix: list",
        "--dir state mount plans/ ./plans", "--dir state mount src/ . --foreign adopt", "--dir state mount",
    )  # fmt: skip
    mount.add_argument("prefix", nargs="?", help="a path that ends in /")
    mount.add_argument("directory", nargs="?", metavar="DIRECTORY", help="yours, closed to others' writing")
    mount.add_argument(
        "--foreign", choices=("raise", "adopt"), default="raise",
        help="an edit from outside: refuse the next read or commit of its key, or commit the edit first",
    )  # fmt: skip
    mount.add_argument("--background", action="store_true", help="commits do not wait for their files")
    unmount = _add(commands, "unmount", files.unmount, "end a mount; its files stay", "--dir state unmount plans/")
    unmount.add_argument("prefix")
    adopt = _add(
        commands, "adopt", files.adopt, "make what somebody else wrote into a mounted file the key's next version",
        "--dir state adopt plans/plan.md",
    )  # fmt: skip
    adopt.add_argument("key")
    _request_id(adopt)


def _value_arguments(parser: argparse.ArgumentParser) -> None:
    _optional(parser, "value", help="the value; - or nothing: standard input")
    parser.add_argument(
        "--type",
        choices=("auto", "json", "text", "bytes"),
        default="auto",
        help="auto: JSON if it is JSON, else text, else bytes",
    )
    _request_id(parser)


def _request_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--request-id", metavar="ID", help="asking again with the same id does it once")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds, at least 0")
    return value


def _number(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number, at least 0")
    return value


if __name__ == "__main__":
    sys.exit(main())
