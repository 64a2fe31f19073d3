"""Ways to train, compared: each cell of a table in a process of its own."""
