"""Foreign words through real programs: the vectors that arrive are those that were sent.

Where a shell is between (sshd's, the loader's), and where git starts further programs, only the
real ones can tell. tests/unit/test_foreign.py has the ways that need none.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from itertools import chain
from random import Random
from typing import TYPE_CHECKING, Final

import pytest

from docklet.adapters.agent import agent_code
from docklet.adapters.clock import RealClock
from docklet.adapters.git.directory import GitDirectory
from docklet.adapters.host import HostShell
from docklet.adapters.ssh.keys import SshAccess
from docklet.adapters.ssh.shell import SshShell
from docklet.domain.errors import AgentError
from docklet.domain.identity import RunKey
from docklet.domain.secret import Secret
from docklet.droplet.container import LOADER, variables
from docklet.pipeline.agent import Agent
from docklet.ports import CommitMessage, PushVerdict
from docklet_sandbox.launch import running
from tests.archives import make_archive
from tests.contract.sshd import USER, needs_sshd, serving
from tests.fakes import FakeClock
from tests.foreign import Stranger

if TYPE_CHECKING:
    from pathlib import Path

CASES: Final = 300
"""Strangers, ten to a command line."""
RECORD: Final = "import json,os,sys;print(json.dumps([list(map(ascii,sys.argv[1:])),os.getcwd()]))"
SHOWN: Final = "import json,os;print(json.dumps({k: ascii(v) for k, v in os.environ.items()}))"
BRANCHES: Final = (
    *("--upload-pack=touch", "-c", "--exec=x", "--receive-pack=touch", "-oProxyCommand=x"),
    *("$(touch$IFS@x)", "`id`", ";touch-x;", "a|b", "a&&b", "a'b\"c", "%s", "\u202ex", "${HOME}"),
)
REPO: Final = "mona/template"


def strangers(kind: str, count: int = CASES) -> list[Stranger]:
    """Return that many strangers, always the same."""
    return [Stranger(Random(f"{kind} {number}")) for number in range(count)]  # noqa: S311 - a seed


def texts(kind: str, count: int = CASES) -> list[tuple[str, ...]]:
    """Return command lines of ten strangers each, in words that UTF-8 can write."""
    told = [who.words("\0\ud800") for who in strangers(kind, count)]
    return [tuple(chain(*told[at : at + 10])) for at in range(0, len(told), 10)]


async def arrived(shell: SshShell | HostShell, words: tuple[str, ...]) -> list[str]:
    """Return the words that a program at the other end sees."""
    done = await shell.run([sys.executable, "-c", RECORD, *words])
    assert done.exit_code == 0, done.stderr
    seen: list[str] = json.loads(done.stdout)[0]
    return seen


@needs_sshd
async def test_words_over_ssh(tmp_path: Path) -> None:
    """The login shell behind sshd takes every word for one word."""
    keys = SshAccess(token=Secret("dop_v1_canary")).keys(RunKey("0" * 20))
    async with serving(keys, tmp_path) as sshd:
        shell = SshShell("127.0.0.1", keys, port=sshd.port, username=USER)
        for words in texts("ssh"):
            assert await arrived(shell, words) == list(map(ascii, words))
        await shell.close()


async def test_words_on_this_machine() -> None:
    """Without a shell there is nothing to take a word for more."""
    for words in texts("host", CASES // 2):
        assert await arrived(HostShell(), words) == list(map(ascii, words))


def test_words_through_the_loader(tmp_path: Path) -> None:
    """The one shell in the container hands on arguments and variables as they are."""
    for number, words in enumerate(texts("loader")):
        values = [word.replace("\n", "") for word in words]
        env = {f"V{at}": value for at, value in enumerate(values)}
        program = RECORD if number % 2 else SHOWN
        done = subprocess.run(
            ["/bin/sh", "-c", LOADER, "docklet", sys.executable, "-c", program, *words],
            input=variables(env),
            capture_output=True,
            check=True,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]},
        )
        seen = json.loads(done.stdout)
        if number % 2:
            assert seen == [list(map(ascii, words)), str(tmp_path)]
        else:
            assert {name: seen[name] for name in env} == {n: ascii(v) for n, v in env.items()}
    assert list(tmp_path.iterdir()) == []


async def test_requests_to_the_agent(tmp_path: Path) -> None:
    """The agent itself refuses what it can't use, in words of its own, and does nothing else."""
    agent = Agent(HostShell(), str(tmp_path / "run"), RealClock())
    await agent.install(agent_code())
    before = sorted(path.name for path in (tmp_path / "run").iterdir())
    for who in strangers("agent", 10):
        request = {name: who.text("\ud800") for name in ("url", "sha", "branch", "submodules")}
        with pytest.raises(AgentError) as caught:
            await agent.checkout(request, Secret(who.text("\ud800")))
        assert caught.value.kind == "request", caught.value.message
    for who in strangers("start", 10):
        with pytest.raises(AgentError) as caught:
            await agent.start({"argv": who.text(), "image": who.text(), "env": {who.text(): 1}})
        assert caught.value.kind == "request", caught.value.message
    after = {path.name for path in (tmp_path / "run").iterdir()}
    assert after - set(before) <= {"lock", "work"}


async def test_words_for_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """git, and what git starts, gets branches and names as parts of words that are ours."""
    spy, seen = tmp_path / "bin" / "git", tmp_path / "seen"
    spy.parent.mkdir()
    program = f"#!/bin/sh\nprintf '%s\\0' \"$@\" >> {seen}\nprintf '\\1\\0' >> {seen}\n"
    spy.write_text(f'{program}exec {shlex.quote(str(shutil.which("git")))} "$@"\n')
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{spy.parent}:{os.environ['PATH']}")
    message = CommitMessage(text="$(touch x)\n\n`id`", author="a <a@x>", committer="b <b@x>")
    files = dict.fromkeys(("-rf", "$(touch x)", "a\nb", ";id;", "'\"", "--help"), b"1")
    with running(tmp_path / "state", "--machines=none") as sandbox:
        base = sandbox.forge.create(REPO, {"a.txt": "1\n"}) or ""
        url = f"{sandbox.addresses.forge}/{REPO}"
        token = Secret(sandbox.addresses.workflow_token)
        git = await GitDirectory.open(url, token, tmp_path, clock=FakeClock())
        await git.fetch(base)
        found = await git.import_results(make_archive(tmp_path / "a.tar", files), base)
        sha = await git.commit(base, found.changes, message)
        for branch in BRANCHES:
            assert (await git.push(sha, branch)).verdict is PushVerdict.ACCEPTED, branch
            assert await git.remote_head(branch) == sha
            assert await git.fetch(branch) == sha
        await git.close()
        assert set(sandbox.forge.branches(REPO)) == {"main", *BRANCHES}
    words = seen.read_bytes().decode().split("\0")
    for branch in BRANCHES:
        assert f"{sha}:refs/heads/{branch}" in words
        assert branch not in set(words) - {"-c"}
    assert sorted(os.listdir(tmp_path)) == ["a.tar", "bin", "seen"]  # noqa: PTH208 - no await
