"""Every string that a stranger can set, and the way it goes: it arrives as it is, as data.

`WAYS` is the list. A hundred thousand cases are drawn from a seed; each way has an oracle that
reads what was written in the way that its reader does. Real shells, sshd and git are asked in
tests/contract/test_foreign_words.py.
"""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import pytest

from docklet.adapters.git.changes import ChangeList
from docklet.adapters.git.directory import GitDirectory
from docklet.adapters.git.objects import blob_stream, identities, index_lines
from docklet.adapters.git.process import Finished
from docklet.adapters.results.archive import ResultFile
from docklet.adapters.runner.command_files import CommandFiles
from docklet.adapters.ssh.keys import SshAccess
from docklet.domain.errors import DockletError, GitError, InvalidInputs
from docklet.domain.identity import Identity, identity_of
from docklet.domain.inputs import parse
from docklet.domain.progress import Progress
from docklet.domain.script import command_line
from docklet.domain.secret import Secret
from docklet.domain.trigger import trigger_of
from docklet.droplet import container
from docklet.droplet.failure import Failure
from docklet.pipeline.agent import Agent
from docklet.pipeline.source import checkout_request
from docklet.ports import Change, CommitMessage, Completed
from docklet.render.adoption import adopting, releasing
from docklet.render.commit import author_of, commit_message
from docklet.render.userdata import user_data
from docklet.render.workflow import annotation, inert
from tests.builders import KEY, SHA, START, make_plan, make_spec, make_trigger
from tests.fakes import FakeClock
from tests.foreign import Stranger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

SEED: Final = 20_261_122
_OPTIONS: Final = {
    *("-c", "--quiet", "--depth=1", "--filter=blob:none", "--filter=tree:0", "--no-tags", "-e"),
    *("--no-write-fetch-head", "--verify", "--porcelain", "--no-verify", "--no-thin", "--refs"),
    *("--extended-regexp", "--format=%H"),
}
"""Options of git's that are ours, some of which a branch may be a part of."""
URL: Final = "https://github.com/octo/template.git"
IMAGE: Final = re.compile(r"[A-Za-z0-9]")


MESSAGE: Final = CommitMessage(text="", author="a <a@x>", committer="a <a@x>")


class Recorder:
    """git, or a shell, that notes what it is asked and does nothing."""

    directory = Path("/nowhere")
    env: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.asked: list[tuple[tuple[str, ...], bytes]] = []

    async def run(
        self,
        *arguments: Any,  # noqa: ANN401 - git's words, or a shell's
        stdin: Iterable[bytes] | bytes = (),
        env: object = None,
    ) -> Any:  # noqa: ANN401 - git's answer, or a shell's
        """Take note."""
        del env
        if not isinstance(arguments[0], str):
            assert isinstance(stdin, bytes)
            self.asked.append((tuple(arguments[0]), stdin))
            return Completed(exit_code=0, stdout=b"{}", stderr=b"")
        self.asked.append((arguments, b"".join(stdin)))  # type: ignore[arg-type]
        return Finished(code=0, stdout=f"{SHA}\tx\n".encode(), stderr=b"")

    async def must(
        self, *arguments: str, stdin: Iterable[bytes] = (), env: object = None
    ) -> bytes:
        """Take note."""
        done: Finished = await self.run(*arguments, stdin=stdin, env=env)
        return done.stdout


def ssh_words(who: Stranger) -> None:
    """Send the words of a command over ssh."""
    words = who.words()
    assert tuple(shlex.split(shlex.join(words))) == words


def agent_request(who: Stranger) -> None:
    """Ask the agent for anything: the command line is ours, the request is one line of JSON."""
    shell = Recorder()
    agent = Agent(shell, "/var/lib/docklet/run", FakeClock())  # type: ignore[arg-type]
    request = {who.text(): who.text(), "argv": list(who.words("")), "env": {"A": who.text()}}
    asyncio.run(agent.start(request))
    ((argv, line),) = shell.asked
    assert argv == ("python3", "/var/lib/docklet/run/agent.pyz", "start")
    assert line.count(b"\n") == 1
    assert json.loads(line) == request


