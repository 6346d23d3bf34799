"""Tests against a real account; they cost money and run only when asked for."""
