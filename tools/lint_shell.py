"""Prove that no shell is ever given foreign text: `python -m tools.lint_shell [FILE ...]`.

Programs are started by lists of words. Where a shell is needed all the same, its text is a
constant and whatever varies is a word behind it. ssh knows command lines only, so one function
puts them together, and quotes every word. Anything else is told here, by file and line.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
PLACES: Final = ("src/docklet", "tools")
EXCEPTIONS: Final = {
    # A user's own `ssh` reads the scripts of `render/adoption`, in which nothing is foreign: a key
    # that we derive, the droplet's number and constants. tests/unit/test_foreign.py holds to that.
    ("src/docklet/adapters/ssh/login.py", "shell-input"),
    # A picture in Markdown begins like a helper of git's.
    ("src/docklet/render/inline.py", "git-helper"),
}
_SHELLS: Final = {"sh", "bash", "dash", "zsh", "ksh", "SHELL"}
_INTERPRETERS: Final = {*_SHELLS, "python", "python3", "executable"}
_RUNS_SHELL: Final = {
    *("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"),
    *("asyncio.create_subprocess_shell", "pty.spawn", "commands.getoutput"),
}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """A place at which foreign text might reach a shell."""

    file: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        """Return it as compilers do."""
        return f"{self.file}:{self.line}: {self.rule}: {self.message}"


@dataclass(frozen=True, slots=True)
class Source:
    """One module, and what its names stand for."""

    tree: ast.Module
    assigned: dict[str, list[ast.expr]]
    """All values that a name gets anywhere."""

    @classmethod
    def of(cls, text: str) -> Source:
        """Parse a module."""
        tree = ast.parse(text)
        assigned: dict[str, list[ast.expr]] = {}
        for node in ast.walk(tree):
            targets = (
                node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", 0)]
            )
            value = getattr(node, "value", None)
            for target in targets:
                if isinstance(target, ast.Name) and isinstance(value, ast.expr):
                    assigned.setdefault(target.id, []).append(value)
        return cls(tree, assigned)

    def is_constant(self, node: ast.AST) -> bool:
        """Tell whether an expression has no part that comes from outside of the program's text."""
        match node:
            case ast.Constant():
                return True
            case ast.IfExp():
                return self.is_constant(node.body) and self.is_constant(node.orelse)
            case ast.Name(id=name) if name in self.assigned:
                return all(map(self.is_constant, self.assigned[name]))
            case ast.Name(id=name) | ast.Attribute(attr=name):
                return name.lstrip("_").isupper()
            case _:
                return False


