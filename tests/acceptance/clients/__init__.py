"""Programs and libraries that we did not write, each at work in the sandbox."""
