"""What `.github/docklet.yml` says, and which inputs a command in a comment gets from it.

The file is read from the default branch only, so whoever may change it may as well change the
workflows. A comment chooses among what the file allows and widens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from docklet.domain import bounds, values
from docklet.domain.address import refuse
from docklet.domain.errors import InvalidInputs, Problem
from docklet.domain.inputs import parse
from docklet.domain.settable import SETTABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet.domain.command import PlanRun, Run


CONFIG_PATH: Final = ".github/docklet.yml"
"""Where the file is in a repository."""
MAX_COST: Final = Decimal(5)
"""Dollars that a run from a comment may cost unless the file says otherwise."""
MAX_COST_MONTH: Final = Decimal(50)
"""Dollars that all runs from comments may cost in a month unless the file says otherwise."""
CONCURRENT: Final = 2
"""Runs from comments that may go on at a time unless the file says otherwise."""


class Permission(StrEnum):
    """What somebody may do in the repository, the least first."""

    WRITE = "write"
    MAINTAIN = "maintain"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What commands in comments may do."""

    permission: Permission = Permission.WRITE
    """What a person must at least be allowed to do in the repository to give commands."""
    users: tuple[str, ...] = ()
    """Lower-case logins. If there are any users or teams, a person must *also* be one of them."""
    teams: tuple[str, ...] = ()
    """Lower-case `organisation/slug`. As with users: they narrow `permission`, never widen it."""
    sizes: tuple[str, ...] = ()
    """Size slugs that a command may choose; none means only what the job says."""
    regions: tuple[str, ...] = ()
    """Region slugs that a command may choose; none means only what the job says."""
    images: tuple[str, ...] = ()
    """Patterns (`*`, `?`, `[...]`) of whole image references that a command may choose."""
    max_cost: Decimal | None = MAX_COST
    """Dollars that one run may cost in the worst case; None for no bound."""
    max_cost_month: Decimal | None = MAX_COST_MONTH
    """Dollars that all runs may cost in a calendar month; None for no bound."""
    concurrent: int | None = CONCURRENT
    """Runs that may go on at a time; None for no bound."""
    forks: bool = False
    """Whether commits of forks may be run."""
    inputs: frozenset[str] = SETTABLE
    """Inputs that a command may set; `domain/settable.py` says which by default, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole file; without a file there are no jobs and the bounds of the defaults."""

    jobs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The text of each job's inputs, by the job's name."""
    defaults: Mapping[str, str] = field(default_factory=dict)
    """The text of inputs that every job has unless it says otherwise."""
    bounds: Bounds = field(default_factory=Bounds)
    """What commands may do."""


def inputs_of(config: Config, command: Run | PlanRun) -> Mapping[str, str]:
    """Return the text of all inputs of the job that `command` asks for, without any token.

    The command goes before the job, the job before the defaults; `max-cost` is the lowest of
    the three and of the bound. The only job, or the one called `default`, needs no name. `ref`
    is never in it: the caller knows the commit. Raises `InvalidCommand` for a job that is not
    there, and `InvalidInputs` with everything that is wrong with the inputs, by name.
    """
    own = {**config.defaults, **config.jobs[_job_name(config, command.job)]}
    problems = [*bounds.breaches(config.bounds, command.inputs, own)]
    texts = {**own, **command.inputs}
    most = bounds.lowest_cost(
        config.bounds, own.get("max-cost", ""), command.inputs.get("max-cost", "")
    )
    told = {problem.name for problem in problems}
    problems += [problem for problem in _unreadable(texts) if problem.name not in told]
    if problems:
        raise InvalidInputs(tuple(problems))
    return texts if most is None else {**texts, "max-cost": f"{most:f}"}


def jobs_sentence(config: Config) -> str:
    """Say which jobs there are."""
    if not config.jobs:
        return f"`{CONFIG_PATH}` on the default branch names no job."
    return f"The jobs are: {', '.join(f'`{name}`' for name in config.jobs)}."


def _job_name(config: Config, name: str) -> str:
    """Return the name of the job that is meant."""
    if name and name not in config.jobs:
        nearest = values.suggestion(name, config.jobs)
        refuse(f"There is no job `{values.shown(name)}`.{nearest} {jobs_sentence(config)}")
    if not name and "default" not in config.jobs and len(config.jobs) != 1:
        refuse(f"Say which job, as in `/docklet run JOB`. {jobs_sentence(config)}")
    return name or ("default" if "default" in config.jobs else next(iter(config.jobs)))


def _unreadable(texts: Mapping[str, str]) -> tuple[Problem, ...]:
    """Return what the rules of the action's inputs say to a job."""
    try:
        parse(texts, needs_cloud=False)
    except InvalidInputs as error:
        return error.problems
    return ()
