"""tracker-migrate."""
