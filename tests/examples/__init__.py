"""The scripts of examples/, run."""
