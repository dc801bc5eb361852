"""What goes wrong at the sandbox's Microsoft, and what another process may set there."""

from urllib.parse import quote

import pytest

from sandbox.faults import Fault
from sandbox.server import Sandbox
from tests.sandbox.microsoft_client import IMMUTABLE, Client, Loopback, staff


def set_over_http(sandbox: Sandbox, name: str, **body: object) -> int:
    return Loopback().post(f"{sandbox.microsoft_url}/sandbox/{name}", json=body).status_code


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("throttle_429", 429, "ApplicationThrottled"),
        ("unavailable_503", 503, "ServiceUnavailable"),
        ("server_500", 500, "InternalServerError"),
        ("unauthorised_401", 401, "InvalidAuthenticationToken"),
    ],
)
def test_graph_says_what_is_wrong_in_its_own_words(
    sandbox: Sandbox, kind: str, status: int, code: str
):
    client = Client(sandbox)
    sandbox.faults.append(Fault(sandbox.calls, kind, retry_after=7))
    answer = client.get("users")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.headers["Retry-After"] == "7"
    assert client.get("users").status_code == 200


def test_one_part_of_a_batch_goes_wrong(sandbox: Sandbox):
    client = Client(sandbox)
    address = staff(sandbox)[0]
    parts = [
        {"id": str(number), "method": "GET", "url": f"users/{address}/mailFolders/inbox"}
        for number in range(3)
    ]
    expected = {
        "part_429": [200, 429, 200],
        "part_500": [200, 500, 200],
        "part_missing": [200, 200],
    }
    for kind, statuses in expected.items():
        sandbox.faults.append(Fault(sandbox.calls, kind, part=1, retry_after=3))
        answer = client.http.post(f"{client.root}/$batch", json={"requests": parts})
        assert answer.status_code == 200
        assert [one["status"] for one in answer.json()["responses"]] == statuses
        throttled = [one for one in answer.json()["responses"] if one["status"] == 429]
        assert [one["headers"]["Retry-After"] for one in throttled] == ["3"] * len(throttled)


def test_a_batch_that_is_none(sandbox: Sandbox):
    client = Client(sandbox)
    answer = client.http.post(f"{client.root}/$batch", data="no batch")
    assert answer.status_code == 400


def test_another_process_sets_the_tenant_and_the_quirks(sandbox: Sandbox):
    address = staff(sandbox)[0]
    assert set_over_http(sandbox, "tenant", denied=[address], roles=["Mail.ReadBasic.All"]) == 200
    client = Client(sandbox)
    assert client.error("users") == (403, "Authorization_RequestDenied")
    assert client.error(f"users/{address}/messages") == (403, "ErrorAccessDenied")
    assert set_over_http(sandbox, "graph-quirks", generation=5, empty_page_share=1.0) == 200
    path = f"users/{staff(sandbox)[1]}/mailFolders/inbox/messages/delta?$select=id"
    assert client.ok(path, IMMUTABLE)["value"] == []
    assert set_over_http(sandbox, "graph-quirks", no_such_thing=1) == 400


def test_nothing_can_be_written(sandbox: Sandbox):
    client = Client(sandbox)
    path = f"{client.root}/users/{staff(sandbox)[0]}/messages"
    assert client.http.post(path, json={}).status_code == 405
    assert client.http.delete(f"{path}/x").status_code == 405


def test_paths_that_lead_nowhere(sandbox: Sandbox):
    client = Client(sandbox)
    address = staff(sandbox)[0]
    for path in ("groups", "users/delta/more", f"users/{address}/drive", f"users/{address}/events"):
        assert client.get(path).status_code == (404 if "delta/more" in path else 400), path
    assert client.http.get(f"{sandbox.microsoft_url}/elsewhere").status_code == 404


