"""launchpad."""
