"""Serving the console on this machine until it is stopped."""

import errno
import gc
import socket
from collections.abc import Callable
from datetime import datetime

import uvicorn

from care.console.alone import HOST, Turnstile, UnableToServe, build_alone
from care.domain.role import Role
from care.runtime import Runtime


def serve(
    open_house: Callable[[], Runtime],
    *,
    name: str,
    role: Role,
    port: int,
    clock: Callable[[], datetime],
    tell: Callable[[str], None],
) -> None:
    """Serve the console on loopback; ``tell`` gets the address that lets ``name`` in once.

    Raises:
        UnableToServe: the port is taken, or may not be.
    """
    open_house()
    with _listen(port) as listener:
        turnstile = Turnstile(name=name, role=role)
        app = build_alone(open_house, turnstile, clock=clock)
        taken = listener.getsockname()[1]
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, lifespan="off"
        )
        gc.freeze()  # what is there by now stays, and no page waits until it is looked through
        tell(
            f"The console is open on this machine. {name} comes in once with this address:\n\n"
            f"  http://{HOST}:{taken}/enter?token={turnstile.token}\n\n"
            "Ctrl-C closes it."
        )
        uvicorn.Server(config).run(sockets=[listener])


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            why = f"port {port} is taken. Is the console open already? Else take another: --port 0"
        else:
            why = f"port {port}: {error.strerror}. Take another one: --port 0"
        raise UnableToServe(f"{why} takes any that is free.") from None
    return listener
