"""Gmail by Google's own interface."""