def checkout(who: Stranger) -> None:
    """Ask the agent for repository, branch and commit of an event."""
    trigger = make_trigger(repository=who.text(), branch=who.text(), sha=who.text())
    plan = make_plan(trigger=trigger, sha=trigger.sha, branch="")
    request = json.loads(json.dumps(checkout_request(plan, "https://github.com")))
    assert request["url"] == f"https://github.com/{trigger.repository}.git"
    assert (request["sha"], request["branch"]) == (trigger.sha, trigger.branch or None)


def container_body(who: Stranger) -> None:
    """Create a container with a script, arguments and image."""
    argv, loader = ("run", *who.words("")), bool(who.chance.randrange(2))
    job = container.Job("docklet-x", who.text(), argv, who.text("\0"), 1.0, 1.0, 0, gpus=False)
    body = json.loads(json.dumps(container.body(job, "/tree", loader=loader)))
    command = (*body["Entrypoint"], *body["Cmd"])
    ours = (container.SHELL, "-c", container.LOADER, "docklet") if loader else ()
    assert command == (*ours, *argv)
    assert body["Image"] == job.image
    assert (body["HostConfig"]["Privileged"], body["Tty"]) == (False, False)
    assert body["HostConfig"]["Mounts"] == [{"Type": "bind", "Source": "/tree", "Target": "/work"}]


def variables(who: Stranger) -> None:
    """Give the loader values of `env`, as it reads them."""
    env = {f"V{number}": value for number, value in enumerate(who.words(""))}
    try:
        lines = container.variables(env).decode("utf-8", "surrogateescape")
    except (Failure, UnicodeEncodeError):
        assert re.search("[\n\0\ud800]", "".join(env.values()))
        return
    *told, last, end = lines.split("\n")
    assert (last, end) == ("", "")
    assert dict(line.split("=", 1) for line in told) == env


def script_words(who: Stranger) -> None:
    """Put a script's name and arguments behind the interpreter."""
    script, args = who.text(), who.words("")
    argv = command_line(script, interpreter="", args=args)
    assert argv[len(argv) - len(args) :] == args
    assert f"./{script}" in argv
    assert not any(word.startswith("-") for word in argv[: -len(args)] if script in word != "-e")


def inputs(who: Stranger) -> None:
    """Parse inputs: what isn't refused is what was written, and never an option."""
    names = ("script", "path", "image", "size", "region", "branch", "ref", "args", "droplet-image")
    raw = {name: who.text() for name in names if who.chance.randrange(3)}
    raw |= {"digitalocean-token": "t", "env": f"A={who.text()}", "paths": who.text()}
    raw.setdefault("script", "knit.R")
    raw.setdefault("image", "ubuntu")
    try:
        spec = parse(raw)
    except InvalidInputs:
        return
    lines = [line.strip() for line in raw.get("args", "").splitlines() if line.strip()]
    assert list(spec.argv[len(spec.argv) - len(lines) :]) == lines
    assert IMAGE.match(spec.image)
    for text in (spec.size, *spec.regions, spec.branch, spec.ref):
        assert not text.startswith("-")
        assert not re.search(r"[\x00-\x20\x7f]", text)
    assert ".." not in f"{spec.path}/{spec.script}".split("/")


def event(who: Stranger) -> None:
    """Read an event: titles, refs and numbers may be anything at all."""
    strange: tuple[Any, ...] = (
        who.text(),
        None,
        7,
        [],
        {},
        True,
        {"sha": who.text(), "ref": who.text()},
    )
    pick = who.chance.choice
    raw: dict[str, Any] = {name: pick(strange) for name in ("ref", "after", "action", "number")}
    raw["pull_request"] = {"head": pick(strange), "number": pick(strange), "title": who.text()}
    names = ("push", "pull_request", "workflow_dispatch", "schedule", who.text())
    environ = {
        "GITHUB_EVENT_NAME": pick(names),
        "GITHUB_REPOSITORY": pick(("octo/template", who.text("\ud800"))),
        "GITHUB_REF": pick(("refs/heads/main", who.text("\ud800"))),
        "GITHUB_SHA": pick((SHA, who.text("\ud800"))),
        "GITHUB_ACTOR": who.text("\ud800"),
    }
    try:
        trigger = trigger_of(environ, raw)
    except DockletError:
        return
    assert isinstance(trigger.sha, str)
    assert isinstance(trigger.branch, str)
    assert re.fullmatch(r"[0-9a-f]{8}|", trigger.slot)


