"""A whole forum on this machine: board, key holder and each node's command as real processes.

What the demonstration runs, and what tests kill.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stillwatch.core.errors import ExternalError
from stillwatch.sharing.forum import founding, node

_HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 60.0
_STEP_SECONDS: Final = 300.0
_POLL_SECONDS: Final = 0.05
_STOP_SECONDS: Final = 10.0


@dataclass(slots=True)
class LocalForum:
    """The processes of one forum.

    Attributes:
        folder: Holds `forum`, `keyholder`, `node-NAME`, and the output of both servers.
        names: Of the members.
        ports: Of board and key holder.
        servers: The running ones, by name.
    """

    folder: Path
    names: Sequence[str]
    ports: tuple[int, int]
    servers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def found(self) -> None:
        """Make forum, key holder and nodes.

        Raises:
            ConfigError: The folder holds some of it already.
            ExternalError: The disk or a command failed.
        """
        forum, (board, keys) = self.folder / "forum", [f"https://{_HOST}:{p}" for p in self.ports]
        founding.found(forum, self.names, board, keys, int(time.time()))
        self.run("keyholder", "init", str(self.folder / "keyholder"), "--forum", str(forum))
        for name in self.names:
            node.join(self.folder / f"node-{name}", forum, name)

    def start(self, server: str) -> None:
        """Start `board` or `keyholder`, and wait until it answers.

        Raises:
            ExternalError: It did not start.
        """
        at = {"board": ("forum", self.ports[0]), "keyholder": ("keyholder", self.ports[1])}
        place, port = at[server]
        words = [server, "serve", str(self.folder / place), "--port", str(port)]
        with (self.folder / f"{server}.log").open("ab") as output:
            process = subprocess.Popen(_command(words), stdout=output, stderr=output)  # noqa: S603
        self.servers[server] = process
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(OSError), socket.create_connection((_HOST, port), 1):
                return
            time.sleep(_POLL_SECONDS)
        raise ExternalError(f"the {server} did not start", f"see {self.folder / server}.log")

    def kill(self, server: str) -> None:
        """Kill a server as a power cut would, and wait for its end."""
        process = self.servers.pop(server)
        process.kill()
        process.wait()

    def share(self, name: str, *words: str) -> dict[str, object]:
        """Run a command of a member's node and return what it says.

        Raises:
            ExternalError: It failed.
        """
        return self.run("share", *words, "--node", str(self.folder / f"node-{name}"))

    def run(self, *words: str) -> dict[str, object]:
        """Run a command with `--json` and return what it says.

        Raises:
            ExternalError: It failed; the message is the command's own.
        """
        done = subprocess.run(  # noqa: S603
            _command([*words, "--json"]), capture_output=True, check=False, timeout=_STEP_SECONDS
        )
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
            raise ExternalError(f"{' '.join(words[:2])}: {said or done.returncode}")
        content = json.loads(done.stdout)
        if not isinstance(content, dict):
            raise ExternalError(f"{' '.join(words[:2])}: printed no object")
        return content

    def stop(self) -> None:
        """End the servers."""
        for process in self.servers.values():
            process.terminate()
        for process in self.servers.values():
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.servers.clear()


@contextmanager
def running(folder: Path, names: Sequence[str]) -> Iterator[LocalForum]:
    """Found a forum in an empty folder, serve it on loopback, and stop it in the end.

    Raises:
        ExternalError: Something did not start.
    """
    forum = LocalForum(folder, names, (free_port(), free_port()))
    try:
        forum.found()
        forum.start("board")
        forum.start("keyholder")
        yield forum
    finally:
        forum.stop()


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def _command(words: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "stillwatch", *words]
