"""Look before the leap: turn a `RunSpec` into a `Plan`, or refuse, with nothing created."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.domain.errors import InvalidInputs, Problem
from docklet.domain.identity import Identity, identity_of, slot_of
from docklet.domain.plan import (
    MARGIN,
    Existing,
    Image,
    Plan,
    check_quota,
    chosen_size,
    target_branch,
)
from docklet.pipeline.reap import reap_expired
from docklet.pipeline.world import together

if TYPE_CHECKING:
    from docklet.domain.identity import RunKey
    from docklet.domain.plan import Size
    from docklet.domain.spec import RunSpec
    from docklet.domain.trigger import Trigger
    from docklet.pipeline.world import World
    from docklet.ports import Droplet

_PLAIN_UBUNTU: Final = "ubuntu-24-04-x64"
_NO_DROPLET: Final = Problem(
    name="droplet",
    message=(
        "There is no droplet with this id or name. `docklet ls` shows the ones that docklet made."
    ),
)
_FOREIGN_DROPLET: Final = Problem(
    name="droplet",
    message=(
        "docklet did not make this droplet, so it can't know its host key and does not connect."
        " Keep one of docklet's with `keep: always` and name that."
    ),
)


async def prepare(spec: RunSpec, trigger: Trigger, key: RunKey, world: World) -> Plan:
    """Decide everything about a run.

    Also deletes droplets of ours that are past their deadline, since they are in the list that
    the quota check needs anyway. Raises `InvalidInputs`.
    """
    branch = target_branch(spec, trigger)
    found = await together(
        world.cloud.sizes(),
        world.cloud.droplet_limit(),
        world.cloud.droplets(),
        world.cloud.gpu_droplets(),
        _boot_image(spec, world),
        _commit(spec, trigger, world),
    )
    sizes, limit, plain, gpus, (image, install), sha = found
    size: Size = chosen_size(spec, sizes)
    gone = await reap_expired((*plain, *gpus), world)
    if not spec.droplet:
        check_quota(limit, len(plain) + len(gpus) - len(gone))
    return Plan(
        spec=spec,
        trigger=trigger,
        identity=_identity(spec, trigger, key, world.clock.now()),
        size=size,
        existing=existing(spec, (*plain, *gpus)),
        image=image,
        install_docker=install,
        branch=branch,
        sha=sha,
    )


def existing(spec: RunSpec, droplets: tuple[Droplet, ...]) -> Existing | None:
    """Return the droplet that the user named by id or name; raise `InvalidInputs` without one."""
    if not spec.droplet:
        return None
    for droplet in droplets:
        if spec.droplet in {str(droplet.droplet_id), droplet.name}:
            return _usable(droplet)
    raise InvalidInputs((_NO_DROPLET,))


def _usable(droplet: Droplet) -> Existing:
    """Return a named droplet, if its host key is one that we can know."""
    identity = identity_of(droplet.name, droplet.tags)
    if identity is None:
        raise InvalidInputs((_FOREIGN_DROPLET,))
    return Existing(droplet_id=droplet.droplet_id, address=droplet.address, owner=identity.key)


def _identity(spec: RunSpec, trigger: Trigger, key: RunKey, now: float) -> Identity:
    """Return how the run's droplet will say whose it is."""
    return Identity(
        key=key,
        slot=trigger.slot or slot_of(key),
        repository=trigger.repository,
        deadline=int(now) + spec.timeout + MARGIN,
    )


async def _commit(spec: RunSpec, trigger: Trigger, world: World) -> str:
    """Return the SHA to run."""
    return await world.forge.resolve(spec.ref) if spec.ref else trigger.sha


async def _boot_image(spec: RunSpec, world: World) -> tuple[str | int, bool]:
    """Return what the droplet boots and whether cloud-init has to install Docker."""
    if spec.droplet:
        return "", False
    if spec.droplet_image != "auto":
        return (await _named_image(spec, world)).boot, False
    images: tuple[Image, ...] = await world.cloud.application_images()
    fitting = [image for image in images if _fits(image, gpu=spec.gpu)]
    if fitting:
        return max(fitting, key=lambda image: image.created).boot, False
    return _PLAIN_UBUNTU, True


def _fits(image: Image, *, gpu: bool) -> bool:
    """Tell whether a 1-click image is the Docker one, or for GPU sizes the GPU base image."""
    if gpu:
        return image.slug.startswith("gpu-") and "base" in image.slug
    return image.slug.startswith("docker-")


async def _named_image(spec: RunSpec, world: World) -> Image:
    """Return the image that the user named."""
    image = await world.cloud.find_image(spec.droplet_image)
    if image is None:
        message = (
            f"There is no image or snapshot `{spec.droplet_image}`. Give a slug such as"
            f" `{_PLAIN_UBUNTU}`, the id or name of a snapshot, or `auto`."
        )
        raise InvalidInputs((Problem(name="droplet-image", message=message),))
    return image
