"""Adoption: one login of the user's, one line, one tag, and nothing by halves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from docklet.domain.adoption import HostKey
from docklet.domain.errors import (
    AgentError,
    CloudError,
    DockletError,
    HostKeyMismatch,
    InvalidInputs,
    KeyRefused,
    Unreachable,
)
from docklet.pipeline.adopt import Adopted, Released, adopt, release
from tests.builders import START, make_droplet
from tests.fakes import FakeAccess, FakeClock, FakeCloud, FakeLogin
from tests.machines import FakeMachine

if TYPE_CHECKING:
    from docklet.ports import Droplet

HOST, OTHER = HostKey(raw=b"h" * 32), HostKey(raw=b"o" * 32)
WEB = make_droplet(droplet_id=7, name="web-1", tags=("web",), address="203.0.113.9")
LINE = "restrict ssh-ed25519 client-7 docklet-adopted-7"
DOWN = CloudError("The cloud is down.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An account, and the machine of one of its droplets."""

    cloud: FakeCloud
    access: FakeAccess
    login: FakeLogin

    async def adopt(self, word: str = "web-1") -> Adopted:
        """Adopt the droplet that `word` means."""
        return await adopt(word, self.cloud, self.access, self.login)

    async def release(self, word: str = "web-1") -> Released:
        """Let it go."""
        return await release(word, self.cloud, self.access, self.login)

    @property
    def state(self) -> tuple[Any, ...]:
        """All that an adoption may change."""
        return dict(self.cloud.live), set(self.cloud.tags), list(self.login.authorized)


def place(*droplets: Droplet) -> Place:
    """Return an account with these droplets, all of them one machine."""
    clock = FakeClock(START)
    cloud, machine = FakeCloud(clock, boot=10**9), FakeMachine(clock)
    for droplet in droplets or (WEB,):
        cloud.add(droplet)
    login = FakeLogin(machine)
    login.host_key = machine.shown_key = HOST.line
    return Place(cloud=cloud, access=FakeAccess(machine), login=login)


@pytest.mark.parametrize("word", ["web-1", "7"])
async def test_adopted(word: str) -> None:
    """The key is let in, the login is tried, and the tag names the host key; twice is once."""
    here = place()
    for _ in range(2):
        done = await here.adopt(word)
        assert (done.droplet.droplet_id, done.host, done.stale) == (7, HOST, ())
        assert here.cloud.live[7].tags == ("web", HOST.tag)
        assert here.login.authorized == ["ssh-ed25519 user me@home", LINE]
    assert here.login.addresses == ["203.0.113.9"] * 2
    assert here.cloud.calls.count("add_tag") == 1
    assert all(shell.keys == here.access.adopted_keys(7, HOST) for shell in here.access.shells)
    assert all(shell.closed for shell in here.access.shells)


async def test_gpu_droplet() -> None:
    """Droplets with GPUs, which are listed apart, can be adopted and let go too."""
    here = place(make_droplet(droplet_id=7, name="gpu-1", tags=(), size="gpu-h100x1-80gb"))
    await here.adopt("gpu-1")
    assert here.cloud.live[7].tags == (HOST.tag,)
    await here.release("gpu-1")
    assert not here.cloud.tags


@pytest.mark.parametrize("tags", [(OTHER.tag,), (HOST.tag, OTHER.tag), (OTHER.tag.upper(),)])
async def test_other_host_keys_go(tags: tuple[str, ...]) -> None:
    """After a rebuild, or with two tags, the machine that the user knows decides."""
    here = place(make_droplet(droplet_id=7, name="web-1", tags=tags))
    done = await here.adopt()
    assert done.stale == tuple(tag for tag in tags if tag != HOST.tag)
    assert here.cloud.live[7].tags == (HOST.tag,)
    assert here.cloud.tags == {HOST.tag}


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"name": "web-2"}, "no droplet with this id or name"),
        ({"status": "off"}, "`off`, not `active`"),
        ({"address": ""}, "no public IPv4"),
    ],
)
async def test_unfit(facts: dict[str, Any], words: str) -> None:
    """A droplet to which nobody can connect is refused before anybody tries."""
    here = place(make_droplet(**{"name": "web-1", "tags": (), **facts}))
    before = here.state
    with pytest.raises(InvalidInputs, match=words):
        await here.adopt()
    assert not here.login.addresses
    assert here.state == before


