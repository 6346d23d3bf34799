"""The control API's verbs that set the forge up, or commit to it as somebody else would.

Texts of files are strings, and `{"base64": "..."}` where they are bytes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from docklet_sandbox.forge.ambush import Ambush, Deed
from docklet_sandbox.forge.change import Change
from docklet_sandbox.forge.founding import create_repository, set_rules
from docklet_sandbox.forge.rules import Rule, RuleKind
from docklet_sandbox.forge.store import Forge
from docklet_sandbox.forge.tokens import Role, Token, TokenKind, parse_permissions

Json = Any
Raw = Mapping[str, Any]


async def user(
    forge: Forge,
    login: str,
    **facts: Any,  # noqa: ANN401 - the plain arguments of add_user
) -> Json:
    """Give somebody an account, or change it."""
    return asdict(forge.add_user(login, **facts))


async def token(
    forge: Forge,
    secret: str,
    login: str,
    permissions: Mapping[str, str],
    *,
    kind: str = TokenKind.APP,
    repositories: Collection[str] | None = None,
) -> None:
    """Let a token in, with these grants and no others."""
    forge.add_token(
        Token(
            secret=secret,
            login=login,
            kind=TokenKind(kind),
            permissions=parse_permissions(permissions),
            repositories=None if repositories is None else frozenset(map(str.lower, repositories)),
        )
    )


async def revoke(forge: Forge, secret: str) -> None:
    """Let a token in no longer."""
    forge.tokens.pop(secret, None)


async def create(
    forge: Forge,
    repo: str,
    files: Mapping[str, Raw | str] | None = None,
    source: str | None = None,
    rules: Collection[Raw] = (),
    **facts: Any,  # noqa: ANN401 - the plain arguments of create_repository
) -> Json:
    """Make a repository; return its default branch's head, if it has one."""
    owner, name = repo.split("/")
    made = await create_repository(
        forge,
        owner,
        name,
        files=_files(files or {}),
        source=None if source is None else Path(source),
        rules=[_rule(r) for r in rules],
        **facts,
    )
    return await made.bare.head(made.default_branch)


async def configure(forge: Forge, repo: str, **settings: bool) -> None:
    """Set a repository's switches, such as `private`, `archived` or `has_issues`."""
    here = forge.repository(repo)
    for name, value in settings.items():
        if not isinstance(getattr(here, name), bool):
            message = f"{name} is not one of a repository's switches."
            raise TypeError(message)
        setattr(here, name, value)


async def rules(forge: Forge, repo: str, rules: Collection[Raw]) -> None:
    """Replace what a repository refuses in pushes."""
    set_rules(forge, forge.repository(repo), [_rule(r) for r in rules])


async def role(forge: Forge, repo: str, login: str, role: str) -> None:
    """Make somebody a collaborator, or with `none` no longer one."""
    forge.user(login)
    forge.repository(repo).roles[login.lower()] = Role(role)


async def limits(
    forge: Forge,
    max_file_bytes: int | None = None,
    max_push_bytes: int | None = None,
    max_large_bytes: int | None = None,
    **allowances: int,
) -> None:
    """Set the size limits of files and pushes and the rates (fields of `limits.Allowances`)."""
    forge.allowances = replace(forge.allowances, **allowances)
    forge.max_file_bytes = max_file_bytes or forge.max_file_bytes
    forge.max_push_bytes = max_push_bytes or forge.max_push_bytes
    forge.max_large_bytes = max_large_bytes or forge.max_large_bytes
    for repository in forge.repositories.values():
        set_rules(forge, repository, repository.rules)


async def commit(
    forge: Forge,
    repo: str,
    files: Mapping[str, Raw | str | None],
    branch: str | None = None,
    **facts: Any,  # noqa: ANN401 - further fields of Change
) -> Json:
    """Commit as somebody else would, past all rules; null deletes a file. Return the commit."""
    here = forge.repository(repo)
    return await here.bare.write(branch or here.default_branch, _change(forge, files, **facts))


async def store_large(forge: Forge, repo: str, content: Raw) -> Json:
    """Keep a large file as git-lfs does; return the text of the pointer to commit for it."""
    data = base64.b64decode(content["base64"])
    oid = hashlib.sha256(data).hexdigest()
    here = forge.repository(repo)
    here.large[oid] = data
    set_rules(forge, here, here.rules)
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(data)}\n"


async def ambush(
    forge: Forge,
    repo: str,
    files: Mapping[str, Raw | str | None],
    branch: str | None = None,
    *,
    deed: str = Deed.COMMIT,
    advertised: bool = True,
    times: int = 1,
) -> None:
    """Have somebody else be quicker than each of the next pushes to a branch: see `Deed`."""
    here = forge.repository(repo)
    waiting = Ambush(
        repository=here.full_name,
        branch=branch or here.default_branch,
        change=_change(forge, files, message="Somebody else was quicker"),
        deed=Deed(deed),
        advertised=advertised,
    )
    forge.ambushes.extend([waiting] * times)


def _rule(raw: Raw) -> Rule:
    return Rule(
        **{
            **raw,
            "kind": RuleKind(raw.get("kind", RuleKind.PROTECTION)),
            "bypass": tuple(raw.get("bypass", ())),
        }
    )


def _change(forge: Forge, files: Mapping[str, Raw | str | None], **facts: Any) -> Change:  # noqa: ANN401
    facts.setdefault("message", f"Change {', '.join(files)}")
    return Change(files=_files(files), at=forge.now(), **facts)


def _files(raw: Mapping[str, Raw | str | None]) -> dict[str, str | bytes | None]:
    return {
        path: base64.b64decode(content["base64"]) if isinstance(content, Mapping) else content
        for path, content in raw.items()
    }
