"""A run meets what the cloud and the network can do to it, and keeps the laws.

The run is the real one, with real adapters and sockets; the droplet is light and time virtual.
Whatever happens, no droplet is left, and a script that ended well has its results on the branch.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from docklet.domain.outcome import Reason
from docklet_sandbox.cloud.fate import Fate, FateKind
from docklet_sandbox.faults import parse_fault
from docklet_sandbox.forge import arrange, observe, others
from docklet_sandbox.forge.ambush import Deed
from docklet_sandbox.light.script import Script
from docklet_sandbox.schedule import parse_schedule
from docklet_sandbox.virtual_time import run
from docklet_sandbox.wire import Wire
from tests.contract.stage import REPO, Stage, staged

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from docklet.entrypoints.carry_out import Finished

    Prepare = Callable[[Stage], Awaitable[None] | None]

LONG = Script(output=[(t, f"{t}\n".encode()) for t in range(0, 600, 10)], lasts=600.0)
"""Ten minutes of a line every ten seconds."""
UNFINISHED = {Reason.CREATE_FAILED, Reason.DROPLET_LOST}
"""How a run ends whose script did not."""
MENU = [
    {"kind": "503"},
    {"kind": "429", "retry_after": 1},
    {"kind": "drop"},
    {"kind": "commit_then_drop"},
    {"kind": "commit_then_500"},
    {"kind": "garbage", "service": "cloud"},
    {"kind": "garbage", "route": "/api/*"},
    {"kind": "commit_then_truncated"},
    {"kind": "delay", "latency": 5},
]
SEEN = 100.0
"""Seconds after the create call at which what is to happen in mid-run happens."""


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back what a stage changes in the environment."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")


def play(
    folder: Path,
    prepare: Prepare = lambda _: None,
    meanwhile: Callable[[Stage], Awaitable[None]] | None = None,
    **settings: Any,  # noqa: ANN401 - as in settings.Settings
) -> tuple[Reason, int, float]:
    """Run once; return how it ended, how many commits were added and how long it took.

    `meanwhile` happens when the run has a droplet for some time.
    """

    async def story() -> tuple[Reason, int, float]:
        try:
            return await _play(folder, prepare, meanwhile, settings)
        finally:
            await asyncio.sleep(60)  # TLS says goodbye on connections that nobody uses any more

    return run(story())


async def _play(
    folder: Path,
    prepare: Prepare,
    meanwhile: Callable[[Stage], Awaitable[None]] | None,
    settings: dict[str, Any],
) -> tuple[Reason, int, float]:
    loop = asyncio.get_running_loop()
    async with staged(folder, **settings) as stage:
        if (preparing := prepare(stage)) is not None:
            await preparing
        began = loop.time()
        fate = asyncio.ensure_future(_later(stage, meanwhile)) if meanwhile else None
        done = await stage.run()
        took = loop.time() - began
        if fate is not None:
            await fate
        await _check(stage)
        there = "main" in await observe.branches(stage.sandbox.desk.forge, REPO)
        commits = len(await stage.log()) - 1 if there else 0
        assert _kept(done, folder / "workspace") or done.outcome.reason in UNFINISHED
        return done.outcome.reason, commits, took


def _kept(done: Finished, workspace: Path) -> bool:
    """Tell whether the results are in the repository, or at least in an archive."""
    found = done.outcome.published
    if found is None:
        return False
    return bool(found.commit or (found.archive and (workspace / found.archive).exists()))


async def _later(stage: Stage, happens: Callable[[Stage], Awaitable[None]]) -> None:
    while not stage.sandbox.desk.estate.droplets:  # noqa: ASYNC110 - it costs no time
        await asyncio.sleep(0.1)
    await asyncio.sleep(SEEN)
    await happens(stage)


async def _check(stage: Stage) -> None:
    """Nothing is left, and nothing was asked that no correct client asks."""
    estate = stage.sandbox.desk.estate
    await estate.settle()
    assert estate.living() == []
    assert stage.violations() == []


def fated(kind: FateKind, **more: Any) -> Callable[[Stage], None]:  # noqa: ANN401 - fields of Fate
    """Give the run's droplet a fate."""
    return lambda stage: stage.sandbox.desk.estate.fates.add(Fate(kind=kind, **more))


def long_run(stage: Stage) -> None:
    """Let the script take its time."""
    stage.sandbox.machines.perform(LONG)


def only_droplet(stage: Stage) -> int:
    """Return the id of the run's droplet."""
    (droplet,) = stage.sandbox.desk.estate.droplets.values()
    return droplet.id


