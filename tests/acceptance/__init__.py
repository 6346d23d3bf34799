"""Tests of the real processes in the sandbox, one scenario a file."""
