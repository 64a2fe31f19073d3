"""Fills in the add-on's deployment, and writes the lines it needs in cyrano.toml. Needs nothing but Python.

usage: fill.py https://cyrano.example.org > filled.json
       fill.py https://cyrano.example.org --authorization authorization.json    prints the lines for cyrano.toml
"""  # noqa: INP001  a script, no package

import argparse
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TEMPLATE = Path(__file__).with_name("deployment.json")
LOGO = "https://fonts.gstatic.com/s/i/googlematerialicons/markunread_mailbox/v6/black-24dp/1x/gm_markunread_mailbox_black_24dp.png"
"""A letter box, from Google's own examples."""


def main(arguments: list[str] | None = None) -> int:
    """Run the script."""
    given = _parser().parse_args(arguments)
    try:
        url = public(given.url)
        if given.authorization:
            said = section(url, json.loads(given.authorization.read_text(encoding="utf-8")))
        else:
            said = fill(url, given.logo)
    except (ValueError, KeyError, TypeError, OSError) as error:
        words = f"{given.authorization} has no {error}" if isinstance(error, KeyError) else str(error)
        sys.stderr.write(f"fill.py: {words}\n")
        return 2
    sys.stdout.write(said)
    return 0


def fill(url: str, logo: str = LOGO) -> str:
    """Return the deployment for a service that Google finds at `url`."""
    deployment = _filled(json.loads(TEMPLATE.read_text(encoding="utf-8")), url, public(logo, may_have_path=True))
    return f"{json.dumps(deployment, indent=2)}\n"


def section(url: str, authorization: dict[str, str]) -> str:
    """Return the section [addon] of cyrano.toml, with what `gcloud workspace-add-ons get-authorization` said."""
    values = {
        "url": url,
        "service_account": authorization["serviceAccountEmail"],
        "client_id": authorization["oauthClientId"],
    }
    lines = ["[addon]", "enabled = true", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def public(url: str, *, may_have_path: bool = False) -> str:
    """Return an address that Google can reach, without a slash at its end.

    Raises:
        ValueError: it is none.
    """
    parts = urlsplit(url.strip())
    has_more = parts.query or parts.fragment or "@" in parts.netloc or (parts.path.strip("/") and not may_have_path)
    if parts.scheme != "https" or not parts.hostname or has_more:
        raise ValueError(
            f"{url} will not do: write https:// and a public host name, such as https://cyrano.example.org"
        )
    return f"https://{parts.netloc.lower()}{parts.path}".rstrip("/")


def _filled(part: Any, url: str, logo: str) -> Any:  # noqa: ANN401  whatever JSON can hold
    if isinstance(part, dict):
        return {key: _filled(value, url, logo) for key, value in part.items()}
    if isinstance(part, list):
        return [_filled(each, url, logo) for each in part]
    if not isinstance(part, str):
        return part
    return logo if part == "LOGO" else url + part.removeprefix("URL") if part.startswith("URL/") else part


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("url", help="where Google finds this service, such as https://cyrano.example.org")
    parser.add_argument("--logo", default=LOGO, help="a picture that Google can fetch")
    parser.add_argument("--authorization", type=Path, help="what get-authorization said, as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