def test_a_link_may_lose_its_state_at_once_and_so_may_a_next_page(sandbox: Sandbox):
    client, path = Client(sandbox), f"users/{staff(sandbox)[0]}/mailFolders/inbox/messages/delta"
    link = client.round(path, IMMUTABLE)[1]
    following = client.ok(path, IMMUTABLE)["@odata.nextLink"]
    for kind, asked in (("sync_expired", link), ("page_expired", following)):
        fault = Fault(sandbox.calls, kind)
        sandbox.faults.append(fault)
        client.ok(path, IMMUTABLE)  # a first request has no state to lose
        assert client.error(asked, IMMUTABLE) == (410, "SyncStateNotFound")
        assert fault.times == 0
        client.ok(asked, IMMUTABLE)


def test_a_page_may_be_told_in_another_order_or_once_more(sandbox: Sandbox):
    sandbox.world.graph_quirks.empty_page_share = sandbox.world.graph_quirks.repeat_share = 0
    client, folders = Client(sandbox), f"users/{staff(sandbox)[0]}/mailFolders"
    path = f"{folders}/{quote(client.ok(f'{folders}/inbox')['id'])}/messages/delta"
    first = client.ok(path, IMMUTABLE)
    second = client.ok(first["@odata.nextLink"], IMMUTABLE)
    sandbox.faults.append(Fault(sandbox.calls, "reordered"))
    assert client.ok(path, IMMUTABLE)["value"] == first["value"][::-1]
    sandbox.faults.append(Fault(sandbox.calls, "replayed"))
    assert client.ok(path, IMMUTABLE) == first  # no page was before it
    again = client.ok(first["@odata.nextLink"], IMMUTABLE)
    assert again["value"] == first["value"] + second["value"]
    assert again["@odata.nextLink"] == second["@odata.nextLink"]


def test_access_tokens_end_when_they_are_told_to(sandbox: Sandbox):
    client = Client(sandbox)
    assert set_over_http(sandbox, "expire_tokens") == 200
    assert client.error("users") == (401, "InvalidAuthenticationToken")
    client.sign_in()
    client.ok("users")


def test_what_is_too_much_is_refused_until_the_window_has_passed(sandbox: Sandbox):
    limits, now_s = sandbox.microsoft.limits, [0.0]
    limits.now_s = lambda: now_s[0]
    assert set_over_http(sandbox, "graph-limits", mailbox_requests=3, directory_units=5) == 200
    client, other = Client(sandbox), f"users/{staff(sandbox)[1]}/messages"
    mailbox = f"users/{staff(sandbox)[0]}/messages"
    for _ in range(3):
        client.ok(mailbox)
        now_s[0] += 100
    answer = client.get(mailbox)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "400")
    told = Loopback().post(f"{sandbox.microsoft_url}/sandbox/graph-spending", json={}).json()
    assert told == {"served": 3, "refused": 1, "fullest": 4 / 3}
    client.ok(other)  # another mailbox has a window of its own
    now_s[0] += 399  # what was refused counts too
    assert client.get(mailbox).status_code == 429
    now_s[0] += 700
    client.ok(mailbox)
    client.ok("users")
    client.ok("users?$expand=manager&$top=999")
    assert client.error("users?$select=id") == (429, "ApplicationThrottled")
    now_s[0] += 10
    for _ in range(5):
        client.ok("users?$select=id&$top=5")


def test_no_more_requests_for_one_mailbox_at_once_than_its_limit(sandbox: Sandbox):
    assert set_over_http(sandbox, "graph-limits", mailbox_at_once=1) == 200
    client, beside = Client(sandbox), Client(sandbox)
    one, other = (f"users/{address}/messages" for address in staff(sandbox)[:2])
    met = []

    def ask() -> None:
        met.extend(beside.get(path).status_code for path in (one, other, "users"))

    sandbox.faults.append(Fault(sandbox.calls, "kill", call=ask))  # before it is answered
    client.ok(one)
    assert met == [429, 200, 200]
    assert beside.get(one).status_code == 200
