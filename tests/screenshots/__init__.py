"""`make screenshots`: every page that a command writes, opened in a browser without a network."""
