"""What the tests speak to the Microsoft sandbox with: MSAL and requests, nothing of kith."""

from collections.abc import Iterator
from typing import Any

import msal
import requests

from sandbox.boxes import Box
from sandbox.people import MICROSOFT
from sandbox.server import Sandbox
from sandbox.tenant import GraphQuirks

IMMUTABLE = 'IdType="ImmutableId"'
SELECT = (
    "$select=internetMessageId,conversationId,parentFolderId,receivedDateTime,sentDateTime,from,"
    "sender,toRecipients,ccRecipients,bccRecipients,replyTo,isDraft,isRead,internetMessageHeaders"
)
PLAIN = GraphQuirks(empty_page_share=0, repeat_share=0, replay_share=0)


class Loopback(requests.Session):
    """Goes to http where MSAL insists on https, and never to a proxy."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        url = url.replace("https://127.0.0.1", "http://127.0.0.1", 1)
        return super().request(method, url, timeout=30, **options)


class Client:
    """The app, or a person, at Graph. Every answer is kept in ``seen``."""

    def __init__(self, sandbox: Sandbox, address: str | None = None) -> None:
        self.sandbox, self.world = sandbox, sandbox.world
        self.root = f"{sandbox.microsoft_url}/v1.0"
        self.http = Loopback()
        self.seen: list[requests.Response] = []
        self.sign_in(address)

    def sign_in(self, address: str | None = None) -> None:
        token = person_token(self.sandbox, address) if address else app_token(self.sandbox)
        self.http.headers["Authorization"] = f"Bearer {token['access_token']}"

    def get(self, path: str, *prefer: str, **headers: str) -> requests.Response:
        """A path below /v1.0, or a link."""
        url = path if path.startswith("http") else f"{self.root}/{path}"
        if prefer:
            headers["Prefer"] = ", ".join(prefer)
        answer = self.http.get(url, headers=headers)
        self.seen.append(answer)
        return answer

    def ok(self, path: str, *prefer: str) -> dict[str, Any]:
        answer = self.get(path, *prefer)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def error(self, path: str, *prefer: str) -> tuple[int, str]:
        answer = self.get(path, *prefer)
        return answer.status_code, answer.json()["error"]["code"]

    def pages(self, path: str, *prefer: str) -> Iterator[dict[str, Any]]:
        """All pages of a listing or round."""
        link: str | None = path
        while link:
            page = self.ok(link, *prefer)
            yield page
            link = page.get("@odata.nextLink")

    def every(self, path: str, *prefer: str) -> list[dict[str, Any]]:
        return [one for page in self.pages(path, *prefer) for one in page["value"]]

    def round(self, path: str, *prefer: str) -> tuple[list[dict[str, Any]], str]:
        """The items of a delta round and the link to the next one."""
        pages = list(self.pages(path, *prefer))
        return [one for page in pages for one in page["value"]], pages[-1]["@odata.deltaLink"]


def confidential_app(sandbox: Sandbox, credential: Any, tenant: str | None = None) -> Any:
    key = sandbox.world.microsoft_key_file()
    login = key["login_endpoint"].replace("http://", "https://")
    return msal.ConfidentialClientApplication(
        key["client_id"],
        client_credential=credential,
        authority=f"{login}/{tenant or key['tenant_id']}",
        instance_discovery=False,
        http_client=Loopback(),
    )


def app_token(sandbox: Sandbox) -> dict[str, Any]:
    key = sandbox.world.microsoft_key_file()
    app = confidential_app(sandbox, key["client_secret"])
    return app.acquire_token_for_client([f"{key['graph_endpoint']}/.default"])


def public_app(sandbox: Sandbox) -> Any:
    key = sandbox.world.microsoft_key_file()
    login = key["login_endpoint"].replace("http://", "https://")
    return msal.PublicClientApplication(
        key["client_id"],
        authority=f"{login}/{key['tenant_id']}",
        instance_discovery=False,
        http_client=Loopback(),
    )


def person_token(sandbox: Sandbox, address: str) -> dict[str, Any]:
    key = sandbox.world.microsoft_user_file(address)
    app = public_app(sandbox)
    return app.acquire_token_by_refresh_token(key["refresh_token"], scopes(sandbox))


def scopes(sandbox: Sandbox) -> list[str]:
    return [
        f"{sandbox.microsoft_url}/{name}"
        for name in ("Mail.ReadBasic", "Calendars.ReadBasic", "User.Read")
    ]


def staff(sandbox: Sandbox) -> list[str]:
    """Addresses of the Microsoft company's people."""
    return [one.address for one in sandbox.world.directory(MICROSOFT) if one.kind == "person"]


def fullest(sandbox: Sandbox) -> Box:
    """The fullest mailbox."""
    boxes = (sandbox.world.boxes[address] for address in staff(sandbox))
    return max(boxes, key=lambda box: len(box.copies()))


def inbox(box: Box) -> str:
    return f"users/{box.address}/mailFolders/inbox"


def folders(client: Client, box: Box) -> dict[str, str]:
    every = client.every(f"users/{box.address}/mailFolders?includeHiddenFolders=true")
    return {one["displayName"]: one["id"] for one in every}
