"""How an adapter writes: measured beside the base model and the adapter in service, on mail none of them has seen."""
