"""maniphest."""
