"""What the Docker Engine is told of the script's container."""

from __future__ import annotations

import pytest

from docklet.droplet.container import LOADER, Job, body, memory_limit, variables
from docklet.droplet.failure import Failure
from docklet.droplet.owner import parse_user

GIB = 1024**3
JOB = Job(
    container="docklet-0a",
    image="r:1",
    argv=("Rscript", "$(touch x)", "-e"),
    workdir="inst/examples",
    timeout=60.0,
    grace=10.0,
    memory=GIB,
    gpus=False,
)


def test_nothing_is_pasted_into_the_loader() -> None:
    """Arguments stay arguments, whatever they contain."""
    request = body(JOB, "/home", loader=True)
    assert request["Entrypoint"] == ["/bin/sh"]
    assert request["Cmd"] == ["-c", LOADER, "docklet", "Rscript", "$(touch x)", "-e"]
    assert "Env" not in request


def test_without_the_loader_the_command_runs_bare() -> None:
    """An image without a shell gets the command itself, and no open input."""
    request = body(JOB, "/home", loader=False)
    assert (request["Entrypoint"], request["Cmd"]) == (["Rscript"], ["$(touch x)", "-e"])
    assert request["OpenStdin"] is False


def test_the_container_is_confined() -> None:
    """The tree is the only mount; privileges, processes, memory and logs are bounded."""
    request = body(JOB, "/home", loader=True)
    host = request["HostConfig"]
    assert request["WorkingDir"] == "/work/inst/examples"
    assert host["Mounts"] == [{"Type": "bind", "Source": "/home", "Target": "/work"}]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["PidsLimit"] == 4096
    assert host["Memory"] == GIB
    assert host["LogConfig"]["Type"] == "none"
    assert (host["Privileged"], host["CapDrop"], host["NetworkMode"]) == (
        False,
        ["ALL"],
        "default",
    )
    assert set(host["CapAdd"]) == {
        *("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID")
    }
    assert not {"Binds", "Devices", "VolumesFrom", "PidMode", "IpcMode"} & set(host)


@pytest.mark.parametrize(
    ("total", "reserve", "limit"),
    [
        (4 * GIB, GIB // 2, 4 * GIB - GIB // 2),
        (GIB // 2, GIB // 2, GIB // 4),
        (4 * GIB, 0, 0),
        (0, GIB, 0),
    ],
)
def test_memory_is_kept_back(total: int, reserve: int, limit: int) -> None:
    """The system keeps its reserve, or half where that would leave too little."""
    assert memory_limit(total, reserve) == limit


def test_variables_are_lines() -> None:
    """Values go as they are, one a line, and an empty line ends them."""
    assert variables({"A": "b=c 'd'", "_x1": ""}) == b"A=b=c 'd'\n_x1=\n\n"
    assert variables({"A": "\udcff"}) == b"A=\xff\n\n"


@pytest.mark.parametrize("env", [{"A B": "c"}, {"1A": "c"}, {"": "c"}, {"A": "b\nC=d"}, {"A": 1}])
def test_variables_that_the_loader_would_misread(env: dict[str, object]) -> None:
    """Names that aren't names and values of several lines are refused."""
    with pytest.raises(Failure):
        variables(env)


PASSWD = "root:x:0:0::/root:/bin/sh\njovyan:x:1000:100::/home/jovyan:/bin/bash\n"


@pytest.mark.parametrize(
    ("user", "owner"),
    [
        ("jovyan", (1000, 100)),
        ("1000", (1000, 100)),
        ("jovyan:7", (1000, 7)),
        ("1234", (1234, 0)),
        ("1234:5", (1234, 5)),
        ("nobody", None),
        ("", (0, 0)),
    ],
)
def test_users_of_images(user: str, owner: tuple[int, int] | None) -> None:
    """An image's user is looked up in the image's own list."""
    assert parse_user(user, PASSWD) == owner
