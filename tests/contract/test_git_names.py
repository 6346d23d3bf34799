"""Names that the results' gate lets through are names that git takes: it must not get stricter."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docklet.adapters.results.names import objection

if TYPE_CHECKING:
    from pathlib import Path

PIECES = (
    *(".git", ".GIT", "git~1", "GIT~2", ".gitmodules", "gitmod~1", "gi7eba~3", ".gitattributes"),
    *("a", "..", ".", "", " ", "~1", ":", "\\", "/", "/", "\n", "\u200c", "\u202e", "\ufeff"),
    *("\ufffe", "\uffff", "\udcff", "\udce2\udc80", ".g", "it", "i", "t", "G", "\u0130", "$DATA"),
)
BLOB = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    names=st.lists(
        st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join), min_size=30
    ),
    is_link=st.booleans(),
)
def test_git_takes_what_we_let_through(tmp_path: Path, names: list[str], *, is_link: bool) -> None:
    """One name that git refuses would cost the whole commit."""
    env = {"PATH": os.environ["PATH"], "GIT_DIR": str(tmp_path), "GIT_CONFIG_GLOBAL": os.devnull}
    if not (tmp_path / "HEAD").exists():
        subprocess.run(["git", "init", "-q", "--bare"], env=env, cwd=tmp_path, check=True)
    paths = [name.encode("utf-8", "surrogateescape") for name in names]
    passed = [path for path in paths if not objection(path, is_link=is_link)]
    mode = b"120000" if is_link else b"100644"
    lines = b"".join(b"%s %s\t%s\0" % (mode, BLOB.encode(), path) for path in passed)
    strict = ("-c", "core.protectHFS=true", "-c", "core.protectNTFS=true")
    done = subprocess.run(
        ["git", *strict, "update-index", "-z", "--index-info"],
        input=lines,
        env=env,
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
