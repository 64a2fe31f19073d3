"""`make demo`: Cyrano on a mailbox written for it, from nothing to an adapter that drafts.

Everything goes through the command line a person would use. State lies in `.demo`; `make clean` removes it.
"""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOME = HERE.parent.parent / ".demo"
CYRANO = Path(sys.executable).with_name("cyrano")
OWNERS = {"ana": "Ana Silva", "ben": "Ben Keller"}
INSTRUCTION = "Tell Tom the invoice is paid and ask him for the receipt by Friday."
TO, SUBJECT = "Tom Baker <tom@example.com>", "Invoice"
SERVICE = "http://127.0.0.1:8380"
START_WITHIN_S = 180


def main() -> int:
    """Bring in the mail, start the service, draft, train, draft again, and stay up."""
    is_new = prepare()
    service = subprocess.Popen([CYRANO, "up"], env=environment(), stdout=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: service.terminate())
    try:
        wait_until_ready(service)
        if is_new:
            draft("A draft before training, by the model as it comes:")
            title("Training an adapter on Ana's sent mail")
            cyrano("train", "--account", "ana")
        draft("The same instruction, by the adapter trained on Ana's mail:")
        token = (HOME / "run" / "tokens" / "ana").read_text(encoding="ascii")
        title(f"The web console: {SERVICE}\n  with Ana's token: {SERVICE}/#token={token}\nCtrl-C ends the demo.")
        return service.wait()
    except KeyboardInterrupt:
        return 0
    except subprocess.CalledProcessError as error:
        return error.returncode
    finally:
        service.terminate()
        service.wait()


def prepare() -> bool:
    """Bring in the demo mailboxes; return whether an adapter has yet to be trained."""
    HOME.mkdir(exist_ok=True)
    settings = (HERE / "cyrano.toml").read_text(encoding="utf-8").replace("@MODEL@", str(HERE / "model"))
    (HOME / "cyrano.toml").write_text(settings, encoding="utf-8")
    known = subprocess.run([CYRANO, "account", "list"], env=environment(), check=True, capture_output=True, text=True)
    for name, owner in OWNERS.items():
        if f"{name}  " not in known.stdout:
            mailbox = HERE / "mailbox" / f"{name}.mbox"
            cyrano("account", "add", "mbox", "--path", mailbox, "--address", f"{name}@example.org", "--owner", owner)
    if (HOME / "adapters" / "ana" / "current").exists():
        return False
    title("Reading and indexing the demo mailboxes")
    cyrano("sync")
    for name in OWNERS:
        cyrano("instructions", HERE / "playback" / f"{name}.jsonl", "--account", name)
    return True


def wait_until_ready(service: subprocess.Popen[bytes]) -> None:
    """Wait until the service can draft; it shows its own progress."""
    end = time.monotonic() + START_WITHIN_S
    while time.monotonic() < end:
        if service.poll() is not None:
            raise subprocess.CalledProcessError(service.returncode or 1, "cyrano up")
        try:
            with urllib.request.urlopen(f"{SERVICE}/readyz", timeout=2):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.5)
    sys.exit("The service did not get ready; see .demo/logs/engine.log")


def draft(headline: str) -> None:
    """Print a draft as it streams."""
    title(f"{headline}\n  “{INSTRUCTION}”")
    cyrano("draft", INSTRUCTION, "--account", "ana", "--to", TO, "--subject", SUBJECT)


def cyrano(*arguments: str | Path) -> None:
    """Run a command, its output shown."""
    subprocess.run([CYRANO, *arguments], env=environment(), check=True)


def environment() -> dict[str, str]:
    """The demo's own home folder."""
    return {**os.environ, "CYRANO_HOME": str(HOME)}


def title(text: str) -> None:
    """Print a headline."""
    print(f"\n\033[1m{text}\033[0m", flush=True)


if __name__ == "__main__":
    sys.exit(main())
