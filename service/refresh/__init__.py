"""New sent mail becomes a better adapter, with nobody watching."""
