"""PyGithub, as it comes, against the forge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from github import Auth, BadCredentialsException, Github, GithubException, UnknownObjectException

from docklet_sandbox.forge.store import PERSONAL_TOKEN, WORKFLOW_TOKEN
from tests.contract.sandbox_forge.conftest import REPO, SCRIPT, Stand

if TYPE_CHECKING:
    from github.Repository import Repository


def _github(stand: Stand, token: str = PERSONAL_TOKEN) -> Github:
    return Github(
        auth=Auth.Token(token),
        base_url=stand.forge.api_url,
        seconds_between_requests=0,
        seconds_between_writes=0,
        retry=None,
    )


@pytest.fixture
def repo(stand: Stand) -> Iterator[Repository]:
    """Return the repository as a workflow's token sees it."""
    with _github(stand, WORKFLOW_TOKEN) as github:
        yield github.get_repo(REPO)


def test_commit_comment_is_edited_in_place(stand: Stand, repo: Repository) -> None:
    """A comment is created, edited and found again, and the forge knows every text of it."""
    sha = stand.client.head(REPO)
    assert sha is not None
    comment = repo.get_commit(sha).create_comment("running")
    comment.edit("done")
    again = repo.get_comment(comment.id)
    assert again.body == "done"
    assert again.user.login == "github-actions[bot]"
    assert again.html_url == (
        f"{stand.forge.server_url}/{REPO}/commit/{sha}#commitcomment-{comment.id}"
    )
    (kept,) = stand.client.comments(REPO)
    assert (kept["edits"], [e["body"] for e in kept["history"]]) == (1, ["running", "done"])


def test_all_pages_of_comments_are_found(stand: Stand, repo: Repository) -> None:
    """PyGithub follows the Link headers through every page, in order."""
    commit = repo.get_commit("main")
    bodies = [f"comment {n}" for n in range(35)]
    for body in bodies:
        commit.create_comment(body)
    assert [c.body for c in commit.get_comments()] == bodies
    pages = [e for e in stand.journal.entries() if "comments" in e["route"] and e["query"]]
    assert [p["query"] for p in pages] == ["page=2"]


def test_deleted_comment_is_gone_but_remembered(stand: Stand, repo: Repository) -> None:
    """A comment that somebody deleted can't be edited, and what it said can still be read."""
    comment = repo.get_commit("main").create_comment("hello")
    stand.client.call("delete_comment", repo=REPO, id=comment.id)
    with pytest.raises(UnknownObjectException):
        comment.edit("again")
    (kept,) = stand.client.comments(REPO)
    assert (kept["deleted"], kept["body"]) == (True, "hello")


def test_statuses_combine_by_context(repo: Repository) -> None:
    """The newest status of a context counts, and one failure is enough."""
    commit = repo.get_commit("main")
    commit.create_status("pending", "https://example.com/run", "running", "docklet")
    assert commit.get_combined_status().state == "pending"
    commit.create_status("success", description="done", context="docklet")
    assert commit.get_combined_status().state == "success"
    commit.create_status("failure", context="other")
    assert commit.get_combined_status().state == "failure"
    assert [s.state for s in commit.get_statuses()] == ["failure", "success", "pending"]


def test_pull_request_is_opened_found_and_closed(stand: Stand, repo: Repository) -> None:
    """A pull request has its commits counted, is found by its head, and takes comments."""
    stand.client.commit(REPO, {"plot.svg": "<svg/>\n"}, "results")
    pull = repo.create_pull(base="main", head="results", title="Results", body="Of a run")
    assert (pull.number, pull.commits, pull.changed_files, pull.additions) == (1, 1, 1, 1)
    pull.create_issue_comment("here they are").create_reaction("rocket")
    assert [p.number for p in repo.get_pulls(head="mona:results", base="main")] == [1]
    assert list(repo.get_pulls(head="mona:other")) == []
    assert [p.number for p in repo.get_commit("results").get_pulls()] == [1]
    pull.edit(state="closed")
    assert list(repo.get_pulls()) == []
    assert repo.get_issue(1).state == "closed"


def test_pull_request_must_bring_something(repo: Repository) -> None:
    """A pull request of a branch that is not there, or has nothing new, is refused."""
    with pytest.raises(GithubException) as none:
        repo.create_pull(base="main", head="nowhere", title="Nothing")
    assert none.value.data["errors"][0]["field"] == "head"
    with pytest.raises(GithubException) as same:
        repo.create_pull(base="main", head="main", title="Nothing")
    assert same.value.data["errors"][0]["message"] == "No commits between main and main"


def test_issue_comment_takes_reactions(stand: Stand, repo: Repository) -> None:
    """A comment on an issue is reacted to once, however often one asks."""
    number = stand.client.call("issue", repo=REPO, title="Please run")
    comment = repo.get_issue(number).create_comment("/docklet run")
    comment.create_reaction("eyes")
    comment.create_reaction("eyes")
    assert [r.content for r in comment.get_reactions()] == ["eyes"]
    comment.edit("/docklet stop")
    assert repo.get_issue(number).get_comment(comment.id).body == "/docklet stop"


def test_repository_is_read(stand: Stand, repo: Repository) -> None:
    """Branches, refs, files, people and runs come back as PyGithub's objects."""
    sha = stand.client.head(REPO)
    assert repo.get_branch("main").commit.sha == sha
    assert repo.get_git_ref("heads/main").object.sha == sha
    script = repo.get_contents("inst/examples/knit.R")
    assert not isinstance(script, list)
    assert script.decoded_content.decode() == SCRIPT
    listing = repo.get_contents("inst/examples")
    assert isinstance(listing, list)
    assert [f.path for f in listing] == ["inst/examples/knit.R"]
    stand.client.call("role", repo=REPO, login="hubot", role="maintain")
    assert repo.get_collaborator_permission("hubot") == "write"
    assert repo.get_collaborator_role_name("hubot") == "maintain"
    stand.client.call("run", repo=REPO, id=7, head_sha=sha, status="completed")
    assert repo.get_workflow_run(7).status == "completed"


def test_people_and_their_keys(stand: Stand) -> None:
    """A personal token is somebody, and anybody's public keys can be read."""
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFoo"
    stand.client.call("user", login="hubot", keys=[f"{key} hubot@laptop"])
    with _github(stand) as github:
        assert github.get_user().login == "mona"
        assert [k.key for k in github.get_user("hubot").get_keys()] == [key]
        assert github.get_rate_limit().rate.limit == 5000


def test_wrong_token_is_told(stand: Stand) -> None:
    """A token that nobody was given is bad credentials, everywhere."""
    with _github(stand, "ghs_wrong") as github, pytest.raises(BadCredentialsException):
        github.get_repo(REPO)


def test_pull_request_comes_from_a_fork(stand: Stand, repo: Repository) -> None:
    """A fork's branch can be asked for, and its commits fetched from the base."""
    stand.client.create("hubot/template", parent=REPO)
    sha = stand.client.commit("hubot/template", {"evil.R": "1"}, "patch")
    pull = repo.create_pull(base="main", head="hubot:patch", title="From a fork")
    assert (pull.head.repo.full_name, pull.head.sha) == ("hubot/template", sha)
    assert pull.head.repo.fork
    assert repo.get_commit(sha).sha == sha
