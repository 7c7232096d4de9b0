"""The tables that ship. They are read from here where a workspace has no row of its own."""
