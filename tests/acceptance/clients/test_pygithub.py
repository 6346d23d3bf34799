"""PyGithub reads and writes on the forge what it does on GitHub."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import github
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from github.Repository import Repository

    from docklet_sandbox.client import SandboxClient


@pytest.fixture(name="repository")
def _repository(sandbox: SandboxClient) -> Iterator[Repository]:
    """Yield a new repository as PyGithub sees it."""
    name = f"mona/{uuid.uuid4().hex[:12]}"
    sandbox.forge.create(name, {"file.txt": "one\n"})
    auth = github.Auth.Token(sandbox.addresses.forge_token)
    client = github.Github(
        auth=auth,
        base_url=sandbox.addresses.forge_api,
        seconds_between_requests=None,
        seconds_between_writes=None,
    )
    with client:
        yield client.get_repo(name)


def test_talk_about_a_commit(sandbox: SandboxClient, repository: Repository) -> None:
    """A comment is made, edited and reacted to; a status is set and read."""
    commit = repository.get_branch("main").commit
    comment = commit.create_comment("It *runs*.")
    comment.edit("It ran.")
    comment.create_reaction("rocket")
    commit.create_status("success", description="done", context="sandbox")
    assert [one.body for one in commit.get_comments()] == ["It ran."]
    assert [one.content for one in comment.get_reactions()] == ["rocket"]
    assert commit.get_combined_status().state == "success"
    (kept,) = sandbox.forge.comments(repository.full_name)
    assert [edit["body"] for edit in kept["history"]] == ["It *runs*.", "It ran."]


def test_a_pull_request(sandbox: SandboxClient, repository: Repository) -> None:
    """A pull request is opened, commented on, found and closed."""
    sandbox.forge.commit(repository.full_name, {"file.txt": "two\n"}, branch="two")
    pull = repository.create_pull(base="main", head="two", title="Two", body="Twice one.")
    pull.create_issue_comment("Seen.")
    assert [one.number for one in repository.get_pulls(state="open")] == [pull.number]
    assert [one.body for one in pull.get_issue_comments()] == ["Seen."]
    pull.edit(state="closed")
    assert list(repository.get_pulls(state="open")) == []


def test_pages_and_files(sandbox: SandboxClient, repository: Repository) -> None:
    """Lists are followed to their last page, and a file is read as it is."""
    commit = repository.get_branch("main").commit
    for number in range(33):
        commit.create_comment(str(number))
    assert [one.body for one in commit.get_comments()] == [str(n) for n in range(33)]
    content = repository.get_contents("file.txt")
    assert not isinstance(content, list)
    assert content.decoded_content == b"one\n"
    assert len(sandbox.forge.comments(repository.full_name)) == 33


def test_what_is_not_there(repository: Repository) -> None:
    """A commit that does not exist is the exception that PyGithub has for it."""
    with pytest.raises(github.GithubException) as caught:
        repository.get_commit("0" * 40).create_comment("Hello?")
    assert caught.value.status in {404, 422}
