"""The DigitalOcean API on this machine, strict where the real one is and stricter where it can be.

Requests that break the API's description (unknown fields, wrong types, unknown routes) are
violations; requests that are well formed and ask for the impossible get the real error bodies.
"""
