// In Gmail's page: a button at every compose.