def git_words(who: Stranger) -> None:
    """Name branches and commits to git: never by a word that could be taken for an option."""
    program = Recorder()
    git = GitDirectory(URL, program, None, clock=FakeClock())  # type: ignore[arg-type]
    git._configure = lambda: None  # type: ignore[method-assign] # noqa: SLF001 - nothing is on disk
    branch, sha = who.text(), who.text()

    async def ask() -> None:
        await git.fetch(branch)
        await git.find_run(branch, KEY, START)
        await git.push(SHA, branch)
        await git.remote_head(branch)
        for work in (git.push(sha, branch), git.commit(sha, (), MESSAGE), git.effective(sha, ())):
            with pytest.raises(GitError, match="no commit's id"):
                await work

    asyncio.run(ask())
    words = [word for arguments, _ in program.asked for word in arguments]
    assert f"{SHA}:refs/heads/{branch}" in words
    assert {f"refs/heads/{branch}", f"+refs/heads/{branch}:refs/docklet/1"} <= set(words)
    ours = (f"--grep=^Docklet-Run: {KEY}$", f"--shallow-since=@{int(START)} +0000")
    assert {word for word in words if word.startswith("-")} <= _OPTIONS.union(ours)


def names_of_files(who: Stranger) -> None:
    """Give git the names of results."""
    paths = {who.raw(b"\0") or b"x" for _ in range(4)}
    changes = [Change(path=path, mode="100644", blob=SHA) for path in paths]
    told = b"".join(index_lines(changes)).split(b"\0")
    assert told.pop() == b""
    assert [line.partition(b"\t")[2] for line in told] == [change.path for change in changes]
    assert all(line.startswith(b"100644 " + SHA.encode() + b"\t") for line in told)


def contents_of_files(who: Stranger) -> None:
    """Let git import results: sizes say where they end, and nothing else."""
    contents = [who.raw(b"") for _ in range(3)]
    files = [
        ResultFile(path=b"x", mode="100644", size=len(text), content=iter([text]))
        for text in contents
    ]
    stream = b"".join(blob_stream(files, ChangeList()))
    for mark, text in enumerate(contents, start=1):
        head = b"blob\nmark :%d\ndata %d\n" % (mark, len(text))
        assert stream.startswith(head + text + b"\n")
        stream = stream[len(head + text + b"\n") :]
    assert stream == b"done\n"


def message(who: Stranger) -> None:
    """Word a commit message about script, path and image: the trailers are ours."""
    spec = make_spec(script=who.text(), path=who.text(), image=who.text(), argv=("x",))
    text = commit_message(make_plan(spec=spec), Progress(), now=START)
    assert len(re.findall(r"(?m)^Docklet-Run: ", text)) == 1
    assert f"\nDocklet-Run: {KEY}\n" in text
    assert not re.search(r"(?m)^Signed-off-by", text)
    assert "\0" not in text


def people(who: Stranger) -> None:
    """Name whoever asked for a run as the author of its results."""
    author = author_of(who.text())
    commit = CommitMessage(text="", author=author, committer=author)
    assert all(re.fullmatch(r"[^\n\0<>]+", text) for text in identities(commit, START).values())


def workflow_commands(who: Stranger) -> None:
    """Tell something in the runner's log: one line, with one command that is ours."""
    text = who.text()
    line = annotation("notice", text)
    prefix = "::notice title=docklet::"
    assert line.startswith(prefix)
    assert not re.search(r"[\r\n]|##\[", line)
    said = line.removeprefix(prefix).replace("%0A", "\n").replace("%0D", "\r")
    assert said.replace("%25", "%") == text.replace("##[", "# #[")


def script_output(who: Stranger) -> None:
    """Show a line of a script's output: none that the runner obeys."""
    line = inert(who.text("\n\r"))
    assert not line.lstrip().startswith("::")
    assert "##[" not in line


