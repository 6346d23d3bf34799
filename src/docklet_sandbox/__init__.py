"""A small cloud, forge and registry on this machine; imports nothing of docklet."""
