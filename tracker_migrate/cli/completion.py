"""`completion`: what makes a shell complete commands, options, targets and bugs."""

from __future__ import annotations

import rich_click as click
from click.shell_completion import get_completion_class

from tracker_migrate.cli import screen

DONE = 0
SHELLS = ("bash", "zsh", "fish")
PROGRAM, VARIABLE = "tracker-migrate", "_TRACKER_MIGRATE_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print what makes a shell complete commands, options, names of targets and numbers of bugs.

    In ~/.bashrc or ~/.zshrc: eval "$(tracker-migrate completion bash)", or zsh. For fish, a file:
    ~/.config/fish/completions/tracker-migrate.fish

    Example: `tracker-migrate completion bash`
    """
    made = get_completion_class(shell)
    assert made is not None
    for line in made(context.find_root().command, {}, PROGRAM, VARIABLE).source().splitlines():
        screen.echo(line)
    return DONE
