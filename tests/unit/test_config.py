"""What a command in a comment gets from the configuration, and what it may not have."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import pytest

from docklet.domain.command import PlanRun, Run
from docklet.domain.config import Bounds, Config, Permission, inputs_of, jobs_sentence
from docklet.domain.errors import InvalidCommand, InvalidInputs
from docklet.domain.inputs import INPUTS, parse
from docklet.domain.settable import SETTABLE, UNSETTABLE

REPORT: Final = {"script": "knit.R", "size": "s-4vcpu-8gb"}
FIT: Final = {"script": "fit.py", "timeout": "1h", "image": "python:3.13", "region": "ams3, lon1"}
CONFIG: Final = Config(
    jobs={"report": REPORT, "fit": FIT},
    defaults={"region": "fra1", "max-cost": "3"},
    bounds=Bounds(sizes=("c-8",), regions=("fra1",), images=("rocker/*", "python:3.1[0-3]")),
)


def only(bounds: Bounds, **job: str) -> Config:
    """Return a configuration with one job."""
    texts = {name.replace("_", "-"): text for name, text in job.items()}
    return Config(jobs={"job": {"script": "a.R"} | texts}, bounds=bounds)


def problems(config: Config, **inputs: str) -> dict[str, str]:
    """Return what is wrong with a command that sets these inputs of the only job, by input."""
    texts = {name.replace("_", "-"): text for name, text in inputs.items()}
    job = "fit" if "fit" in config.jobs else ""
    with pytest.raises(InvalidInputs) as caught:
        inputs_of(config, Run(job=job, inputs=texts))
    return {problem.name: problem.message for problem in caught.value.problems}


def test_command_before_job_before_defaults() -> None:
    """What is said last counts."""
    found = inputs_of(CONFIG, Run(job="fit", inputs={"timeout": "2h", "args": "a"}))
    assert found == {**FIT, "timeout": "2h", "args": "a", "max-cost": "3"}
    assert inputs_of(CONFIG, PlanRun(job="report"))["region"] == "fra1"


def test_result_is_what_the_action_takes() -> None:
    """The inputs of a command are held to the rules of the action's inputs."""
    spec = parse(inputs_of(CONFIG, Run(job="report")), needs_cloud=False)
    assert (spec.script, spec.size, spec.max_cost) == ("knit.R", "s-4vcpu-8gb", Decimal(3))


def test_commands_have_a_bound_on_cost_by_default() -> None:
    """Nobody has to think of it."""
    assert inputs_of(only(Bounds()), Run())["max-cost"] == "5"
    assert "max-cost" not in inputs_of(only(Bounds(max_cost=None)), Run())


@pytest.mark.parametrize(
    ("bound", "job", "command", "lowest"),
    [
        ("5", "", "", "5"),
        ("5", "7", "", "5"),
        ("5", "3", "", "3"),
        ("5", "3", "0.50", "0.50"),
        ("5", "", "$2.5", "2.5"),
    ],
)
def test_lowest_cost_counts(bound: str, job: str, command: str, lowest: str) -> None:
    """Of bound, job and command the lowest cost counts."""
    config = only(Bounds(max_cost=Decimal(bound)), max_cost=job)
    found = inputs_of(config, Run(inputs={"max-cost": command} if command else {}))
    assert found["max-cost"] == lowest


@pytest.mark.parametrize("job", ["", "3"])
def test_command_can_only_lower_the_cost(job: str) -> None:
    """A command that asks for more than the bound, or the job, is told how much there is."""
    assert f"${job or 5}" in problems(only(Bounds(), max_cost=job), max_cost="6")["max-cost"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", "c-8"),
        ("size", "s-2vcpu-4gb"),
        ("region", "fra1"),
        ("region", "fra1,ams3"),
        ("region", "lon1"),
        ("image", "rocker/verse:4"),
        ("image", "python:3.12"),
        ("image", "python:3.13"),
    ],
)
def test_within_bounds(name: str, value: str) -> None:
    """What a list allows, and what the job has anyway, can be chosen."""
    assert inputs_of(CONFIG, Run(job="fit", inputs={name: value}))[name] == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", "gpu-h100x1-80gb"),
        ("size", "c-80"),
        ("size", "C-8"),
        ("region", "nyc3"),
        ("region", "fra1,nyc3"),
        ("image", "evil/rocker/verse"),
        ("image", "rockerx/verse"),
        ("image", "python:3.14"),
        ("image", "python:3.13-slim"),
        ("image", "docker.io/rocker/verse"),
    ],
)
def test_out_of_bounds(name: str, value: str) -> None:
    """What no list allows is refused, and the message says what is allowed."""
    told = problems(CONFIG, **{name: value})
    assert list(told) == [name]
    assert "is not allowed" in told[name]
    assert f"`commands.{name}s`" in told[name]


