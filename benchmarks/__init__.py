"""What it costs, measured on the stand-ins: rates, requests per bug, peak memory, as ratios."""
