"""The lint rule against shells with foreign text: it is clean here, and each rule can fire."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tools.lint_shell import EXCEPTIONS, PLACES, ROOT, findings

if TYPE_CHECKING:
    from pathlib import Path

WRONG = {
    "subprocess.run(f'git clone {url}', shell=True)": "shell-call",
    "subprocess.run(words, shell=wanted)": "shell-call",
    "os.system(text)": "shell-call",
    "os.popen('true')": "shell-call",
    "await asyncio.create_subprocess_shell(text)": "shell-call",
    "await create_subprocess_shell(text)": "shell-call",
    "subprocess.getoutput(text)": "shell-call",
    "argv = ['bash', '-c', f'Rscript {script}']": "shell-text",
    "argv = ('/bin/sh', '-c', 'run ' + script)": "shell-text",
    "argv = ('sh', '-ec', script)": "shell-text",
    "argv = ('sh', '-c')": "shell-text",
    "run('python3', '-c', 'print(%s)' % name)": "shell-text",
    "argv = [sys.executable, '-c', text]": "shell-text",
    "text = f'{a}'\nargv = [SHELL, '-c', text]": "shell-text",
    "TEXT = make(a)\nargv = ['sh', '-c', TEXT]": "shell-text",
    "text = 'a' if b else c\nargv = ['sh', '-c', text]": "shell-text",
    "argv = ['ssh', where, 'sh', '-s']": "shell-input",
    "helper = f'!f() {{ cat {path}; }}; f'": "git-helper",
    "CONFIG = '''[credential]\n\thelper = \"!cat {path}\"\n'''": "git-helper",
    "connection.create_process(' '.join(argv), encoding=None)": "ssh-command",
    "connection.create_process(f'ls {name}', encoding=None)": "ssh-command",
    "connection.create_process(shlex.join(argv))": "ssh-encoding",
    "connection.create_process(shlex.join(argv), encoding='utf-8')": "ssh-encoding",
    "asyncssh.connect(host, port)": "ssh-host",
    "asyncssh.connect(host, known_hosts=None)": "ssh-host",
    "options = {'known_hosts': None}": "ssh-host",
    "Client(token=token)": "cloud-retries",
    "pydo.Client(token=token, retry_policy=RetryPolicy())": "cloud-retries",
}
RIGHT = (
    "subprocess.run(['git', 'clone', '--', url], shell=False)",
    "argv = ('sh', '-c', 'cat -- \"$1\"', 'sh', name)",
    "_ALL = 'a'\n_TAIL = 'b'\nscript = _ALL if whole else _TAIL\nx = ('sh', '-c', script)",
    "argv = ('git', '-c', f'remote.origin.url={url}')",
    "connection.create_process(shlex.join(argv), encoding=None)",
    "asyncssh.connect(host, port, **options)",
    "asyncssh.connect(host, port, known_hosts=(keys, [], []))",
    "Client(token=token, retry_policy=RetryPolicy.no_retries())",
    "helper = f'!f() {{ cat {shlex.quote(path)}; }}; f'",
)


@pytest.mark.parametrize("text", WRONG)
def test_rule_fires(text: str) -> None:
    """What would let foreign text into a shell is found, by the rule that is about it."""
    assert {one.rule for one in findings(text, "x.py")} == {WRONG[text]}


@pytest.mark.parametrize("text", RIGHT)
def test_rule_keeps_quiet(text: str) -> None:
    """What is right is let through."""
    assert findings(text, "x.py") == []


def test_every_exception_is_needed() -> None:
    """An exception is for a place that is there; nothing hides behind an old one."""
    for file, rule in EXCEPTIONS:
        assert rule in {one.rule for one in findings((ROOT / file).read_text("utf-8"), "x.py")}


def test_everything_of_ours_is_clean(tmp_path: Path) -> None:
    """`make lint` checks all of docklet, and fails where a file is wrong."""
    command = [sys.executable, "-m", "tools.lint_shell"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert len([path for place in PLACES for path in (ROOT / place).rglob("*.py")]) > 100
    assert "tools.lint_shell" in (ROOT / "Makefile").read_text("utf-8")
    bad = tmp_path / "bad.py"
    bad.write_text("import os\nos.system(text)\n")
    command += [str(bad)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "bad.py:2: shell-call" in done.stdout
