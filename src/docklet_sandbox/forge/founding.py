"""Making repositories, and setting what they refuse.

A repository's folder has its id in the name, so that one of the same name can be made again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from docklet_sandbox.forge.bare import Bare
from docklet_sandbox.forge.change import Change
from docklet_sandbox.forge.model import Repository
from docklet_sandbox.forge.rules import Rule, install_hooks, write_rules
from docklet_sandbox.forge.store import Forge

Files = Mapping[str, str | bytes | None]


async def create_repository(
    forge: Forge,
    owner: str,
    name: str,
    *,
    files: Files | None = None,
    executable: Collection[str] = (),
    source: Path | None = None,
    private: bool = False,
    default_branch: str = "main",
    rules: Collection[Rule] = (),
    parent: str | None = None,
) -> Repository:
    """Make a repository: of files, of a directory, of all refs in a bundle or clone, or empty.

    With `parent` it is a fork of that repository, and begins with its refs. Raises ValueError if
    there is one of that name.
    """
    if f"{owner}/{name}".lower() in forge.repositories:
        message = f"The repository {owner}/{name} is there already; choose another name."
        raise ValueError(message)
    number, now = forge.new_id(), forge.now()
    repository = Repository(
        id=number,
        owner=forge.user(owner).login,
        name=name,
        bare=Bare(forge.root / f"{number}-{name}.git"),
        created=now,
        pushed=now,
        private=private,
        default_branch=default_branch,
        parent=None if parent is None else parent.lower(),
    )
    await repository.bare.create(default_branch)
    origin = forge.repository(parent).bare.path if parent else source
    await _fill(repository, origin, files, executable)
    install_hooks(repository.bare.path)
    set_rules(forge, repository, rules)
    forge.repositories[repository.full_name.lower()] = repository
    return repository


def set_rules(forge: Forge, repository: Repository, rules: Collection[Rule]) -> None:
    """Replace what a repository refuses in pushes."""
    repository.rules = list(rules)
    write_rules(
        repository.bare.path,
        repository.rules,
        max_file_bytes=forge.max_file_bytes,
        page=f"{forge.server_url}/{repository.full_name}/rules",
        large=repository.large,
    )


async def _fill(
    repository: Repository,
    origin: Path | None,
    files: Files | None,
    executable: Collection[str],
) -> None:
    if origin is not None and _is_plain(origin):
        files, executable = _read_tree(origin)
    elif origin is not None:
        refs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        await repository.bare.git("fetch", "--quiet", str(origin), *refs)
    if files:
        change = Change(
            files=files, message="Initial commit", executable=executable, at=repository.created
        )
        await repository.bare.write(repository.default_branch, change)


def _is_plain(path: Path) -> bool:
    """Say whether this is a directory of files rather than a bundle or a repository."""
    return path.is_dir() and not ((path / ".git").exists() or (path / "HEAD").is_file())


def _read_tree(directory: Path) -> tuple[dict[str, bytes], list[str]]:
    files = [path for path in sorted(directory.rglob("*")) if path.is_file()]
    found = {path.relative_to(directory).as_posix(): path for path in files}
    executable = [name for name, path in found.items() if path.stat().st_mode & 0o100]
    return {name: path.read_bytes() for name, path in found.items()}, executable
