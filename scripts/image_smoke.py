"""Tries the container image out: `image_smoke.py IMAGE ROOT`, with ROOT its mounted files.

It starts the image's own entrypoint as the image's user in a read-only root, against the sandbox
on its default ports, and ends at the first thing that is not as promised. What it finds goes to
stdout, what the processes say to stderr. Called by `scripts/image-smoke`, as root.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2

_WITHIN_S = 20.0
_GATEWAY, _ADMIN = "http://127.0.0.1:8080", "http://127.0.0.1:8081"
_ORDERCLOUD, _CDP = "http://127.0.0.1:8101", "http://127.0.0.1:8102"
_VISITOR = {"grant_type": "client_credentials", "client_id": "storefront-client"}
_CONFINE = """
set -e
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
mount -t tmpfs -o mode=1777 volume "$root/data"
mount -o remount,bind,ro "$root"
exec chroot --userspec="$user" "$root" env -i -C "$folder" "$@"
"""


@dataclass(frozen=True)
class Image:
    """What the image says of itself, and where its files are."""

    root: Path
    user: str
    folder: str
    environment: list[str]
    entrypoint: list[str]
    health_check: list[str]

    def start(self, command: list[str]) -> subprocess.Popen[bytes]:
        """Start *command* in the image, confined as a hardened runtime would do it."""
        return subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", _CONFINE, "sh", *self.environment, *command],
            env={**os.environ, "root": str(self.root), "user": self.user, "folder": self.folder},
            stdout=sys.stderr,
        )

    def succeeds(self, *command: str) -> bool:
        """Run *command* in the image to its end."""
        return self.start(list(command)).wait(_WITHIN_S) == 0


def read_image(name: str, root: Path) -> Image:
    """Read user, environment and commands out of the image, not out of the Dockerfile."""
    described = subprocess.check_output(["buildah", "inspect", "--type", "image", name])
    config = json.loads(described)["Docker"]["config"]
    return Image(
        root=root,
        user=config["User"],
        folder=config["WorkingDir"],
        environment=config["Env"],
        entrypoint=config["Entrypoint"],
        health_check=config["Healthcheck"]["Test"][1:],
    )


def expect(holds: object, what: str) -> None:
    """Say that *what* holds, or end the trial."""
    print("ok  " if holds else "FAIL", what, flush=True)
    if not holds:
        sys.exit(1)


def becomes_true(holds: Callable[[], object]) -> bool:
    """Wait until *holds* gives something true, or no longer."""
    deadline = time.monotonic() + _WITHIN_S
    while time.monotonic() < deadline:
        with suppress(httpx2.TransportError):
            if holds():
                return True
        time.sleep(0.1)
    return False


def answers(url: str) -> bool:
    """Wait until *url* answers with success, or no longer."""
    return becomes_true(lambda: httpx2.get(url).is_success)


def list_placement(page_size: int) -> httpx2.Response:
    """Ask for a placement as an anonymous visitor."""
    token = httpx2.post(f"{_ORDERCLOUD}/oauth/token", data=_VISITOR).json()["access_token"]
    return httpx2.get(
        f"{_GATEWAY}/placements/home-hero",
        params={"pageSize": page_size},
        headers={"Authorization": f"Bearer {token}"},
        timeout=_WITHIN_S,
    )


def is_listing() -> bool:
    """Tell whether a list request has reached OrderCloud since the log was cleared."""
    requests = httpx2.get(f"{_ORDERCLOUD}/_sandbox/requests").json()
    return any(request["path"] == "/v1/me/products" for request in requests)


def try_serving(image: Image, gateway: subprocess.Popen[bytes]) -> None:
    """Check what the running gateway answers, and as whom it runs."""
    expect(answers(f"{_ADMIN}/livez"), "/livez answers")
    expect(answers(f"{_ADMIN}/readyz"), "/readyz answers")
    expect(image.succeeds(*image.health_check), "the image's health check passes")
    expect(list_placement(4).json()["Items"], "a placement lists products")
    user_id = Path(f"/proc/{gateway.pid}").stat().st_uid
    expect(user_id == int(image.user.split(":")[0]) != 0, f"it runs as user {user_id}")
    expect(not image.succeeds("touch", "/app/rules/new.yaml"), "nothing can be written")


def try_stopping(gateway: subprocess.Popen[bytes]) -> None:
    """Check that SIGTERM lets the request under way end, and then the process."""
    late = {"match": "/v1/me/", "latency_ms": 2000}
    httpx2.put(f"{_ORDERCLOUD}/_sandbox/faults", json=late).raise_for_status()
    httpx2.delete(f"{_ORDERCLOUD}/_sandbox/requests").raise_for_status()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(list_placement, 5)
        expect(becomes_true(is_listing), "a request waits for OrderCloud")
        gateway.terminate()
        expect(answer.result().is_success, "SIGTERM lets the request under way end")
    expect(gateway.wait(_WITHIN_S) == 0, "SIGTERM ends the gateway with exit code 0")


def main(name: str, root: str) -> None:
    """Try image *name* out."""
    image = read_image(name, Path(root))
    run_sandbox = [sys.executable, "-m", "proxy", "sandbox"]
    sandbox = subprocess.Popen(run_sandbox, stdout=sys.stderr)
    gateway = image.start(image.entrypoint)
    try:
        expect(answers(f"{_CDP}/_sandbox/clock"), "the sandbox is up")
        try_serving(image, gateway)
        try_stopping(gateway)
    finally:
        gateway.kill()
        sandbox.terminate()


if __name__ == "__main__":
    main(*sys.argv[1:])