def _name(node: ast.AST) -> str:
    """Return the dotted name of an expression; empty when it is none."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            return f"{_name(value)}.{attr}".lstrip(".")
        case _:
            return ""


def _word(node: ast.AST) -> str:
    """Return what a word of a command line says: a program without its directory, or a name."""
    if isinstance(node, ast.Constant):
        return str(node.value).rpartition("/")[2]
    return _name(node).rpartition(".")[2].lstrip("_")


def _shell_calls(node: ast.AST, _source: Source) -> Iterator[tuple[str, str]]:
    """Find calls that hand a text to a shell."""
    if not isinstance(node, ast.Call):
        return
    name = _name(node.func)
    if name in _RUNS_SHELL or name.endswith("create_subprocess_shell"):
        yield "shell-call", f"`{name}` runs a shell; start a program by a list of words"
    for keyword in node.keywords:
        is_off = isinstance(keyword.value, ast.Constant) and not keyword.value.value
        if keyword.arg == "shell" and not is_off:
            yield "shell-call", "`shell=True` runs a shell; start a program by a list of words"


def _programs(node: ast.AST, source: Source) -> Iterator[tuple[str, str]]:
    """Find command lines in which a shell, or Python, gets a text that is no constant."""
    words = node.elts if isinstance(node, ast.Tuple | ast.List) else []
    words = node.args if isinstance(node, ast.Call) else words
    for at, word in enumerate(words):
        program, rest = _word(word), words[at + 1 :]
        option = _word(rest[0]) if rest else ""
        if program in _INTERPRETERS and option.startswith("-") and option.endswith("c"):
            if len(rest) < 2 or not source.is_constant(rest[1]):  # noqa: PLR2004 - `-c` and a text
                yield "shell-text", f"`{program} {option}` gets a text that is no constant"
        elif program in _SHELLS and option == "-s":
            yield "shell-input", f"`{program} -s` runs whatever it is given to read"


def _helpers(node: ast.AST, _source: Source) -> Iterator[tuple[str, str]]:
    """Find texts that git hands to a shell, with parts that are not quoted."""
    if isinstance(node, ast.JoinedStr) and node.values:
        first = node.values[0]
        parts = [one.value for one in node.values if isinstance(one, ast.FormattedValue)]
        begins = isinstance(first, ast.Constant) and str(first.value).startswith("!")
        bare = [one for one in parts if not _is_call(one, "shlex.quote")]
        if begins and bare:
            yield "git-helper", "git hands what begins with `!` to a shell; quote every part"
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        lines = [line.partition("=")[2].strip(' "') for line in node.value.splitlines()]
        if any(line.startswith("!") and "{" in line.replace("{{", "") for line in lines):
            yield "git-helper", "a template for a helper of git's has a part that is not quoted"


def _ssh(node: ast.AST, _source: Source) -> Iterator[tuple[str, str]]:
    """Find commands for ssh that are not words quoted one by one, and hosts that nobody checks."""
    if isinstance(node, ast.Call):
        given = {one.arg: one.value for one in node.keywords}
        name = _name(node.func)
        if name.endswith((".create_process", ".create_session")):
            if not node.args or not _is_call(node.args[0], "shlex.join"):
                yield "ssh-command", "a command for ssh has to be `shlex.join` of its words"
            if not _is_none(given.get("encoding")):
                yield (
                    "ssh-encoding",
                    "without `encoding=None` asyncssh loses bytes it can't decode",
                )
        if name == "asyncssh.connect" and None not in given and "known_hosts" not in given:
            yield "ssh-host", "without `known_hosts` any file of the user's decides whom we trust"
        if _is_none(given.get("known_hosts")):
            yield "ssh-host", "`known_hosts=None` trusts any host"
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "known_hosts" and _is_none(value):
                yield "ssh-host", "`known_hosts=None` trusts any host"


def _cloud(node: ast.AST, _source: Source) -> Iterator[tuple[str, str]]:
    """Find clients that would send a create call again by themselves."""
    if isinstance(node, ast.Call) and _name(node.func) in {"Client", "pydo.Client"}:
        policy = next((one.value for one in node.keywords if one.arg == "retry_policy"), None)
        if policy is None or not _is_call(policy, "RetryPolicy.no_retries"):
            yield "cloud-retries", "pydo sends a create call again unless it is told not to"


def _is_call(node: ast.AST, name: str) -> bool:
    """Tell whether an expression calls this function."""
    return isinstance(node, ast.Call) and _name(node.func) == name


def _is_none(node: ast.AST | None) -> bool:
    """Tell whether an expression is a literal None."""
    return isinstance(node, ast.Constant) and node.value is None


RULES: Final = (_shell_calls, _programs, _helpers, _ssh, _cloud)


def findings(text: str, file: str) -> list[Finding]:
    """Return what is wrong with a module."""
    source = Source.of(text)
    found = {
        Finding(file=file, line=getattr(node, "lineno", 0), rule=rule, message=message)
        for node in ast.walk(source.tree)
        for check in RULES
        for rule, message in check(node, source)
    }
    return sorted(one for one in found if (file, one.rule) not in EXCEPTIONS)


def main(arguments: list[str]) -> int:
    """Check files, by default all of ours; return 1 if anything is wrong."""
    places = [Path(each).resolve() for each in arguments]
    places = places or [path for place in PLACES for path in sorted((ROOT / place).rglob("*.py"))]
    found = [
        one
        for path in places
        for one in findings(
            path.read_text("utf-8"),
            path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path),
        )
    ]
    sys.stdout.writelines(f"{one}\n" for one in found)
    return 1 if found or not places else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
