"""One real server's process for tests: found, started as the right user, awaited, stopped."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from runtime.errors import SetupError

PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def find_binary(name: str, packages: str, *, folders: Sequence[Path] = ()) -> str:
    """Return a program's path, looking into ``folders`` first, or raise SetupError."""
    for folder in folders:
        if os.access(folder / name, os.X_OK):
            return str(folder / name)
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/local/sbin")
    if path is None:
        raise SetupError(f"{name} is missing: apt-get install {packages}")
    return path


def free_ports(count: int) -> list[int]:
    """Return loopback TCP ports that nobody listens on at this moment."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def choose_port(asked: int | None) -> int:
    """Return the port asked for, a SetupError if it is taken, or else a free one."""
    if asked is None:
        return free_ports(1)[0]
    if answers(asked):
        raise SetupError(f"port {asked} is taken: stop what listens there or choose another")
    return asked


def unprivileged(user: str) -> str | None:
    """Return ``user`` if we are root and it exists, the one to run servers as, else None."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(user).pw_name
    except KeyError:
        return None


def _die_with_parent() -> None:
    # A test run that is killed must not leave servers behind.
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class ServerProcess:
    """A server in the foreground, its output in a log file. ``stop()`` may be called twice.

    It ends with the thread that started it (Linux counts the parent's death by
    thread), so start servers from the main thread.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        user: str | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.log = log
        self._name = Path(command[0]).name
        with log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=user,
                group=None if user is None else pwd.getpwnam(user).pw_gid,
                extra_groups=None if user is None else [],
                cwd=log.parent,
                env={**os.environ, **(environment or {})},
                # A group of its own, so that Ctrl-C in the terminal ends the
                # tests first and their servers by way of stop().
                process_group=0,
                preexec_fn=_die_with_parent,
            )

    def wait_until(self, ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Poll until ``ready``; a server that ends or takes too long is a SetupError."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if self.process.poll() is not None:
                raise SetupError(f"{self._name} ended at its start: {self._last_words()}")
            if time.monotonic() > deadline:
                self.stop()
                raise SetupError(f"{self._name} was not up in {timeout_s:.0f} s, see {self.log}")
            time.sleep(0.02)

    def stop(self, sig: signal.Signals = signal.SIGTERM, *, timeout_s: float = 10) -> None:
        """Ask the server to end, then insist."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(sig)
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout_s)

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self.process.kill()
        self.process.wait(10)

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"no word, exit code {self.process.returncode}"


def run_tool(
    command: Sequence[str],
    *,
    user: str | None = None,
    timeout_s: float = 60,
    environment: dict[str, str] | None = None,
) -> str:
    """Run a short set-up command and return its output; failing is a SetupError."""
    try:
        done = subprocess.run(  # noqa: S603
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            user=user,
            group=None if user is None else pwd.getpwnam(user).pw_gid,
            extra_groups=None if user is None else [],
            cwd="/",
            env={**os.environ, **(environment or {})},
            timeout=timeout_s,
            check=False,
            text=True,
        )
    except subprocess.TimeoutExpired:
        raise SetupError(f"{Path(command[0]).name} took more than {timeout_s:.0f} s") from None
    if done.returncode != 0:
        words = done.stdout.strip().splitlines() or [f"exit code {done.returncode}"]
        raise SetupError(f"{Path(command[0]).name} failed: {words[-1]}")
    return done.stdout


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """Say whether something accepts TCP connections on a port, of loopback unless told."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


def own_folder(folder: Path, user: str | None) -> None:
    """Make ``folder`` and give it to ``user``, who must be able to reach it."""
    folder.mkdir(parents=True, exist_ok=True)
    if user is None:
        return
    os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    for parent in folder.resolve().parents:
        if not parent.stat().st_mode & 0o001:
            raise SetupError(f"user {user} cannot enter {parent}: choose a directory elsewhere")


@contextlib.contextmanager
def until_interrupted() -> Iterator[None]:
    """Run the body, then wait for Ctrl-C or SIGTERM: the life of ``python -m infra.local…``."""

    def interrupt(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    # SIGINT too: a shell's background jobs are started with it ignored.
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, interrupt)
    with contextlib.suppress(KeyboardInterrupt):
        yield
        signal.pause()
