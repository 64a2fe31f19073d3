"""From the archive to an adapter, in a child process of its own."""
