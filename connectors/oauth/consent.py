"""A person's consent: in the browser of this machine, in one elsewhere, or on another device.

The first two are the authorisation code flow with PKCE (RFC 7636, RFC 8252): only who began it can end it, so that an
address that was read over somebody's shoulder is worth nothing. The third is RFC 8628.

google_auth_oauthlib makes the address and the verifier. The code is redeemed by `TokenEndpoint`, because the library's
way takes a consent to less than was asked for as an error that carries the tokens, and writes them to the log.
"""

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from connectors.errors import AuthError, Unreachable, UsageError
from connectors.oauth.endpoint import Grant, Refused, TokenEndpoint, refusal
from connectors.oauth.loopback import Answer, Loopback, read_answer

if TYPE_CHECKING:
    from google_auth_oauthlib.flow import Flow

CONSENT_TIMEOUT_S = 600.0

_PASTE_PORT = 47811
"""Most likely nothing listens there: the browser shows an error, and the address it could not open holds the code.

Low ports are more surely silent, but browsers refuse to go there. Whoever did listen could not use the code.
"""

_SLOWER_S = 5.0
"""RFC 8628, 3.5: what "slow_down" adds to the interval."""


class Consent:
    """Asking a person for consent, once."""

    def __init__(self, endpoint: TokenEndpoint, *, login_hint: str = "") -> None:
        self._endpoint = endpoint
        self._provider = endpoint.provider
        self._login_hint = login_hint

    def by_browser(self, show: Callable[[str], None], *, timeout_s: float = CONSENT_TIMEOUT_S) -> Grant:
        """Send the browser of this machine to the provider, and wait until it comes back.

        Args:
            show: Opens an address.
            timeout_s: How long a person may take.

        Raises:
            AuthError: the person did not consent, or not in time.
            Unreachable: the provider does not answer.
        """
        loopback = Loopback()
        flow = self._flow(loopback.port)
        url, state = self._url(flow)
        with loopback.listening(state):
            show(url)
            answer = loopback.wait(timeout_s)
        if answer is None:
            hint = "Run the command again; where this machine has no browser, with --headless."
            raise AuthError(f"Nobody consented within {timeout_s / 60:.0f} minutes.", hint=hint)
        return self._redeem(flow, answer)

    def by_paste(self, ask: Callable[[str], str]) -> Grant:
        """Have a person open an address in any browser, and give back the one it ended at.

        Args:
            ask: Shows an address, and returns what the person pasted: the whole address, or the code alone.

        Raises:
            AuthError, Unreachable: as with `by_browser`.
            UsageError: what was pasted belongs to another consent.
        """
        flow = self._flow(_PASTE_PORT)
        url, state = self._url(flow)
        return self._redeem(flow, _read_pasted(ask(url).strip(), state))

    def by_device(
        self,
        tell: Callable[[str, str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Grant:
        """Have a person type a code on another device, and wait until they did.

        Args:
            tell: Shows the address to go to, and the code to type there.
            clock: Counts seconds.
            sleep: Waits for seconds.

        Raises:
            AuthError, Unreachable: as with `by_browser`.
            UsageError: the provider has no such way.
        """
        if not self._provider.device_uri:
            hint = "Use --headless instead: a browser anywhere serves."
            raise UsageError(f"{self._provider.title} has no sign-in by code for mail.", hint=hint)
        code = self._endpoint.device_code()
        tell(code.verification_uri, code.user_code)
        interval_s, gives_up_at = code.interval_s, clock() + code.expires_in_s
        while clock() < gives_up_at:
            sleep(interval_s)
            try:
                return self._checked(self._endpoint.redeem_device_code(code.device_code))
            except Unreachable:
                interval_s *= 2  # RFC 8628, 3.5
            except Refused as error:
                if error.code not in {"authorization_pending", "slow_down"}:
                    raise
                interval_s += _SLOWER_S if error.code == "slow_down" else 0
        raise AuthError("Nobody typed the code in time.", hint="Run the command again.")

    def _flow(self, port: int) -> "Flow":
        from google_auth_oauthlib.flow import Flow  # noqa: PLC0415  slow to import, and seldom needed

        provider = self._provider
        # The secret is not told: only what makes the address is used.
        client = {"client_id": self._endpoint.client_id, "client_secret": ""}
        uris = {"auth_uri": provider.auth_uri, "token_uri": provider.token_uri}
        uri = f"http://{provider.redirect_host}:{port}"
        return Flow.from_client_config({"installed": client | uris}, provider.scope.split(), redirect_uri=uri)

    def _url(self, flow: "Flow") -> tuple[str, str]:
        state = secrets.token_urlsafe(32)
        hint = {"login_hint": self._login_hint} if self._login_hint else {}
        url, _ = flow.authorization_url(state=state, **dict(self._provider.extras), **hint)
        return str(url), state

    def _redeem(self, flow: "Flow", answer: Answer) -> Grant:
        if answer.error or not answer.code:
            raise refusal({"error": answer.error}, self._provider)
        redirect_uri, verifier = str(flow.redirect_uri), str(flow.code_verifier)
        try:
            grant = self._endpoint.redeem_code(answer.code, redirect_uri=redirect_uri, verifier=verifier)
        except Refused as error:
            if error.code != "invalid_grant":
                raise
            hint = "A code serves once, for some minutes, and only the attempt it was made for. Run the command again."
            raise AuthError(f"{self._provider.title} did not take the code.", hint=hint) from error
        return self._checked(grant)

    def _checked(self, grant: Grant) -> Grant:
        if self._provider.is_granular and grant.scope:
            missing = set(self._provider.scope.split()) - set(grant.scope.split())
            if missing:
                hint = "Sign in again, and tick every box."
                raise AuthError(f"Not all was allowed; {', '.join(sorted(missing))} is missing.", hint=hint)
        if not grant.refresh_token:
            hint = "Take this program's access back in the provider's account settings, then sign in again."
            raise AuthError(f"{self._provider.title} gave no lasting consent.", hint=hint)
        return grant


def _read_pasted(pasted: str, state: str) -> Answer:
    if not pasted:
        raise UsageError("Nothing was pasted.", hint="Run the command again.")
    if not any(sign in pasted for sign in ("://", "code=", "state=")):
        return Answer(code=pasted, error="")
    answer = read_answer(pasted, state)
    if answer is None:
        hint = "Paste the whole address that the browser ends at after you consented, from this very attempt."
        raise UsageError("That address holds no answer to this question.", hint=hint)
    return answer