@pytest.mark.parametrize(
    ("fate", "within"),
    [
        (Fate(kind=FateKind.CREATE_FAILS, after=5), 90),
        (Fate(kind=FateKind.CREATE_FAILS, after=5, stays=True), 400),
        (Fate(kind=FateKind.NEVER_ACTIVE), 400),
        (Fate(kind=FateKind.ADDRESS_LATE, after=3600), 400),
        (Fate(kind=FateKind.PRIVATE_FIRST, after=3600), 400),
        (Fate(kind=FateKind.VANISH, after=0.1), 90),
    ],
    ids=lambda it: f"{it.kind}{'-stays' * it.stays}" if isinstance(it, Fate) else "",
)
def test_no_droplet_to_work_on(tmp_path: Path, fate: Fate, within: float) -> None:
    """A droplet that never gets as far as an address is given up in time, and deleted."""
    reason, commits, took = play(tmp_path, lambda stage: stage.sandbox.desk.estate.fates.add(fate))
    assert (reason, commits) == (Reason.CREATE_FAILED, 0)
    if took >= within:  # a busy machine that holds up a thread lets virtual time run ahead
        again = tmp_path / "again"
        *_, took = play(again, lambda stage: stage.sandbox.desk.estate.fates.add(fate))
    assert took < within


@pytest.mark.parametrize("kind", [FateKind.ADDRESS_LATE, FateKind.PRIVATE_FIRST])
def test_addresses_take_their_time(tmp_path: Path, kind: FateKind) -> None:
    """An address that is late, or comes after the private one, is waited for."""
    assert play(tmp_path, fated(kind, after=100.0))[:2] == (Reason.DONE, 1)


@pytest.mark.parametrize(
    "wire",
    [
        Wire(after_banner=True, count=4),
        *(Wire(cut=count, count=2) for count in (60, 2500)),
        Wire(hole=0, count=2),
        Wire(hole=1500),
        Wire(split=500, count=None),
        Wire(delay=0.5, bandwidth=50_000, count=None),
    ],
    ids=str,
)
def test_bad_wires(tmp_path: Path, wire: Wire) -> None:
    """Connections that break, fall silent or crawl cost time, and nothing else."""
    prepare = lambda stage: stage.sandbox.desk.proxies.wires.add(wire)  # noqa: E731
    reason, commits, took = play(tmp_path, prepare, proxied=True)
    assert (reason, commits) == (Reason.DONE, 1)
    assert took < 200


def test_sshd_is_late(tmp_path: Path) -> None:
    """An sshd that listens a minute and a half after the droplet is active is waited for."""
    reason, commits, took = play(tmp_path, proxied=True, ssh_delay=90.0)
    assert (reason, commits) == (Reason.DONE, 1)
    assert took > 90


async def vanish(stage: Stage) -> None:
    """Take the droplet away."""
    estate = stage.sandbox.desk.estate
    estate.remove(estate.droplets[only_droplet(stage)])


async def partition(stage: Stage) -> None:
    """Cut the droplet off for two minutes."""
    machines, droplet = stage.sandbox.desk.estate.machines, only_droplet(stage)
    await machines.partition(droplet)
    await asyncio.sleep(120)
    await machines.heal(droplet)


async def freeze(stage: Stage) -> None:
    """Freeze the droplet for a minute."""
    machines, droplet = stage.sandbox.desk.estate.machines, only_droplet(stage)
    await machines.pause(droplet)
    await asyncio.sleep(60)
    await machines.resume(droplet)


async def restart(stage: Stage) -> None:
    """Restart the droplet's sshd, which takes half a minute."""
    stage.sandbox.desk.proxies[str(only_droplet(stage))].restart(30.0)


async def sever(stage: Stage) -> None:
    """Reset the connection five times, every twenty seconds."""
    for _ in range(5):
        stage.sandbox.desk.proxies[str(only_droplet(stage))].sever()
        await asyncio.sleep(20)


async def hold(stage: Stage) -> None:
    """Keep every byte back for forty seconds."""
    proxy = stage.sandbox.desk.proxies[str(only_droplet(stage))]
    proxy.hold()
    await asyncio.sleep(40)
    proxy.release()


@pytest.mark.parametrize("happens", [partition, freeze, restart, sever, hold])
def test_trouble_in_the_middle(
    tmp_path: Path, happens: Callable[[Stage], Awaitable[None]]
) -> None:
    """What runs goes on; the run finds its way back, and has the results and the whole log."""
    reason, commits, took = play(tmp_path, long_run, happens, proxied=True)
    assert (reason, commits) == (Reason.DONE, 1)
    assert 600 < took < 900
    (log,) = tmp_path.glob("workspace/*/run.log")
    assert log.read_bytes() == LONG.log


