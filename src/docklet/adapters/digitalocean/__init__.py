"""DigitalOcean's API, by its own client."""
