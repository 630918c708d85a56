"""The commands that look after people."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from stages.errors import ConfigError

users_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The people who may sign in."
)


class RoleName(StrEnum):
    """The roles of `store.users`, without loading the database for `--help`."""

    editor = "editor"
    lead = "lead"
    ops = "ops"
    admin = "admin"


@users_app.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="Name to sign in with.")],
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Read the password, one line, from standard input."),
    ] = False,
    reset: Annotated[
        bool,
        typer.Option(
            "--reset",
            help="Give a known user a new password; end their sessions and API tokens.",
        ),
    ] = False,
    role: Annotated[
        RoleName, typer.Option("--role", help="What they may do. The first user is an admin.")
    ] = RoleName.editor,
) -> None:
    """Add somebody who may review, or give them a new password.

    Asks for the password in a terminal; without one, hand it in with --password-stdin.
    """
    from flows.kitchen import open_store
    from store.passwords import check_password, hash_password
    from store.settings import load_settings
    from store.users import Role, has_users, set_password
    from store.users import add_user as add

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
        # Somebody has to be able to look after people.
        given = Role(role.value) if has_users(db) else Role.ADMIN
        add(db, name, hash_password(password), given)
        if given is not Role(role.value):
            typer.echo(f"The first user is an admin: so {name} is one.", err=True)
    typer.echo(f"{name} can sign in.")


@users_app.command("list")
def list_users() -> None:
    """Everybody who may sign in, and who no longer may."""
    from flows.kitchen import open_store
    from store.settings import load_settings
    from store.users import list_users as list_all

    for user in list_all(open_store(load_settings())):
        state = f"disabled {user.disabled_at:%Y-%m-%d}" if user.disabled_at else "active"
        typer.echo(f"{user.name}\t{state}\tsince {user.created_at:%Y-%m-%d}\t{user.role}")


@users_app.command("role")
def change_role(
    name: Annotated[str, typer.Argument(help="Whose role it is.")],
    role: Annotated[RoleName, typer.Argument(help="What they may do from now on.")],
) -> None:
    """Give somebody another role. There is always one admin left."""
    from flows.kitchen import open_store
    from store.settings import load_settings
    from store.users import LastAdminError, Role, get_user_named, set_role

    db = open_store(load_settings())
    user = get_user_named(db, name)
    if user is None:
        raise ConfigError(f"There is no user {name}.")
    try:
        set_role(db, user.id, Role(role.value), None)
    except LastAdminError as error:
        raise ConfigError(str(error)) from error
    typer.echo(f"{name} is {role.value} now.")


@users_app.command("invite")
def invite(
    role: Annotated[
        RoleName, typer.Option("--role", help="What whoever opens the link may do.")
    ] = RoleName.editor,
    note: Annotated[
        str, typer.Option("--note", help="For whom it is, to tell invites apart.")
    ] = "",
) -> None:
    """Print a link that lets one person in, once, within seven days.

    Whoever opens it chooses a name and a password. People see and revoke invites under /people.
    """
    from flows.kitchen import open_store
    from store.invites import make_invite
    from store.settings import load_settings
    from store.users import Role

    settings = load_settings()
    token = make_invite(open_store(settings), Role(role.value), note, None)
    typer.echo(f"{settings.effective_review_url}/invite/{token}")


@users_app.command("disable")
def disable_user(name: Annotated[str, typer.Argument(help="Whose access ends now.")]) -> None:
    """End somebody's access and their sessions. Their decisions stay on record."""
    from flows.kitchen import open_store
    from store.settings import load_settings
    from store.users import disable_user as disable

    # Even the last admin: whoever may use this command can make another.
    if not disable(open_store(load_settings()), name, keep_admin=False):
        raise ConfigError(f"There is no active user {name}.")
    typer.echo(f"{name} can no longer sign in.")
