"""What a run would do and cost, and what a run on this machine would have committed."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from docklet.domain.cost import dollars
from docklet.domain.spec import Keep, Push
from docklet.render.bill import price
from docklet.render.inline import printable
from docklet.render.table import table
from docklet.render.units import amount, duration

if TYPE_CHECKING:
    from docklet.domain.outcome import Published
    from docklet.domain.plan import Plan

_MIB: Final = 1024 * 1024


def plan_text(plan: Plan) -> str:
    """Return a plan as aligned lines, one for each decision."""
    spec = plan.spec
    branch = plan.trigger.branch or "(none)"
    rows = [
        ("Repository", plan.trigger.repository),
        ("Commit", plan.sha),
        ("Branch", branch if not spec.ref else f"{branch}, but {spec.ref} is checked out"),
        ("Script", shlex.join(spec.argv)),
        ("Directory", spec.path),
        ("Image", spec.image),
        *_machine(plan),
        ("Time limit", duration(spec.timeout)),
        ("Cost", _cost(plan)),
        ("Results", _results(plan)),
    ]
    return table(rows)


def would_commit(published: Published) -> str:
    """Return the paths that a run on this machine would have committed."""
    if not published.changed:
        return "Nothing would be committed."
    paths = [f"  {printable(path)}" for path in published.changed]
    paths += [f"  and {published.more_changed} more"] if published.more_changed else []
    left = [f"  {printable(one.path)}: {printable(one.reason)}" for one in published.left_out]
    more = sum(one.more for one in published.left_out)
    left += [f"  and {more} more"] if more else []
    return "\n".join(
        (
            "This would be committed; `--push` commits and pushes it:",
            *paths,
            *(("This would be left out:", *left) if left else ()),
        )
    )


def _machine(plan: Plan) -> list[tuple[str, str]]:
    """Return what is said about the machine."""
    size = plan.size
    if plan.existing is not None:
        where = f"the existing droplet {plan.existing.droplet_id}, at {plan.existing.address}"
        return [("Machine", where)]
    memory = amount(size.memory * _MIB)
    boot = f"{plan.image}{', with Docker installed at first' if plan.install_docker else ''}"
    return [
        ("Size", f"{size.slug}: {size.vcpus} vCPUs, {memory} of memory, {size.disk} GB of disk"),
        ("Price", price(size.price_hourly)),
        ("Region", ", else ".join(plan.spec.regions)),
        ("Boot image", boot),
    ]


def _cost(plan: Plan) -> str:
    """Return the most that the run can cost, as far as it is known."""
    if plan.existing is not None:
        return "nothing beyond what the droplet costs anyway"
    worst = f"at most {dollars(plan.worst_cost)}, if the script takes all its time"
    if plan.spec.keep is Keep.NEVER:
        return worst
    when = "if it fails, " if plan.spec.keep is Keep.ON_FAILURE else ""
    return f"{worst}; {when}the droplet is kept for another {duration(plan.spec.keep_for)}"


def _results(plan: Plan) -> str:
    """Return where results go, and where else if that can't be."""
    match plan.spec.push:
        case Push.NONE:
            return "not pushed: an archive in the current directory"
        case Push.BRANCH:
            return f"branch {plan.branch}, else {plan.fallback_branch}"
        case Push.PULL_REQUEST:
            return f"a pull request to {plan.branch} from {plan.fallback_branch}"
