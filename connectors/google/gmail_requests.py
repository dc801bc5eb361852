"""Every request that kith makes of Gmail, with its parameters.

Here: listing, history, profile, the paths of what is fetched in batches. Not here: sending them
(access.py), in which order (gmail.py, fetching.py).

The client takes nine milliseconds to put a resource together and a tenth of one for a request, so
the resources are made once, and so are the paths of batches, which differ in nothing but an id.
"""

from urllib.parse import quote, urlsplit

from googleapiclient.discovery import Resource
from googleapiclient.http import HttpRequest

from connectors.google.access import Endpoints, service
from connectors.google.messages import FIELDS, METADATA_HEADERS

LISTED_AT_ONCE = 500  # Gmail gives no more, for the list and for the history
HISTORY_FIELDS = (
    "history(messagesAdded/message(id,threadId,labelIds),messagesDeleted/message/id,"
    "labelsAdded(labelIds,message(id,threadId,labelIds)),"
    "labelsRemoved(labelIds,message(id,threadId,labelIds))),nextPageToken,historyId"
)
_OWN = "me"
_PLACE = "kith0id"


class GmailRequests:
    """The requests at one endpoint; may be used by several threads.

    batch_uri  where batches go
    """

    def __init__(self, endpoints: Endpoints) -> None:
        """Put the resources together."""
        self._users = service("gmail", "v1", endpoints.gmail).users()
        self._messages, self._history = self._users.messages(), self._users.history()
        self._message_path = _path(self._messages, FIELDS)
        self._thread_path = _path(self._users.threads(), f"messages({FIELDS})")
        self.batch_uri = endpoints.gmail_batch

    def profile(self) -> HttpRequest:
        """Whose mailbox it is, how much it holds, where its history stands."""
        return self._users.getProfile(userId=_OWN, fields="emailAddress,historyId,messagesTotal")

    def listing(self, token: str | None, label_id: str | None) -> HttpRequest:
        """A page of ids, newest first: of all mail, or of what a label such as TRASH holds."""
        return self._messages.list(
            userId=_OWN,
            maxResults=LISTED_AT_ONCE,
            pageToken=token,
            labelIds=[label_id] if label_id else None,
            includeSpamTrash=True if label_id else None,
            fields="messages(id,threadId),nextPageToken",
        )

    def history(self, start: str, token: str | None) -> HttpRequest:
        """A page of what happened after a place in the history."""
        return self._history.list(
            userId=_OWN,
            startHistoryId=start,
            maxResults=LISTED_AT_ONCE,
            pageToken=token,
            fields=HISTORY_FIELDS,
        )

    def message_path(self, message_id: str) -> str:
        """Path and query of messages.get."""
        return self._message_path.replace(_PLACE, quote(message_id, safe=""))

    def thread_path(self, thread_id: str) -> str:
        """Path and query of threads.get."""
        return self._thread_path.replace(_PLACE, quote(thread_id, safe=""))


def _path(resource: Resource, fields: str) -> str:
    """Path and query of ``get`` for the id _PLACE."""
    request = resource.get(
        userId=_OWN,
        id=_PLACE,
        format="metadata",
        metadataHeaders=METADATA_HEADERS,
        fields=fields,
    )
    parts = urlsplit(request.uri)
    return f"{parts.path}?{parts.query}"
