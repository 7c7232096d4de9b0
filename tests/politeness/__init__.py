"""How servers are treated: pace, Retry-After, outages, deadlocks."""
