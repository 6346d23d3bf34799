"""Look before the leap: turn a `RunSpec` into a `Plan`, or refuse, with nothing created."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import ForgeGone, InvalidInputs, Problem
from docklet.domain.events import Noticed
from docklet.domain.firewall import is_shared
from docklet.domain.identity import Identity, slot_of
from docklet.domain.plan import (
    MARGIN,
    Image,
    Plan,
    check_quota,
    chosen_size,
    target_branch,
)
from docklet.domain.sizing import cheaper_sizes
from docklet.pipeline.existing import existing
from docklet.pipeline.placing import conversation
from docklet.pipeline.reap import MOST, expired, reap_expired
from docklet.pipeline.wall import wall_off
from docklet.pipeline.world import together

if TYPE_CHECKING:
    from docklet.domain.firewall import Firewall
    from docklet.domain.identity import RunKey
    from docklet.domain.plan import Size
    from docklet.domain.spec import RunSpec
    from docklet.domain.trigger import Trigger
    from docklet.pipeline.placing import Conversation
    from docklet.pipeline.world import World
    from docklet.ports import Cloud, Droplet, Forge

_PLAIN_UBUNTU: Final = "ubuntu-24-04-x64"
SWEEP: Final = 30.0
"""Seconds for which a run waits until the droplets that others left are gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What there is before a run."""

    sizes: tuple[Size, ...]
    limit: int
    """How many droplets the account may have."""
    droplets: tuple[Droplet, ...]
    """All that it has, GPU droplets included."""
    image: str | int
    """What the droplet would boot."""
    install_docker: bool
    sha: str
    """The commit that would run."""
    firewalls: tuple[Firewall, ...]
    """All that the account has; none for an existing droplet, which docklet walls off not."""
    talk: Conversation
    """Where the comment would go."""


async def prepare(spec: RunSpec, trigger: Trigger, key: RunKey, world: World) -> Plan:
    """Decide everything about a run.

    Also deletes droplets of ours that are past their deadline, since they are in the list that
    the quota check needs anyway. Raises `InvalidInputs`.
    """
    target_branch(spec, trigger)
    found = await survey(spec, trigger, world.cloud, world.forge)
    if found.talk.note:
        world.tell(Noticed(at=world.clock.now(), message=found.talk.note))
    plan = decide(spec, trigger, key, found, world.clock.now())
    gone = await reap_expired(found.droplets, world, patience=SWEEP, aside=world.aside)
    await _make_room(plan, found, len(gone), world)
    if plan.existing is None:
        await wall_off(found.firewalls, world)
    return plan


async def preview(
    spec: RunSpec, trigger: Trigger, key: RunKey, *, cloud: Cloud, forge: Forge, now: float
) -> Plan:
    """Decide what `prepare` would, and change nothing; droplets past their time count as gone."""
    target_branch(spec, trigger)
    found = await survey(spec, trigger, cloud, forge)
    plan = decide(spec, trigger, key, found, now)
    _check_room(plan, found, len(expired(found.droplets, now)[:MOST]))
    is_shared(found.firewalls)
    return plan


async def survey(spec: RunSpec, trigger: Trigger, cloud: Cloud, forge: Forge) -> Survey:
    """Look at everything that a plan depends on, at once."""
    sizes, limit, plain, gpus, (image, install), sha, firewalls, talk = await together(
        cloud.sizes(),
        cloud.droplet_limit(),
        cloud.droplets(),
        cloud.gpu_droplets(),
        _boot_image(spec, cloud),
        commit_of(spec, trigger, forge),
        _firewalls(spec, cloud),
        conversation(spec, trigger, forge),
    )
    return Survey(
        sizes=sizes,
        limit=limit,
        droplets=(*plain, *gpus),
        image=image,
        install_docker=install,
        sha=sha,
        firewalls=firewalls,
        talk=talk,
    )


def decide(spec: RunSpec, trigger: Trigger, key: RunKey, found: Survey, now: float) -> Plan:
    """Turn what was asked for and what there is into a plan; raise `InvalidInputs`."""
    size = chosen_size(spec, found.sizes)
    comparable = spec.droplet_image == "auto" and not (spec.droplet or spec.gpu)
    return Plan(
        spec=spec,
        trigger=trigger,
        identity=_identity(spec, trigger, key, now),
        size=size,
        cheaper=cheaper_sizes(size, found.sizes, spec.regions) if comparable else (),
        existing=existing(spec, found.droplets, now),
        image=found.image,
        install_docker=found.install_docker,
        branch=target_branch(spec, trigger),
        sha=found.sha,
        issue=found.talk.issue,
    )


async def _make_room(plan: Plan, found: Survey, gone: int, world: World) -> None:
    """Raise `InvalidInputs` when the account has no room; wait for some only if there is none."""
    try:
        _check_room(plan, found, gone)
    except InvalidInputs:
        if world.aside is None:
            raise
        _check_room(plan, found, gone + await world.aside.end(SWEEP))


def _check_room(plan: Plan, found: Survey, gone: int) -> None:
    """Raise `InvalidInputs` when the account has no room for the plan's droplet."""
    if plan.existing is None:
        check_quota(found.limit, len(found.droplets) - gone)


def _identity(spec: RunSpec, trigger: Trigger, key: RunKey, now: float) -> Identity:
    """Return how the run's droplet will say whose it is."""
    return Identity(
        key=key,
        slot=trigger.slot or slot_of(key),
        repository=trigger.repository,
        deadline=int(now) + spec.timeout + MARGIN,
    )


async def commit_of(spec: RunSpec, trigger: Trigger, forge: Forge) -> str:
    """Return the SHA to run; raise `InvalidInputs` when there is no such ref."""
    if not spec.ref:
        return trigger.sha
    try:
        return await forge.resolve(spec.ref)
    except ForgeGone as error:
        message = (
            f"There is no branch, tag or commit `{spec.ref}` in {trigger.repository}, or the token"
            " may not see it. Check the name, and push what is on your machine only."
        )
        raise InvalidInputs((Problem(name="ref", message=message),)) from error


async def _firewalls(spec: RunSpec, cloud: Cloud) -> tuple[Firewall, ...]:
    """Return the account's firewalls, if a droplet is to be rented behind one."""
    return () if spec.droplet else await cloud.firewalls()


async def _boot_image(spec: RunSpec, cloud: Cloud) -> tuple[str | int, bool]:
    """Return what the droplet boots and whether cloud-init has to install Docker."""
    if spec.droplet:
        return "", False
    if spec.droplet_image != "auto":
        return (await _named_image(spec, cloud)).boot, False
    images: tuple[Image, ...] = await cloud.application_images()
    fitting = [image for image in images if _fits(image, gpu=spec.gpu)]
    if fitting:
        return max(fitting, key=lambda image: image.created).boot, False
    return _PLAIN_UBUNTU, True


def _fits(image: Image, *, gpu: bool) -> bool:
    """Tell whether a 1-click image is the Docker one, or for GPU sizes the GPU base image."""
    if gpu:
        return image.slug.startswith("gpu-") and "base" in image.slug
    return image.slug.startswith("docker-")


async def _named_image(spec: RunSpec, cloud: Cloud) -> Image:
    """Return the image that the user named."""
    image = await cloud.find_image(spec.droplet_image)
    if image is None:
        message = (
            f"There is no image or snapshot `{spec.droplet_image}`. Give a slug such as"
            f" `{_PLAIN_UBUNTU}`, the id or name of a snapshot, or `auto`."
        )
        raise InvalidInputs((Problem(name="droplet-image", message=message),))
    return image
