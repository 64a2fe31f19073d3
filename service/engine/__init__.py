"""The model server as a child process: what to run, how to keep it running, what its log means."""
