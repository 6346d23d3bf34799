"""Machines over SSH, and the keys to them."""
