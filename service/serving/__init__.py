"""Which adapter writes for an account: beside the model, or put into it."""
