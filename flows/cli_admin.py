"""The commands that look after people."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from stages.errors import ConfigError

users_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The people who may sign in."
)


@users_app.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="Name to sign in with.")],
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Read the password, one line, from standard input."),
    ] = False,
    reset: Annotated[
        bool,
        typer.Option("--reset", help="Give a known user a new password and end their sessions."),
    ] = False,
) -> None:
    """Add somebody who may review, or give them a new password.

    Asks for the password in a terminal; without one, hand it in with --password-stdin.
    """
    from flows.kitchen import open_store
    from store.passwords import check_password, hash_password
    from store.settings import load_settings
    from store.users import add_user as add
    from store.users import set_password

    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif not sys.stdin.isatty():
        raise ConfigError(
            "There is no terminal to ask for the password. Hand it in as one line: "
            f"spoonful users add {name}{' --reset' if reset else ''} --password-stdin < FILE"
        )
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    check_password(password, name)
    db = open_store(load_settings())
    if reset:
        if not set_password(db, name, hash_password(password)):
            raise ConfigError(f"There is no user {name}.")
    else:
        add(db, name, hash_password(password))
    typer.echo(f"{name} can sign in.")


@users_app.command("list")
def list_users() -> None:
    """Everybody who may sign in, and who no longer may."""
    from flows.kitchen import open_store
    from store.settings import load_settings
    from store.users import list_users as list_all

    for user in list_all(open_store(load_settings())):
        state = f"disabled {user.disabled_at:%Y-%m-%d}" if user.disabled_at else "active"
        typer.echo(f"{user.name}\t{state}\tsince {user.created_at:%Y-%m-%d}")


@users_app.command("disable")
def disable_user(name: Annotated[str, typer.Argument(help="Whose access ends now.")]) -> None:
    """End somebody's access and their sessions. Their decisions stay on record."""
    from flows.kitchen import open_store
    from store.settings import load_settings
    from store.users import disable_user as disable

    if not disable(open_store(load_settings()), name):
        raise ConfigError(f"There is no active user {name}.")
    typer.echo(f"{name} can no longer sign in.")
