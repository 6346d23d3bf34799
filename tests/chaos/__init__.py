"""Bad days by the thousand: seeded schedules of faults, played through the real pipeline.

A schedule follows from its seed alone; so does everything that happens in it, since time is
virtual and every part of the world is a fake that passed the conformance tests of the real one.
"""
