"""GitHub's API, by PyGithub."""
