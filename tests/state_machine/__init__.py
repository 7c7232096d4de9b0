"""Source changes, people at the target, faults and commands in any order: nothing gets lost."""
