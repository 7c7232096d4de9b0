"""Source changes, people at the target, faults and commands, in any order: nothing is doubled or lost."""
