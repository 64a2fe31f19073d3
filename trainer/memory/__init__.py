"""How much memory a run takes, before it runs and while it does."""
