"""Tokens of one run, searched for in every place where a run leaves anything."""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.canaries import Cage, Canary, texts_below
from tests.acceptance.inspection import Watch, heard_on_disk, inside, running, watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docklet_sandbox.runner import Runner
    from tests.acceptance.scene import Scene

TOKENS = ("cloud", "forge", "registry", "user")
ODD = '/+ &=%"~'
"""Spelled in another way by JSON and URLs, and in two by base64."""
BRIEF = 20
"""Processes with a canary in their environment, each for 60 ms."""
QUIET = """\
printf %s "$USER_SECRET" | sha256sum | cut -d ' ' -f 1 > digest.txt
echo MARKER
"""
SEEN = f"{QUIET}sleep 2\n"
"""Lasts long enough for a look at its processes."""
NOISY = """\
echo MARKER
echo "the secret is $USER_SECRET"
printf %s "$USER_SECRET" | base64 -w 0; echo
printf x%s "$USER_SECRET" | base64 -w 0; echo
env
echo "::error::$USER_SECRET"
echo "::set-output name=leak::$USER_SECRET"
"""
LOUD = """\
import logging
logging.basicConfig(level=logging.DEBUG, format="%(levelname)s %(name)s %(message)s")
"""


@pytest.fixture
def cage(scene: Scene) -> Iterator[Cage]:
    """Tokens that cloud, forge and registry know, a secret for the script, and a marker."""
    made = Cage(
        (
            Canary.hatch("cloud", "dop_v1_"),
            Canary.hatch("forge", "ghs_1_ey.ey.", "-_-"),
            Canary.hatch("user", "p@ss:", ODD),
            Canary("registry", scene.sandbox.addresses.registry_password),
            Canary.hatch("marker"),
            Canary.hatch("planted"),
            Canary.hatch("brief"),
        )
    )
    everything = dict.fromkeys(("contents", "pull_requests", "statuses"), "write")
    scene.sandbox.forge.token(made["forge"], "github-actions[bot]", everything)
    scene.sandbox.settings(tokens={made["cloud"]: None})
    yield made
    scene.sandbox.settings(tokens={scene.sandbox.addresses.cloud_token: None})


def prepared(scene: Scene, cage: Cage, image: str, script: str, **inputs: str) -> Runner:
    """Return a runner that is about to run a script with all four secrets."""
    sha = scene.write({"do.sh": script.replace("MARKER", cage["marker"])})
    registry = scene.sandbox.addresses.private_registry.removeprefix("http://")
    given = {
        "script": "do.sh",
        "image": f"{registry}/docklet-sandbox/shell",
        "registry-username": scene.sandbox.addresses.registry_username,
        "registry-password": cage["registry"],
        "digitalocean-token": cage["cloud"],
        "github-token": cage["forge"],
        "env": f"USER_SECRET={cage['user']}",
    }
    scene.extra["RUNNER_DEBUG"] = "1"
    return scene.action(image, sha=sha, inputs={**given, **inputs})


def test_nothing_leaks(scene: Scene, action_image: str, cage: Cage) -> None:
    """No token is anywhere, but for the script's secret in the script's own environment."""
    runner = prepared(scene, cage, action_image, SEEN, keep="always")
    # Long enough to search the droplet's disk while it has the token, and to see git push.
    for command, seconds in (("upload", 4.0), ("receive", 1.0)):
        route = f"*/git-{command}-pack"
        scene.sandbox.fault("delay", service="forge", route=route, latency=seconds, count=2)
    stage = runner.main()
    with removed(scene, cage):
        with watched(running(stage.container), scene.folder) as here:
            droplet = running(machine(scene))
            with watched(droplet, scene.folder) as there:
                plant(droplet, cage)
                check_disk(at_clone(droplet), cage)
                code, printed = stage.wait()
                assert code == 0, printed
                marked = check_disk(droplet, cage)
                assert {path.rpartition("/")[2] for path in marked} >= {"do.sh", "log"}
                check_inspection(droplet, cage)
                remove_all(scene, cage)
        wanted = hashlib.sha256(cage["user"].encode()).hexdigest()
        assert scene.show("digest.txt") == f"{wanted}\n".encode()
        check_machine(there, cage)
        check_runner(here, cage)
        check_traces(scene, cage, {**left_behind(runner), "printed": seen_by_people(printed)})


