"""What a person meets: the command line, the HTTP service, the watchers, the engine's keeper."""
