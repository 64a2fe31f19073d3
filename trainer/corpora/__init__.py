"""Text other than mail, made into examples."""
