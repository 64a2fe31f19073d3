"""From the archive to examples: what is learned from, and in which words it was asked for."""
