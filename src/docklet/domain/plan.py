"""What a run will do and cost, decided before anything is created."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from docklet.domain import values
from docklet.domain.cost import cost_of, dollars
from docklet.domain.errors import InvalidInputs, Problem
from docklet.domain.outcome import Reason
from docklet.domain.place import Place
from docklet.domain.spec import Push

if TYPE_CHECKING:
    from collections.abc import Iterable

    from docklet.domain.adoption import HostKey
    from docklet.domain.identity import Identity, RunKey
    from docklet.domain.spec import RunSpec
    from docklet.domain.trigger import Trigger

MARGIN: Final = 30 * 60
"""Seconds that a run may take beside its script: boot, pull, collect, push, delete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A droplet size that the cloud offers."""

    slug: str
    price_hourly: Decimal
    """Dollars an hour."""
    vcpus: int
    memory: int
    """MiB."""
    disk: int
    """GiB."""
    regions: frozenset[str]
    """Slugs of the regions that have it."""
    available: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image that a droplet can boot."""

    image_id: int
    slug: str
    """Empty for snapshots."""
    name: str
    kind: str
    """`base`, `snapshot`, `custom`, ... as the API's `type` says."""
    created: str
    """ISO 8601 time."""

    @property
    def boot(self) -> str | int:
        """What a create call names it by."""
        return self.slug or self.image_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """A droplet that was there before the run and stays behind it."""

    droplet_id: int
    address: str
    known_by: RunKey | HostKey
    """The run that it was made for, from which its keys derive; an adopted one's host key."""
    until: int | None
    """Epoch second after which it is deleted, whoever runs on it; None for an adopted one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run, decided."""

    spec: RunSpec
    trigger: Trigger
    identity: Identity
    size: Size
    cheaper: tuple[Size, ...] = ()
    """Sizes that might do as well, cheapest first, with those of the run's regions they are in."""
    image: str | int
    """What the droplet boots: slug or id; empty for an existing droplet."""
    existing: Existing | None = None
    """The machine to run on, when it is not rented."""
    install_docker: bool = False
    """Whether cloud-init has to install Docker."""
    branch: str
    """Where results go; empty when they go nowhere."""
    sha: str
    """The commit that runs."""
    local: bool = False
    """Whether it runs on the user's own machine, which costs nothing and stays as it is."""
    issue: int | None = None
    """Number of the pull request or issue that is commented on; None for the commit's page."""

    @property
    def continues_branch(self) -> bool:
        """Whether what runs was the tip of `branch`, and not something from elsewhere."""
        return self.branch == self.trigger.branch and not self.spec.ref

    @property
    def place(self) -> Place:
        """Where the comment goes."""
        return Place(sha=self.trigger.sha, issue=self.issue)

    @property
    def worst_cost(self) -> Decimal:
        """Dollars for a run that takes all its time."""
        return cost_of(self.spec.timeout, self.size.price_hourly)

    @property
    def fallback_branch(self) -> str:
        """Where results go that cannot go to `branch`."""
        return results_branch(self.identity.key)


def results_branch(run: RunKey) -> str:
    """Return the branch that is a run's own."""
    return f"docklet/results-{run[:10]}"


def target_branch(spec: RunSpec, trigger: Trigger) -> str:
    """Return the branch for the results; raise `InvalidInputs` when nobody named one."""
    if spec.push is Push.NONE:
        return ""
    branch = spec.branch or trigger.branch
    if not branch:
        message = (
            "The event is about no branch (a tag, or a detached head), so results have nowhere to"
            " go. Name a branch, or set `push: none`."
        )
        raise InvalidInputs((Problem(name="branch", message=message),))
    return branch


def chosen_size(spec: RunSpec, sizes: Iterable[Size]) -> Size:
    """Return the size to rent; raise `InvalidInputs` when it is unknown, absent or too dear."""
    known = {size.slug: size for size in sizes}
    size = known.get(spec.size)
    if size is None:
        guess = values.suggestion(spec.size, known)
        message = f"DigitalOcean offers no size `{spec.size}`, so its price is unknown.{guess}"
        raise InvalidInputs((Problem(name="size", message=message),))
    problems = tuple(filter(None, (_absent(spec, size), _too_dear(spec, size))))
    if problems:
        raise InvalidInputs(problems, reason=_reason(problems))
    return size


def check_quota(limit: int, droplets: int) -> None:
    """Raise `InvalidInputs` when the account may have no further droplet."""
    if droplets >= limit:
        message = (
            f"The account has {droplets} droplets and may have {limit}. Delete one, wait for one"
            " of them to end, or ask DigitalOcean for a higher limit"
            " (https://cloud.digitalocean.com/account/team/droplet_limit_increase)."
        )
        raise InvalidInputs((Problem(name="size", message=message),), reason=Reason.QUOTA)


def _absent(spec: RunSpec, size: Size) -> Problem | None:
    """Return the problem that no region of the list has the size."""
    if size.available and size.regions & set(spec.regions):
        return None
    offered = ", ".join(f"`{slug}`" for slug in sorted(size.regions)) or "no region now"
    message = f"None of the regions named has `{size.slug}`. It is offered in {offered}."
    return Problem(name="region", message=message)


def _too_dear(spec: RunSpec, size: Size) -> Problem | None:
    """Return the problem that the worst case costs more than allowed."""
    worst = cost_of(spec.timeout, size.price_hourly)
    if spec.max_cost is None or worst <= spec.max_cost:
        return None
    message = (
        f"`{size.slug}` costs ${size.price_hourly} an hour, so a run of up to"
        f" {spec.timeout / 3600:.3g} h could cost {dollars(worst)}, which is more than"
        f" {dollars(spec.max_cost)}. Choose a smaller size, a shorter `timeout` or a higher limit."
    )
    return Problem(name="max-cost", message=message)


def _reason(problems: tuple[Problem, ...]) -> Reason:
    """Return the reason that describes all of `problems`."""
    only_region = all(problem.name == "region" for problem in problems)
    return Reason.UNAVAILABLE if only_region else Reason.INVALID_INPUT
