"""Inputs become a job, or sentences that say what is wrong with them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from docklet.domain.errors import InvalidInputs
from docklet.domain.inputs import INPUTS, parse, secrets_of
from docklet.domain.secret import Secret
from docklet.domain.spec import Keep, Push, RunSpec, Submodules

LEAST = {"script": "knit.R", "digitalocean-token": "t"}


def parsed(**inputs: str) -> RunSpec:
    """Parse the least inputs and these; underscores stand for dashes."""
    return parse(LEAST | {name.replace("_", "-"): text for name, text in inputs.items()})


def problems(**inputs: str) -> dict[str, str]:
    """Return the problems of the least inputs and these, by input."""
    with pytest.raises(InvalidInputs) as caught:
        parsed(**inputs)
    return {problem.name: problem.message for problem in caught.value.problems}


def test_least_inputs() -> None:
    """A script and a token are enough; everything else has a default."""
    spec = parsed()
    assert spec.image == "rocker/verse"
    assert spec.argv == ("Rscript", "./knit.R")
    assert (spec.size, spec.regions, spec.timeout) == ("s-2vcpu-4gb", ("nyc3",), 18000)
    assert (spec.push, spec.keep, spec.paths) == (Push.BRANCH, Keep.NEVER, (".",))


def test_all_inputs() -> None:
    """Every input reaches its field."""
    spec = parsed(
        path="inst/examples/",
        image="ghcr.io/o/n:1.2",
        registry_username="u",
        registry_password="p",
        size="c-4",
        region="fra1, ams3",
        args="--fast\ntwo words\n",
        env="A=1\nB=x=y\n",
        ref="v1.0",
        fetch_depth="0",
        submodules="recursive",
        lfs="true",
        push="pull-request",
        branch="results",
        paths="out\nfigures/\n",
        timeout="1h30m",
        max_cost="$2.50",
        keep="on-failure",
        keep_for="90m",
        droplet_image="my snapshot",
    )
    assert spec.path == "inst/examples"
    assert spec.registry is not None
    assert spec.registry.password.reveal() == "p"
    assert spec.regions == ("fra1", "ams3")
    assert spec.argv == ("Rscript", "./knit.R", "--fast", "two words")
    assert spec.env == {"A": Secret("1"), "B": Secret("x=y")}
    assert (spec.ref, spec.fetch_depth, spec.lfs) == ("v1.0", 0, True)
    assert spec.submodules is Submodules.RECURSIVE
    assert spec.paths == ("out", "figures")
    assert (spec.timeout, spec.keep_for) == (5400, 5400)
    assert spec.max_cost == Decimal("2.50")


@pytest.mark.parametrize(
    ("script", "first", "image"),
    [
        ("a.R", "Rscript", "rocker/verse"),
        ("a.Rmd", "Rscript", "rocker/verse"),
        ("a.qmd", "quarto", "rocker/verse"),
        ("a.py", "python", "python:3"),
        ("a.ipynb", "jupyter", "quay.io/jupyter/scipy-notebook"),
        ("a.jl", "julia", "julia"),
        ("a.sh", "bash", "ubuntu"),
    ],
)
def test_interpreters(script: str, first: str, image: str) -> None:
    """The extension says what runs a script and which image holds that."""
    spec = parsed(script=script)
    assert (spec.argv[0], spec.image) == (first, image)


def test_own_interpreter_and_shebang() -> None:
    """An interpreter of one's own is split as a shell would; without one the file runs itself."""
    spec = parsed(script="a", image="busybox", interpreter="bash -e 'x y'", args="1")
    assert spec.argv == ("bash", "-e", "x y", "./a", "1")
    assert parsed(script="a", image="busybox").argv == ("./a",)


def test_actor_stands_in() -> None:
    """`github:ACTOR` is whoever asked; a bot has no keys, and nobody has none."""
    keys = {**LEAST, "ssh-keys": "github:ACTOR\nssh-ed25519 AAAA me"}
    assert parse(keys, actor="ada").ssh_keys == ("github:ada", "ssh-ed25519 AAAA me")
    assert parse(keys, actor="dependabot[bot]").ssh_keys == ("ssh-ed25519 AAAA me",)
    assert parse(LEAST, actor="ada").ssh_keys == ("github:ada",)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("script", "/etc/passwd"),
        ("script", "a/../../b"),
        ("script", ".git/config"),
        ("path", "a\\b"),
        ("image", "--privileged"),
        ("image", "UPPER"),
        ("size", "-x"),
        ("region", "nyc3;rm"),
        ("timeout", "6h"),
        ("timeout", "0"),
        ("keep_for", "25h"),
        ("max_cost", "-1"),
        ("max_cost", "NaN"),
        ("fetch_depth", "-1"),
        ("lfs", "yes"),
        ("branch", "-x"),
        ("branch", "a b"),
        ("branch", "x.lock"),
        ("env", "A B=1"),
        ("env", "novalue"),
        ("ssh_keys", "rsa nonsense"),
        ("interpreter", "'open"),
        ("registry_username", "u"),
        ("droplet", "-rf"),
        ("comment", "everywhere"),
        ("registy", "x"),
    ],
)
def test_wrong(name: str, text: str) -> None:
    """Each wrong input is refused in a whole sentence that names it."""
    found = problems(**{name: text})
    expected = "registry-password" if name == "registry_username" else name.replace("_", "-")
    assert list(found) == [expected]
    assert found[expected].endswith(".") or found[expected].endswith("?")


def test_unknown_input_is_guessed() -> None:
    """A misspelt input names the one that was meant."""
    assert "`timeout`" in problems(timout="5h")["timout"]


def test_all_problems_at_once() -> None:
    """Problems are collected, not raised one by one."""
    assert len(problems(size="!", region="!", keep="!", timeout="!")) == 4


def test_missing_token() -> None:
    """Without a token the message says why secrets may be missing; a local run needs none."""
    with pytest.raises(InvalidInputs, match="fork"):
        parse({"script": "a.sh"})
    assert parse({"script": "a.sh"}, needs_cloud=False).script == "a.sh"


def test_secrets() -> None:
    """Tokens, the registry's password and every variable's value are secrets."""
    raw = {"digitalocean-token": "d", "github-token": "g", "registry-password": "r", "env": "A=e"}
    assert {secret.reveal() for secret in secrets_of(raw)} == {"d", "g", "r", "e"}
    assert "e" not in repr(secrets_of(raw)).replace("Secret", "")


def test_documented_order() -> None:
    """No input is named twice."""
    names = [item.name for item in INPUTS]
    assert len(set(names)) == len(names)
