"""The sandbox's forge, asked by clients that are not ours: PyGithub, git, and plain requests."""
