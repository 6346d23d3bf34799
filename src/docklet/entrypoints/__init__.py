"""The doors: action, post step, command line."""
