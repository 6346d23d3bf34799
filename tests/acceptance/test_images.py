"""Images: private ones are pulled with a login, and those that won't do are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.acceptance.scene import SHELL_IMAGE
from tests.acceptance.stand_ins import pushed
from tests.acceptance.test_agent_container import tiny_program

if TYPE_CHECKING:
    from tests.acceptance.scene import Scene

NO_SHELL = "docklet-test/no-shell"


def private(scene: Scene, password: str) -> tuple[str, ...]:
    """Return the options for an image behind a password."""
    addresses = scene.sandbox.addresses
    name = addresses.private_registry.removeprefix("http://")
    login = ("--registry-username", addresses.registry_username, "--registry-password", password)
    return (*options(scene, f"{name}/{SHELL_IMAGE}"), *(login if password else ()))


def options(scene: Scene, image: str) -> tuple[str, ...]:
    """Return the options for a run in an image."""
    return ("--repo", scene.repository, "--script", "do.sh", "--image", image)


def test_private_image(scene: Scene) -> None:
    """A private image is pulled with its login, which is left nowhere."""
    scene.write({"do.sh": "echo done > done.txt\n"})
    password = scene.sandbox.addresses.registry_password
    done = scene.docklet("run", *private(scene, password))
    assert done.code == 0, done.output
    assert scene.show("done.txt") == b"done\n"
    message = scene.sandbox.forge.log(scene.repository)[0]["message"]
    user_data = scene.sandbox.history()[-1]["user_data"]
    for place in (done.output, scene.comment(), message, user_data):
        assert password not in place


def test_images_that_can_not_be_pulled(scene: Scene) -> None:
    """A wrong login, a missing one and an image that is not there say what to look at."""
    scene.write({"do.sh": "true\n"})
    here = scene.sandbox.addresses.registry.removeprefix("http://")
    started = {
        "Are registry-username and registry-password right": private(scene, "wrong"),
        "and may they read it?": private(scene, ""),
        "Is the name right?": options(scene, f"{here}/docklet-sandbox/nothing"),
    }
    runs = {said: scene.start("run", *given) for said, given in started.items()}
    for said, run in runs.items():
        output = run.communicate(timeout=120)[0].decode()
        assert run.returncode == 26, output
        assert said in output


def test_image_without_a_shell(scene: Scene) -> None:
    """An image of one program is enough, but not for variables, which come by a shell."""
    scene.write({"do.sh": "unused\n"})
    dockerfile = "FROM scratch\nCOPY tiny /tiny\n"
    files: dict[str, str | bytes] = {"Dockerfile": dockerfile, "tiny": tiny_program()}
    given = (*options(scene, NO_SHELL), "--interpreter", "/tiny")
    with pushed(scene.sandbox, files, NO_SHELL):
        plain = scene.start("run", *given)
        done = scene.docklet("run", *given, "--env", "NAME=value")
    assert done.code == 27, done.output
    assert f"The image {NO_SHELL} has no /bin/sh, which `env` needs." in done.output
    output = plain.communicate(timeout=120)[0].decode()
    assert plain.returncode == 10, output
    assert "exit code 7" in output
    assert "hi\n" in output


def test_what_is_not_there(scene: Scene) -> None:
    """A program that the image lacks and a directory that the repository lacks are named."""
    scene.write({"do.R": "cat('hello')\n"})
    given = ("run", "--repo", scene.repository, "--script", "do.R", "--image", SHELL_IMAGE)
    elsewhere = scene.start(*given, "--path", "nowhere")
    done = scene.run("do.R")
    assert done.code == 27, done.output
    assert "Rscript: not found in this image" in done.output
    output = elsewhere.communicate(timeout=60)[0].decode()
    assert elsewhere.returncode == 28, output
    assert "The repository has no directory 'nowhere' at this commit; check `path`." in output
