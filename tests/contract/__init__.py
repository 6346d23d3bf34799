"""Tests that what we promise in several places agrees."""