def test_vanishing_in_the_middle(tmp_path: Path) -> None:
    """A droplet that somebody deletes is noticed, and told as such."""
    reason, commits, took = play(tmp_path, long_run, vanish)
    assert (reason, commits) == (Reason.DROPLET_LOST, 0)
    assert took < SEEN + 200


def locked(stage: Stage) -> Awaitable[None]:
    """Lock the commit's conversation."""
    return others.lock_commit(stage.sandbox.desk.forge, REPO, stage.head)


async def uncomment(stage: Stage) -> None:
    """Delete the status comment."""
    forge = stage.sandbox.desk.forge
    for comment in list(forge.repository(REPO).comments.values()):
        await others.delete_comment(forge, REPO, comment.id)


@pytest.mark.parametrize("happens", [locked, uncomment])
def test_nobody_may_talk(tmp_path: Path, happens: Callable[[Stage], Awaitable[None]]) -> None:
    """A comment that is deleted, or a conversation that is locked, takes nothing from the work."""
    assert play(tmp_path, long_run, happens)[:2] == (Reason.DONE, 1)


@pytest.mark.parametrize("advertised", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("deed", "reasons"),
    [
        (Deed.COMMIT, {Reason.DONE}),
        (Deed.REWIND, {Reason.DONE, Reason.PUSHED_ELSEWHERE}),
        (Deed.DELETE, {Reason.PUSHED_ELSEWHERE, Reason.NOT_PUSHED}),
    ],
)
def test_branch_moves_at_the_worst_moment(
    tmp_path: Path, deed: Deed, reasons: set[Reason], *, advertised: bool
) -> None:
    """Whatever becomes of the branch between fetch and push, the results are somewhere."""

    async def prepare(stage: Stage) -> None:
        forge = stage.sandbox.desk.forge
        await arrange.commit(forge, REPO, {"more.txt": "more\n"})
        files = {"theirs.txt": "theirs\n"}
        await arrange.ambush(forge, REPO, files, deed=deed, advertised=advertised)

    assert play(tmp_path, prepare)[0] in reasons


def test_answer_to_the_push_is_lost(tmp_path: Path) -> None:
    """A push that was accepted is not made twice, though nobody said that it was."""
    fault = {"kind": "commit_then_drop", "service": "forge", "route": "*receive-pack*"}
    assert play(tmp_path, faulty({**fault, "method": "POST"}))[:2] == (Reason.DONE, 1)


def faulty(*faults: dict[str, Any]) -> Callable[[Stage], None]:
    """Queue faults."""

    def prepare(stage: Stage) -> None:
        for fault in faults:
            stage.sandbox.desk.faults.add(parse_fault(fault))

    return prepare


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "commit_then_truncated", "service": "cloud", "method": "POST"},
        {"kind": "429", "service": "cloud", "method": "GET", "retry_after": 3, "count": 2},
        {"kind": "429", "service": "cloud", "method": "DELETE", "count": 2},
        {"kind": "garbage", "flavour": "binary", "service": "cloud", "method": "POST"},
        {"kind": "garbage", "flavour": "gzip", "service": "cloud", "method": "DELETE"},
        {"kind": "garbage", "flavour": "empty", "service": "forge", "route": "/api/*"},
        {"kind": "commit_then_truncated", "service": "forge", "method": "POST", "count": 2},
        {"kind": "429", "service": "forge", "retry_after": 2, "count": 2},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
def test_bad_answers(tmp_path: Path, fault: dict[str, Any]) -> None:
    """Halves of answers, nonsense and refusals that pass are outlasted."""
    assert play(tmp_path, faulty(fault))[:2] == (Reason.DONE, 1)


@pytest.mark.parametrize("seed", range(3))
def test_all_at_once(tmp_path: Path, seed: int) -> None:
    """When everything goes wrong now and then, the laws hold all the same."""

    def prepare(stage: Stage) -> None:
        wires = [{"cut": 2000}, {"hole": 500}, {"after_banner": True}, {"delay": 0.3}]
        story = {"seed": seed, "rate": 0.15, "faults": MENU, "wires": wires}
        stage.sandbox.desk.follow(parse_schedule(story))

    reason, _, _ = play(tmp_path, prepare, proxied=True)
    assert reason in {Reason.DONE, Reason.PUSHED_ELSEWHERE}
