"""From a request to a draft: what is asked, what is found, what is written, and what of it can be traced."""
