"""From mail that comes in to one draft in the Drafts folder, and what becomes of it."""
