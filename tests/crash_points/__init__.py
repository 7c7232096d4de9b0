"""Kills a process at every moment of its work, starts it again, and compares what stands then."""
