"""The history of the workspace's schema."""
