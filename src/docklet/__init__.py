"""Run a repository's script on a droplet that is rented for exactly as long as it runs."""
