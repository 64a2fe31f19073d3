"""Who may ask, and for what: tokens and their scopes, origins, pairing, limits, and what is written down of it."""
