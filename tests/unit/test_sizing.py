"""A smaller size is named only where it would have done as well."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from docklet.domain.outcome import Outcome, Reason, Stretch, Usage
from docklet.domain.plan import Plan, Size
from docklet.domain.sizing import FEWEST, cheaper_sizes, family, would_have_done
from docklet.render.bill import bill
from tests.builders import START, make_outcome, make_plan, make_progress, make_size

if TYPE_CHECKING:
    from docklet.domain.progress import Progress

GIB = 1 << 30
REGIONS = frozenset({"nyc3", "fra1"})


def size(slug: str, vcpus: int, memory: int, price: str, **overrides: object) -> Size:
    """Return a size with so many GiB of memory."""
    fields = {"disk": 80, "regions": REGIONS, **overrides}
    return make_size(
        slug=slug, vcpus=vcpus, memory=memory * 1024, price_hourly=Decimal(price), **fields
    )


SIZES = (
    size("s-8vcpu-16gb", 8, 16, "0.14286"),
    size("s-4vcpu-8gb", 4, 8, "0.07143"),
    size("s-2vcpu-4gb", 2, 4, "0.03571"),
    size("s-1vcpu-2gb", 1, 2, "0.01786"),
)
LARGE = SIZES[0]


def plan_for(chosen: Size = LARGE, sizes: tuple[Size, ...] = SIZES) -> Plan:
    """Return a plan for a size among others."""
    return make_plan(size=chosen, cheaper=cheaper_sizes(chosen, sizes, ("nyc3", "fra1")))


def used(*, busiest: float = 0.12, memory: float = 1.9, disk: float = 5, count: int = 60) -> Usage:
    """Return an even use of a machine, memory and disk in GiB."""
    amounts = {"memory": int(memory * GIB), "disk": int(disk * GIB)}
    stretches = tuple(
        Stretch(until=5.0 * at, cpu=busiest / 2, busiest=busiest, **amounts)
        for at in range(1, count + 1)
    )
    return Usage(
        peak_memory=amounts["memory"],
        peak_disk=amounts["disk"],
        mean_cpu=busiest,
        stretches=stretches,
    )


@pytest.mark.parametrize(
    ("usage", "slug"),
    [
        (used(), "s-2vcpu-4gb"),
        (used(memory=1.0), "s-1vcpu-2gb"),
        (used(memory=1.7), "s-2vcpu-4gb"),
        (used(memory=3.3), "s-4vcpu-8gb"),
        (used(memory=6.5), None),
        (used(memory=1.0, busiest=0.13), "s-1vcpu-2gb"),
        (used(memory=1.0, busiest=0.14), "s-2vcpu-4gb"),
        (used(busiest=0.5), "s-4vcpu-8gb"),
        (used(busiest=1.0), None),
        (used(disk=70), None),
        (used(count=FEWEST), "s-2vcpu-4gb"),
        (used(count=FEWEST - 1), None),
        (Usage(), None),
    ],
)
def test_cheapest_that_would_have_done(usage: Usage, slug: str | None) -> None:
    """Memory and disk with room to spare, and processors enough for what they had to do."""
    found = would_have_done(plan_for(), usage, "nyc3")
    assert (found.slug if found else None) == slug


def test_a_short_peak_is_no_obstacle_and_a_long_one_is() -> None:
    """Fewer processors may make the script a twentieth slower, and not more."""
    calm, busy = used(), used(busiest=1.0).stretches[0]
    for count, slug in ((1, "s-2vcpu-4gb"), (3, "s-4vcpu-8gb"), (4, None)):
        usage = replace(calm, stretches=(busy,) * count + calm.stretches[count:])
        found = would_have_done(plan_for(), usage, "nyc3")
        assert (found.slug if found else None) == slug


def test_a_size_of_another_region_is_not_named() -> None:
    """What the run's region does not offer would not have done."""
    elsewhere = replace(SIZES[2], regions=frozenset({"fra1"}))
    plan = plan_for(sizes=(*SIZES[:2], elsewhere, SIZES[3]))
    found = [would_have_done(plan, used(), region) for region in ("fra1", "nyc3", "")]
    assert [one.slug if one else None for one in found] == ["s-2vcpu-4gb", "s-4vcpu-8gb", None]


def test_only_sizes_of_the_same_family_count() -> None:
    """Another kind or maker of processor might be slower, and a full or tiny one can't be had."""
    others = (
        size("c-2", 2, 4, "0.06"),
        size("s-2vcpu-4gb-amd", 2, 4, "0.04"),
        size("s-2vcpu-4gb-120gb-intel", 2, 4, "0.04"),
        size("s-2vcpu-2gb", 2, 2, "0.03", available=False),
        size("s-1vcpu-1gb", 1, 1, "0.01", disk=10),
        size("s-1vcpu-3gb", 1, 3, "0.02", regions=frozenset({"ams3"})),
    )
    found = cheaper_sizes(LARGE, (*SIZES, *others), ("nyc3",))
    assert [one.slug for one in found] == ["s-1vcpu-2gb", "s-2vcpu-4gb", "s-4vcpu-8gb"]
    assert {one.regions for one in found} == {frozenset({"nyc3"})}


@pytest.mark.parametrize(
    ("slug", "kind"),
    [
        ("s-2vcpu-4gb", ("s", "")),
        ("s-2vcpu-4gb-120gb-intel", ("s", "intel")),
        ("c-4-intel", ("c", "intel")),
        ("so1_5-2vcpu-16gb", ("so1_5", "")),
        ("g-2vcpu-8gb-amd", ("g", "amd")),
        ("odd", ("odd", "")),
    ],
)
def test_families(slug: str, kind: tuple[str, str]) -> None:
    """A slug begins with the kind of machine and ends with the maker, if one is named."""
    assert family(slug) == kind


def told(reason: Reason = Reason.DONE, *, seconds: float = 723, usage: Usage | None = None) -> str:
    """Return the bill of a run on the large size."""
    outcome: Outcome = make_outcome(reason=reason, usage=usage or used(), cost=None)
    progress: Progress = make_progress(
        outcome=outcome, plan=plan_for(), droplet_created=START, droplet_gone=START + seconds
    )
    return bill(progress, START + seconds)


def test_advice_is_one_clause() -> None:
    """The bill says what it cost, what was used and what would have done, for how much."""
    assert told() == (
        "`s-8vcpu-16gb` for 12m 03s: $0.03, at $0.14286 an hour; peak memory 1.9 GiB, mean CPU"
        " 12%, peak disk 5.0 GiB: `s-2vcpu-4gb` would have done for $0.01"
    )


def test_no_advice_where_nothing_is_saved() -> None:
    """A run that cost a cent can't have been cheaper."""
    assert "would have done" not in told(seconds=200)


@pytest.mark.parametrize("reason", [Reason.SCRIPT_EXIT, Reason.TIMED_OUT, Reason.CANCELLED])
def test_no_advice_from_half_a_run(reason: Reason) -> None:
    """A script that did not get to its end says nothing about what it needs."""
    assert "would have done" not in told(reason)
    assert "would have done" in told(Reason.PUSHED_ELSEWHERE)
