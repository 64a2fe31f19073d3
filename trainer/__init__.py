"""From the archive to an adapter, in a child process of its own."""

import logging

# On each start it says that it would rather fetch a kernel from a hub. Nothing is fetched here.
logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