def check_machine(watch: Watch, cage: Cage) -> None:
    """No process had a token from boot to delete; the script's own had its secret, as it should.

    That processes which live for 60 ms only are seen shows that the looks were close enough.
    """
    controls = {("arguments", False, "planted"), ("environment", False, "planted")}
    assert watch.heard(cage.only("planted")) == controls
    assert watch.heard(cage.only(*TOKENS)) == {("environment", True, "user")}
    assert watch.ran(b"git\0fetch") or watch.ran(b"git-remote-http")
    brief = [one for one in watch.sights if one.heard(cage.only("brief"))]
    assert len(brief) > BRIEF / 2, f"{len(brief)} of {BRIEF} at {watch.rate:.0f} looks a second"


def check_runner(watch: Watch, cage: Cage) -> None:
    """No process of the action's container had a token but docklet, which the runner gave them."""
    tokens = cage.only(*TOKENS)
    assert watch.heard(tokens) == {("environment", False, name) for name in TOKENS}
    others = watch.without(b"docklet-action").sights
    assert [one.arguments for one in others if one.heard(tokens)] == []
    assert watch.ran(b"push\0")


def check_disk(droplet: str, cage: Cage) -> set[str]:
    """Only what we planted is on the droplet's disk; return where the marker is."""
    found = heard_on_disk(droplet, cage)
    planted = {file for file, name in found if name == "planted"}
    assert planted >= {"/root/planted", "/run/planted", "/var/lib/docker/planted"}
    assert [file for file, name in found if name in TOKENS] == []
    return {file for file, name in found if name == "marker"}


def check_inspection(droplet: str, cage: Cage) -> None:
    """Docker on the droplet tells no token of the script's container, nor of its images."""
    ask = "docker create --env PLANTED=$(cat /root/planted) $(docker images --quiet) >&2 && "
    told = inside(droplet, "sh", "-c", f"{ask} docker inspect $(docker ps -aq; docker images -q)")
    assert b"docklet.run" in told
    assert cage.heard(told) == {"planted"}


def check_traces(scene: Scene, cage: Cage, more: dict[str, bytes]) -> None:
    """Cloud, forge and runner have the marker where it belongs, and no token anywhere."""
    places = {**told_to_services(scene), **more}
    heard = cage.heard_in(places)
    marked = {place for place, name in heard if name == "marker"}
    assert marked >= {"journal", "comments", "objects", "printed", "commands/step_summary"}
    assert b"ssh_keys" in places["droplets"]
    assert places["statuses"] != b"[]"
    assert b"exit-code" in places["commands/output"]
    assert {(place, name) for place, name in heard if name in TOKENS} == set()


def test_a_script_that_prints_its_secret(scene: Scene, action_image: str, cage: Cage) -> None:
    """What a script prints of its secret is blanked out everywhere but in the log's own file."""
    runner = prepared(scene, cage, action_image, NOISY)
    code, printed = runner.main().wait()
    assert code == 0, printed
    assert cage["marker"] in printed
    left = left_behind(runner)
    logs = [left.pop(name) for name in tuple(left) if name.endswith("run.log")]
    assert cage.heard(logs[0]) == {"marker", "user"}
    check_traces(scene, cage, {**left, "printed": seen_by_people(printed)})


def test_logs_at_debug_level(scene: Scene, cage: Cage) -> None:
    """Whatever our libraries and Python itself log about a run, they have no token to log."""
    loud(scene)
    scene.extra |= {"DIGITALOCEAN_TOKEN": cage["cloud"], "GITHUB_TOKEN": cage["forge"]}
    scene.write({"do.sh": QUIET.replace("MARKER", cage["marker"])})
    done = scene.run("do.sh", "--env", f"USER_SECRET={cage['user']}")
    assert done.code == 0, done.output
    for shown in ("DEBUG asyncio", "DEBUG asyncssh", "DEBUG urllib3", "INFO azure"):
        assert shown in done.output
    assert cage.heard(done.output) == {"marker"}
    left = texts_below(scene.folder)
    assert cage.heard_in(left) == {(name, "marker") for name in left if name.endswith("run.log")}


@pytest.mark.parametrize(("refused", "code"), [("DIGITALOCEAN_TOKEN", 22), ("GITHUB_TOKEN", 23)])
def test_a_token_that_is_refused(scene: Scene, cage: Cage, refused: str, code: int) -> None:
    """A token that nobody knows is not repeated in what is said about it."""
    loud(scene)
    unknown = Cage((Canary.hatch("unknown", "dop_v1_"),))
    scene.write({"do.sh": "true\n"})
    scene.extra |= {"DIGITALOCEAN_TOKEN": cage["cloud"], "GITHUB_TOKEN": cage["forge"]}
    scene.extra[refused] = unknown["unknown"]
    done = scene.run("do.sh")
    assert done.code == code, done.output
    assert unknown.heard(done.output) | cage.heard(done.output) == set()


