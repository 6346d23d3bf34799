"""Look at everything that docklet needs, in the ways in which a run will; create nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import CloudError, DockletError, ForgeError, GitError
from docklet.domain.firewall import SHARED, is_shared
from docklet.domain.outcome import Reason
from docklet.pipeline.world import together
from docklet.render.findings import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from docklet.ports import Cloud, Forge, Shell

OLDEST_GIT: Final = (2, 36)
"""The first git that takes every option of our git directory."""
_VERSION: Final = re.compile(rb"(\d+)\.(\d+)\S*")
_NO_GIT: Final = "git is missing. Install git 2.36 or newer."
_OLD_GIT: Final = "git is version {found}, which is too old. Install git 2.36 or newer."
_VALID: Final = (
    "It is valid. Whether it may create droplets and tags shows only in a run, before anything"
    " costs money; a token with custom scopes needs those that the README lists."
)
_DELETES: Final = "The token may delete droplets, and read and delete tags."
_NO_TAG: Final = "docklet-doctor"
"""A tag that docklet never makes."""
_FULL: Final = (
    "The account has {count} droplets and may have {limit}, so no run can start. Delete one, or"
    " ask DigitalOcean for a higher limit."
)
_NO_SIZES: Final = "DigitalOcean offers this account no size. Is the account active?"
_WALLED: Final = f"The firewall `{SHARED.name}` is there, and lets SSH in and nothing else."
_UNWALLED: Final = (
    f"There is no firewall `{SHARED.name}` yet. The first run makes it; a token with custom scopes"
    " needs `firewall:create` for that."
)
_READ_ONLY: Final = (
    "The token may read {name} and not push to it, so results can't be committed. Give it"
    " `contents: write`, or use `--push none`."
)


async def look_at_cloud(cloud: Cloud) -> tuple[Finding, ...]:
    """Try the token on everything that a run reads."""
    try:
        limit = await cloud.droplet_limit()
    except DockletError as error:
        return (missing("DIGITALOCEAN_TOKEN", error.message),)
    rest = await together(
        _looked("droplet limit", _room(cloud, limit)),
        _looked("sizes and images", _offers(cloud)),
        _looked("firewall", _wall(cloud)),
        _looked("cleaning up", _way_out(cloud)),
    )
    return (Finding(subject="DIGITALOCEAN_TOKEN", verdict=Verdict.OK, text=_VALID), *rest)


async def look_at_forge(
    forge: Forge, repository: str, may_push: Callable[[], Awaitable[bool]]
) -> tuple[Finding, ...]:
    """Try the token on the repository that one stands in."""
    return (await _looked("GITHUB_TOKEN", _repository(forge, repository, may_push)),)


async def look_at_machine(host: Shell, *, docker_trouble: str) -> tuple[Finding, ...]:
    """Look for the programs that are called."""
    ssh = await host.run(("ssh", "-V"))
    return (
        await _looked("git", _git(host)),
        _optional("Docker", docker_trouble, "It answers.", "Only `docklet local` needs it."),
        _optional(
            "ssh",
            "OpenSSH's `ssh` is missing (Debian and Ubuntu: `openssh-client`)."
            if ssh.exit_code
            else "",
            ssh.stderr.decode(errors="replace").strip(),
            "Only `docklet ssh` and `docklet adopt` need it.",
        ),
    )


def missing(subject: str, text: str) -> Finding:
    """Return a finding that keeps runs from working."""
    return Finding(subject=subject, verdict=Verdict.MISSING, text=text)


async def _looked(subject: str, look: Awaitable[str]) -> Finding:
    """Return what `look` says, or why it failed."""
    try:
        return Finding(subject=subject, verdict=Verdict.OK, text=await look)
    except DockletError as error:
        return missing(subject, error.message)


def _optional(subject: str, trouble: str, fine: str, need: str) -> Finding:
    """Return a finding about something that only one command needs."""
    if trouble:
        return Finding(subject=subject, verdict=Verdict.NOTE, text=f"{trouble} {need}")
    return Finding(subject=subject, verdict=Verdict.OK, text=fine)


async def _room(cloud: Cloud, limit: int) -> str:
    """Compare the account's droplets with its limit."""
    plain, gpus = await together(cloud.droplets(), cloud.gpu_droplets())
    count = len(plain) + len(gpus)
    if count >= limit:
        raise CloudError(_FULL.format(count=count, limit=limit), reason=Reason.QUOTA)
    return f"The account has {count} droplets and may have {limit}."


async def _offers(cloud: Cloud) -> str:
    """List what can be rented."""
    sizes, images = await together(cloud.sizes(), cloud.application_images())
    if not sizes:
        raise CloudError(_NO_SIZES, reason=Reason.UNAVAILABLE)
    return f"DigitalOcean offers {len(sizes)} sizes and {len(images)} images with applications."


async def _way_out(cloud: Cloud) -> str:
    """Make sure that what a run makes can be taken away; nothing is deleted that exists."""
    await together(cloud.check_deletion(), cloud.unused_tags(), cloud.delete_tag(_NO_TAG))
    return _DELETES


async def _wall(cloud: Cloud) -> str:
    """Look for the firewall that droplets are rented behind."""
    return _WALLED if is_shared(await cloud.firewalls()) else _UNWALLED


async def _repository(forge: Forge, name: str, may_push: Callable[[], Awaitable[bool]]) -> str:
    """Read the repository and ask whether it may be pushed to."""
    await forge.default_branch()
    if not await may_push():
        raise ForgeError(_READ_ONLY.format(name=name), reason=Reason.FORGE_DENIED)
    return f"It is valid, and may read {name} and push to it."


async def _git(host: Shell) -> str:
    """Ask git for its version."""
    done = await host.run(("git", "version"))
    version = _VERSION.search(done.stdout)
    if done.exit_code or version is None:
        raise GitError(_NO_GIT)
    found = version[0].decode()
    if (int(version[1]), int(version[2])) < OLDEST_GIT:
        raise GitError(_OLD_GIT.format(found=found))
    return f"It is version {found}."