@pytest.mark.parametrize("name", ["size", "region", "image"])
def test_without_lists_nothing_can_be_chosen(name: str) -> None:
    """A file that says nothing about sizes, regions and images leaves them as the job has them."""
    other = {"size": "c-8", "region": "fra1", "image": "python:3"}
    assert "is not allowed" in problems(only(Bounds()), **{name: other[name]})[name]


@pytest.mark.parametrize(("name", "own"), [("size", "c-2"), ("region", "lon1"), ("image", "x/y")])
def test_what_the_job_has_can_be_said_again(name: str, own: str) -> None:
    """The job's own value is within bounds, lists or no lists."""
    config = only(Bounds(), **{name: own})
    assert inputs_of(config, Run(inputs={name: own}))[name] == own


@pytest.mark.parametrize("name", sorted({item.name for item in INPUTS} - SETTABLE))
def test_other_inputs_are_not_a_commands(name: str) -> None:
    """By default a command sets nothing that widens what its job does."""
    told = problems(CONFIG, **{name: "x"})
    assert name in told
    assert "can set it" in told[name] or "may not set it" in told[name]


@pytest.mark.parametrize("name", sorted(UNSETTABLE))
def test_some_inputs_are_never_a_commands(name: str) -> None:
    """Tokens, the commit, machines and keys can't be set, whatever the bounds say."""
    config = only(Bounds(inputs=frozenset({name})))
    told = problems(config, **{name: "CANARY"})
    assert told[name].startswith("No command can set it.")
    assert "CANARY" not in told[name]


def test_bounds_can_allow_more() -> None:
    """An input that the file lists can be set."""
    config = only(Bounds(inputs=frozenset({"script"})))
    assert inputs_of(config, Run(inputs={"script": "b.R"}))["script"] == "b.R"
    assert "`commands.inputs` allows `script`" in problems(config, args="a")["args"]


def test_every_settable_input_exists() -> None:
    """The two lists name inputs of the action, and none twice."""
    names = {item.name for item in INPUTS}
    assert names >= SETTABLE | set(UNSETTABLE)
    assert not SETTABLE & set(UNSETTABLE)


def test_all_problems_at_once() -> None:
    """Bounds, unknown names and values that can't be read are told together, once each."""
    told = problems(CONFIG, size="c-80", timeout="soon", imgae="a", env="A=b", args="a")
    assert set(told) == {"size", "timeout", "imgae", "env"}
    assert "Did you mean `image`?" in told["imgae"]


def test_the_only_job_needs_no_name() -> None:
    """One job is the one that is meant."""
    assert inputs_of(only(Bounds()), Run())["script"] == "a.R"


def test_the_job_called_default_needs_no_name() -> None:
    """Of several jobs `default` is the one that is meant."""
    config = Config(jobs={"report": REPORT, "default": FIT})
    assert inputs_of(config, Run())["script"] == "fit.py"
    assert inputs_of(config, Run(job="report"))["script"] == "knit.R"


@pytest.mark.parametrize(
    ("config", "job", "parts"),
    [
        (CONFIG, "", ("Say which job", "`report`, `fit`")),
        (CONFIG, "rport", ("`rport`", "Did you mean `report`?", "`report`, `fit`")),
        (CONFIG, "xyzzy", ("`xyzzy`. The jobs are: `report`, `fit`",)),
        (Config(), "", ("names no job",)),
        (Config(), "report", ("`report`", "names no job")),
    ],
)
def test_jobs_that_are_not_there(config: Config, job: str, parts: tuple[str, ...]) -> None:
    """An unknown job is answered with the nearest one and the list."""
    with pytest.raises(InvalidCommand) as caught:
        inputs_of(config, Run(job=job))
    assert [part for part in parts if part not in caught.value.message] == []


def test_jobs_sentence() -> None:
    """Whoever asks for help learns which jobs there are."""
    assert jobs_sentence(CONFIG) == "The jobs are: `report`, `fit`."
    assert "`.github/docklet.yml`" in jobs_sentence(Config())


def test_defaults_are_safe() -> None:
    """Without a file nobody below write, no fork, and no large sum gets through."""
    bounds = Config().bounds
    assert (bounds.permission, bounds.forks) == (Permission.WRITE, False)
    assert (bounds.max_cost, bounds.max_cost_month) == (Decimal(5), Decimal(50))
    assert bounds.concurrent == 2