def test_every_spelling_is_heard() -> None:
    """The search would find a token in each of the ways in which programs write it."""
    cage = Cage((Canary.hatch("one", "p@ss:", ODD),))
    assert cage.heard("nothing to see") == set()
    for text in cage.canaries[0].spellings:
        assert cage.heard(b"<" + text + b">") == {"one"}
    login = subprocess.run(
        ["base64", "-w", "0"],
        input=f"x-access-token:{cage['one']}".encode(),
        capture_output=True,
        check=True,
    ).stdout
    assert cage.heard(b"Authorization: Basic " + login) == {"one"}


def machine(scene: Scene) -> str:
    """Wait for a droplet and return its container's name."""
    end = time.monotonic() + 60
    while not (droplets := scene.sandbox.inventory().droplets):
        assert time.monotonic() < end, "No droplet was created."
        time.sleep(0.02)
    (droplet,) = droplets
    return f"docklet-sandbox-{scene.sandbox.addresses.id}-{droplet}"


def at_clone(droplet: str) -> str:
    """Wait until git talks to the forge on a droplet, and return the droplet."""
    command = ["sh", "-c", "until pgrep -f [g]it-remote-http; do sleep 0.05; done"]
    inside(droplet, "timeout", "60", *command)
    return droplet


def plant(droplet: str, cage: Cage) -> None:
    """Put something to find into each kind of place on a droplet; it stays for the search."""
    value = cage["planted"]
    inside(
        droplet,
        *("sh", "-c", "mkdir -p /var/lib/docker && cat > /root/planted"),
        stdin=value.encode(),
    )
    inside(droplet, "sh", "-c", "base64 < /root/planted > /var/lib/docker/planted")
    inside(droplet, "sh", "-c", "echo log in: $(base64 -w 0 /root/planted) > /run/planted")
    command = ["docker", "exec", "--detach", "--env", f"PLANTED={value}", droplet]
    subprocess.run([*command, "sh", "-c", f": {value}; sleep 1"], check=True)
    inside(droplet, "sh", "-c", "cat > /run/brief", stdin=cage["brief"].encode())
    shortly = f"for _ in $(seq {BRIEF}); do SEEN=$(cat /run/brief) sleep 0.06; done"
    subprocess.run(["docker", "exec", "--detach", droplet, "sh", "-c", shortly], check=True)


def left_behind(runner: Runner) -> dict[str, bytes]:
    """Return all that is in the runner's folders: workspace, outputs, state, summary, home."""
    return texts_below(runner.workspace.parent)


def seen_by_people(printed: str) -> bytes:
    """Return a job's log without the lines by which the runner learns what to hide."""
    lines = printed.splitlines(keepends=True)
    return "".join(one for one in lines if not one.startswith("::add-mask::")).encode()


def told_to_services(scene: Scene) -> dict[str, bytes]:
    """Return all that cloud and forge know: requests, user_data, comments, statuses, objects."""
    sandbox, repository = scene.sandbox, scene.repository
    known = {
        "journal": sandbox.journal(),
        "droplets": sandbox.history(),
        "comments": sandbox.forge.comments(repository),
        "statuses": sandbox.forge.statuses(repository),
        "pulls": sandbox.forge.pulls(repository),
    }
    return {
        **{place: json.dumps(what).encode() for place, what in known.items()},
        "objects": objects(scene),
    }


def objects(scene: Scene) -> bytes:
    """Return every object of the repository, reachable or not."""
    root = Path(scene.sandbox.addresses.state) / "git"
    (bare,) = root.glob(f"*-{scene.repository.partition('/')[2]}.git")
    command = ["git", "--git-dir", str(bare), "cat-file", "--batch-all-objects", "--batch"]
    return subprocess.run(command, check=True, capture_output=True).stdout


@contextmanager
def removed(scene: Scene, cage: Cage) -> Iterator[None]:
    """Remove the kept droplet afterwards."""
    try:
        yield
    finally:
        remove_all(scene, cage)


def remove_all(scene: Scene, cage: Cage) -> None:
    """Remove every droplet that is there."""
    scene.extra["DIGITALOCEAN_TOKEN"] = cage["cloud"]
    for droplet in scene.sandbox.inventory().droplets:
        done = scene.docklet("rm", str(droplet), "--force")
        assert done.code == 0, done.output


def loud(scene: Scene) -> None:
    """Have every logger of a process print all it has, and Python look closely at itself.

    docklet has no switch for that; Python runs a `sitecustomize` of its own accord.
    """
    folder = scene.folder.with_name(f"{scene.folder.name}-loud")
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(LOUD)
    scene.extra |= {"PYTHONPATH": str(folder), "PYTHONDEVMODE": "1"}
