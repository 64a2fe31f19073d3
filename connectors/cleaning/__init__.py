"""From the bytes of a mail to what its sender typed: pure parsing, nothing here reads or writes anything else."""
