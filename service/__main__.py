"""The command line. Commands load what they need when they run, so that `cyrano --help` is quick."""

import importlib
import logging
import sys
from typing import Any

import click

from connectors.errors import CyranoError

COMMANDS = {
    "account": ("service.commands.account", "Add, list and remove mailboxes."),
    "sync": ("service.commands.mail", "Bring in sent mail and index it."),
    "reindex": ("service.commands.mail", "Rebuild the index from the archive."),
    "export": ("service.commands.mail", "Write out the mail that is learned from, as JSON lines."),
    "exclude": ("service.commands.mail", "Take a mail out of what is learned from."),
    "instructions": ("service.commands.mail", "Bring in instructions written by hand, as JSON lines."),
    "forget": ("service.commands.forget", "Take a person, a message or old mail out of all that is kept."),
    "train": ("service.commands.train", "Train an adapter on an account's mail."),
    "plan": ("service.commands.plan", "Say how much memory a training run takes, and whether it fits."),
    "profile": ("service.commands.profile", "Compare ways to train in one report."),
    "evaluate": ("service.commands.evaluate", "Measure an adapter beside the base model, and judge it."),
    "adapters": ("service.commands.adapters", "List an account's adapters and how they scored."),
    "rollback": ("service.commands.adapters", "Put an earlier adapter back into service."),
    "draft": ("service.commands.draft", "Ask the running service for a draft."),
    "stats": ("service.commands.stats", "Say what became of the drafts."),
    "pair": ("service.commands.pair", "Let a browser in by a code."),
    "token": ("service.commands.token", "Make, list and revoke the tokens programs use."),
    "up": ("service.commands.run", "Start everything on this machine."),
    "engine": ("service.commands.run", "Start the model server alone."),
    "serve": ("service.commands.run", "Start the HTTP service alone."),
    "watch": ("service.commands.run", "Start the mailbox watchers alone."),
    "schedule": ("service.commands.run", "Start the scheduled syncs and refreshes alone."),
    "status": ("service.commands.status", "Say what is running and how it does."),
    "doctor": ("service.commands.status", "Check each part and say what to do."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All commands, in the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        """Import the module of one command."""
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[name][0]), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands from the table above, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cyrano-mail", prog_name="cyrano")
@click.option("-v", "--verbose", is_flag=True, help="Say more about what happens.")
def cli(*, verbose: bool) -> None:
    """Cyrano writes the mail you would have written, on machines you control. It drafts; it never sends."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it tells of every look, seconds apart


def main(argv: list[str] | None = None) -> None:
    """Run the command line: errors as one clear line, exit code 2 for usage, 1 for the rest."""
    try:
        result: Any = cli.main(args=argv, prog_name="cyrano", standalone_mode=False)
    except click.Abort as error:
        if isinstance(error.__context__, EOFError):  # it asked, and there is no terminal
            click.secho("Error: nobody answered.", fg="red", err=True)
            click.echo("  Without a terminal, give the answer as an option: see --help.", err=True)
            sys.exit(2)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except CyranoError as error:
        click.secho(f"Error: {error}", fg="red", err=True)
        if error.hint:
            click.echo(f"  {error.hint}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    sys.exit(result if isinstance(result, int) else 0)


if __name__ == "__main__":
    main()