async def test_ours() -> None:
    """What docklet made is not adopted: its keys are known."""
    ours = make_droplet(droplet_id=7)
    here = place(ours)
    for work in (here.adopt, here.release):
        with pytest.raises(InvalidInputs, match="docklet made this droplet"):
            await work("7")
    assert not here.login.addresses


async def test_what_runs_need() -> None:
    """A machine that lacks something is told all of it, and left as it is."""
    here = place()
    before, here.login.lacks = here.state, "docker python3 nonsense"
    with pytest.raises(InvalidInputs, match=r"nothing was changed.*Python 3\.8.*; Docker") as odd:
        await here.adopt()
    assert "nonsense" not in odd.value.message
    assert here.state == before


async def test_nobody_got_in() -> None:
    """Where the user's own login fails, nothing is changed."""
    here = place()
    before, here.login.failure = here.state, Unreachable("Host key verification failed.")
    with pytest.raises(Unreachable, match="verification"):
        await here.adopt()
    assert here.state == before
    assert not here.access.shells


@pytest.mark.parametrize(("code", "key"), [(1, HOST.line), (0, ""), (0, "ssh-rsa AAAA")])
async def test_odd_answer(code: int, key: str) -> None:
    """A machine that answers otherwise than agreed is not tagged."""
    here = place()
    here.login.exit_code, here.login.host_key = code, key
    with pytest.raises(AgentError, match="did not do what it was asked"):
        await here.adopt()
    assert here.cloud.tags == {"web"}


@pytest.mark.parametrize(
    ("shown", "failure", "kind", "words"),
    [
        (OTHER.line, None, HostKeyMismatch, "is not the one that 203.0.113.9 shows"),
        (HOST.line, KeyRefused("No."), KeyRefused, "PermitRootLogin"),
        (HOST.line, Unreachable("Timed out."), Unreachable, "Timed out."),
    ],
)
async def test_docklet_itself_can_not_get_in(
    shown: str, failure: DockletError | None, kind: type[DockletError], words: str
) -> None:
    """What no run could reach is not tagged, and how to take the key out again is told."""
    here = place()
    here.access.machine.shown_key = shown
    if failure is not None:
        here.access.machine.fail("true", failure)
    with pytest.raises(kind, match=words) as caught:
        await here.adopt()
    assert "`docklet adopt --undo 7`" in caught.value.message
    assert here.cloud.live[7].tags == ("web",)
    assert all(shell.closed for shell in here.access.shells)


@pytest.mark.parametrize("commit", [False, True])
async def test_tag_fails(*, commit: bool) -> None:
    """A tag that could not be put on is not left in the account."""
    here = place()
    here.cloud.fail("add_tag", DOWN, commit=commit)
    with pytest.raises(CloudError) as caught:
        await here.adopt()
    assert caught.value.message.startswith("The cloud is down. Nothing was tagged")
    assert here.cloud.tags == {"web"}
    assert here.cloud.live[7].tags == ("web",)


async def test_released() -> None:
    """Letting go leaves the account and the machine as they were; twice is once."""
    here = place()
    before = here.state
    await here.adopt()
    for _ in range(2):
        assert (await here.release()).left is None
        assert here.state == before


async def test_copy_keeps_its_tag() -> None:
    """A droplet with the same host key, made from a snapshot, stays adopted."""
    copy = make_droplet(droplet_id=8, name="web-2", tags=(HOST.tag,))
    here = place(WEB, copy)
    await here.adopt()
    await here.release()
    assert here.cloud.live[8] == copy
    assert here.cloud.live[7].tags == ("web",)
    assert HOST.tag in here.cloud.tags


@pytest.mark.parametrize(
    ("facts", "failure", "words"),
    [
        ({}, Unreachable("Nobody answers."), "Nobody answers"),
        ({"status": "off"}, None, "`off`, not `active`"),
        ({"address": ""}, None, "no public IPv4"),
        ({}, None, "did not do what it was asked"),
    ],
)
async def test_key_is_left(
    facts: dict[str, Any], failure: DockletError | None, words: str
) -> None:
    """The tag goes whether the machine lets anybody in or not; why the key is left is told."""
    tags = ("web", HOST.tag, OTHER.tag)
    here = place(make_droplet(**{"droplet_id": 7, "name": "web-1", "tags": tags, **facts}))
    here.login.failure, here.login.exit_code = failure, 2
    done = await here.release()
    assert done.left is not None
    assert words in done.left.message
    assert here.cloud.live[7].tags == ("web",)
    assert here.cloud.tags == {"web"}
