"""A day of the daemon in minutes: the source lives, people edit, servers fail, the process dies."""
