"""Tests of what the sandbox says of its own use."""
