"""What a person types: one module per family of commands, each thin."""
