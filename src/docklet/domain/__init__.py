"""What is true and what to do about it.

Nothing in here does I/O or reads a clock, the environment or a source of randomness.
"""
