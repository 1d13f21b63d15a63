"""`mortmain completion SHELL`: a script for bash, zsh or fish, made from the parser, so that it knows what the commands
know. Keys are asked for only from a gateway that runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

from .render import OK, print_json

_PLACES = ("target", "source", "directory")


@dataclass(frozen=True)
class _Word:
    """One command. options: (the words, whether a value follows, about). takes: keys, places or nothing."""

    name: str
    about: str
    options: list[tuple[list[str], bool, str]]
    takes: str


def completion(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """`eval "$(mortmain completion bash)"` in a shell's start file."""
    words = list(_words(parser))
    script = {"bash": _bash, "zsh": _zsh, "fish": _fish}[arguments.shell](words)
    if arguments.json:
        print_json({"shell": arguments.shell, "script": script})
    else:
        print(script, end="")
    return OK


def _words(parser: argparse.ArgumentParser) -> Iterator[_Word]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            about = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, command in action.choices.items():
                yield _Word(name, about.get(name, ""), list(_options(command)), _takes(command))


def _options(parser: argparse.ArgumentParser) -> Iterator[tuple[list[str], bool, str]]:
    for action in parser._actions:
        if action.option_strings:
            yield list(action.option_strings), action.nargs != 0, action.help or ""


def _takes(parser: argparse.ArgumentParser) -> str:
    names = {action.dest for action in parser._actions if not action.option_strings}
    if names & {"key", "prefix"}:
        return "keys"
    return "places" if names & set(_PLACES) else ""


def _bash(words: list[_Word]) -> str:
    cases = "\n".join(
        f'    {word.name}) options="{" ".join(text for texts, _, _ in word.options for text in texts)}";'
        f' takes="{word.takes}" ;;'
        for word in words
    )
    valued = sorted({text for word in words for texts, value, _ in word.options if value for text in texts})
    return f"""# bash completion of mortmain; `eval "$(mortmain completion bash)"`
_mortmain() {{
  local cur="${{COMP_WORDS[COMP_CWORD]}}" prev="${{COMP_WORDS[COMP_CWORD-1]}}" command="" dir="$MORTMAIN_DIR" options="" takes="" i=1 word
  while [ "$i" -lt "$COMP_CWORD" ]; do
    word="${{COMP_WORDS[$i]}}"
    case "$word" in
      --dir) i=$((i + 1)); dir="${{COMP_WORDS[$i]}}" ;;
      {"|".join(valued)}) i=$((i + 1)) ;;
      -*) ;;
      *) [ -n "$command" ] || command="$word" ;;
    esac
    i=$((i + 1))
  done
  case "$prev" in
    --dir) COMPREPLY=( $(compgen -d -- "$cur") ); return ;;
    {"|".join(valued)}) COMPREPLY=(); return ;;
  esac
  case "$command" in
    "") COMPREPLY=( $(compgen -W "{" ".join(word.name for word in words)} --dir --json --timeout --java --version --help" -- "$cur") ); return ;;
{cases}
  esac
  case "$cur" in
    -*) COMPREPLY=( $(compgen -W "$options" -- "$cur") ); return ;;
  esac
  case "$takes" in
    keys) COMPREPLY=( $(compgen -W "$([ -z "$dir" ] || MORTMAIN_START=never mortmain --dir "$dir" --timeout 1 ls --limit 1000 2>/dev/null)" -- "$cur") ) ;;
    places) COMPREPLY=( $(compgen -d -- "$cur") ) ;;
    *) COMPREPLY=() ;;
  esac
}}
complete -F _mortmain mortmain
"""  # noqa: E501


def _zsh(words: list[_Word]) -> str:
    head = "# zsh completion of mortmain, by way of bash's; `eval \"$(mortmain completion zsh)\"`\n"
    load = "autoload -Uz compinit bashcompinit\n(( $+functions[compdef] )) || compinit\nbashcompinit\n"
    return head + load + _bash(words).partition("\n")[2]


def _fish(words: list[_Word]) -> str:
    lines = [
        "# fish completion of mortmain; `mortmain completion fish | source`",
        "complete -c mortmain -f",
        "complete -c mortmain -l dir -r -a '(__fish_complete_directories)' -d 'the state directory'",
        "complete -c mortmain -l json -d 'one JSON object, or one per line'",
    ]
    keys = "(MORTMAIN_START=never mortmain --timeout 1 ls --limit 1000 2>/dev/null)"
    for word in words:
        here = f"-n '__fish_seen_subcommand_from {word.name}'"
        lines.append(f"complete -c mortmain -n __fish_use_subcommand -a {word.name} -d {_quoted(word.about)}")
        if word.takes:
            lines.append(
                f"complete -c mortmain {here} -a '{keys if word.takes == 'keys' else '(__fish_complete_directories)'}'"
            )
        for texts, value, about in word.options:
            for text in texts:
                kind = f"-l {text[2:]}" if text.startswith("--") else f"-s {text[1:]}"
                if text not in ("--dir", "--json"):
                    lines.append(f"complete -c mortmain {here} {kind} {'-r ' if value else ''}-d {_quoted(about)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