def command_files(who: Stranger) -> None:
    """Set outputs and state: the runner reads what was written, and no other name."""
    lines = ("EOF", "docklet", "name-1<<EOF", "x=y", "", who.text("\ud800"))
    values = {f"name-{at}": "\n".join(who.chance.choices(lines, k=4)) for at in range(5)}
    with TemporaryDirectory(dir=_MEMORY) as folder:
        files = [CommandFiles(output=Path(folder) / str(number)) for number in range(2)]
        for each in files:
            each.write_outputs(values)
        texts = [(each.output or Path()).read_bytes().decode() for each in files]
    assert [runner_reads(text) for text in texts] == [values, values]
    assert texts[0].splitlines()[0] != texts[1].splitlines()[0]


def runner_reads(text: str) -> dict[str, str]:
    """Read a command file as the runner does."""
    lines, found = iter(text.split("\n")[:-1]), {}
    for head in lines:
        name, _, end = head.partition("<<")
        value: list[str] = []
        while (line := next(lines)) != end:
            value.append(line)
        found[name] = "\n".join(value)
    return found


def repositories(who: Stranger) -> None:
    """Put a repository's name into a droplet's tag."""
    owner, name = who.text("/\ud800") or "o", who.text("\ud800") or "n"
    identity = Identity(key=KEY, slot="cafe0123", repository=f"{owner}/{name}", deadline=1)
    assert re.fullmatch(r"[A-Za-z0-9_:-]+", identity.tag)
    assert identity_of(identity.name, [identity.tag]) == identity


def first_boot(who: Stranger) -> None:
    """Tell cloud-init an image's name."""
    image = who.text()
    head, _, text = user_data(_KEYS, image=image, install_docker=False).partition("\n")
    assert head == "#cloud-config"
    assert json.loads(text).get("runcmd", []) == [["docker", "pull", "--quiet", image]] * bool(
        image
    )


def adoption(who: Stranger) -> None:
    """Write scripts for an adopted droplet: into them go a key of ours and a number."""
    number = who.chance.randrange(10**9)
    key = SshAccess(token=Secret(who.text("\ud800") or "t")).client_key(number)
    assert re.fullmatch(r"ssh-ed25519 [A-Za-z0-9+/=]+", key.strip())
    plain = adopting("KEY", 0).replace("KEY", key).replace("adopted-0", f"adopted-{number}")
    assert adopting(key, number) == plain
    assert key in releasing(key, number, "/var/lib/docklet")


@dataclass(frozen=True, slots=True)
class Way:
    """A way that foreign strings go."""

    check: Callable[[Stranger], None]
    cases: int


WAYS: Final = (
    Way(ssh_words, 12_000),
    Way(agent_request, 4_000),
    Way(checkout, 8_000),
    Way(container_body, 6_000),
    Way(variables, 10_000),
    Way(script_words, 8_000),
    Way(inputs, 8_000),
    Way(event, 8_000),
    Way(git_words, 1_500),
    Way(names_of_files, 8_000),
    Way(contents_of_files, 6_000),
    Way(message, 4_000),
    Way(people, 4_000),
    Way(workflow_commands, 4_000),
    Way(script_output, 4_000),
    Way(command_files, 400),
    Way(repositories, 2_000),
    Way(first_boot, 2_000),
    Way(adoption, 100),
)
_KEYS: Final = SshAccess(token=Secret("t")).keys(KEY)
_MEMORY: Final = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - ours inside


def test_hundred_thousand() -> None:
    """The list is as long as it says."""
    assert sum(way.cases for way in WAYS) == 100_000
    assert len({way.check for way in WAYS}) == len(WAYS)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.check.__name__)
def test_way(way: Way) -> None:
    """Whatever a stranger writes arrives as it is, or is refused."""
    for number in range(way.cases):
        who = Stranger(Random(f"{SEED} {way.check.__name__} {number}"))  # noqa: S311 - a seed
        try:
            way.check(who)
        except AssertionError as error:
            error.add_note(f"case {number} of {way.check.__name__}")
            raise
