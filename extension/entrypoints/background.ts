// The worker: the only part that talks to the service.
