"""What people decided: who is who, and what becomes what. Tables beside the settings, to review
like code; no secret and no e-mail address belongs in them."""
