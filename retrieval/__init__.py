"""From a request to a prompt: embeddings, the index, ranking, and the one prompt."""
