"""Access tokens for tests."""


class Tokens:
    """Hands out the first token until it is refused, then the next; the last one stays."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = [*tokens]
        self.asked_fresh = 0

    def access_token(self, *, fresh: bool = False) -> str:
        """Return a token."""
        if fresh:
            self.asked_fresh += 1
            self._tokens = self._tokens[1:] or self._tokens
        return self._tokens[0]
