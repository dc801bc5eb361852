"""Mail of one mailbox: listings, single messages, and the way to folders and deltas.

Here: who may read it, plain pages of messages.
Not here: deltas (mail_delta.py), folders (folders.py), how a message looks (messages.py).
"""

from collections.abc import Sequence

from sandbox.boxes import Copy
from sandbox.exchange import Answer
from sandbox.microsoft import folders, mail_delta
from sandbox.microsoft.asking import Asking, item, page
from sandbox.microsoft.folders import Folder
from sandbox.microsoft.items import Ids
from sandbox.microsoft.messages import DEFAULT, KEPT_BACK, PROPERTIES, Mailbox, Recipients
from sandbox.microsoft.refusal import Refusal, bad_query, no_access, no_such_item
from sandbox.world import Account

_NEWEST_FIRST = "receiveddatetime desc"


class Mail:
    """The mail routes of one mailbox for one request."""

    def __init__(self, asking: Asking, account: Account, root: str, recipients: Recipients) -> None:
        """``root`` is "users('<id>')" or "me". Raises Refusal where the token may not read."""
        if not asking.grant.allows("Mail.ReadBasic.All", "Mail.ReadBasic", "Mail.Read"):
            raise no_access()
        self.asking, self.account, self.root = asking, account, root
        self.box = asking.world.boxes[account.address]
        self.ids = Ids(account.id)
        self.mailbox = Mailbox(
            self.box,
            self.ids,
            recipients,
            immutable=asking.is_immutable,
            exchange_senders=asking.quirks.exchange_senders,
            sent_without_headers=asking.quirks.sent_items_without_headers,
        )

    def folders(self) -> Answer:
        """GET mailFolders."""
        return folders.listing(self.asking, self.box, self.ids, f"{self.root}/mailFolders")

    def folder(self, wanted: str) -> Answer:
        """GET mailFolders/{id}."""
        folder = self._folder(wanted)
        return folders.single(self.asking, self.box, self.ids, f"{self.root}/mailFolders", folder)

    def children(self, wanted: str) -> Answer:
        """GET mailFolders/{id}/childFolders."""
        folder = self._folder(wanted)
        path = f"{self.root}/mailFolders('{wanted}')/childFolders"
        return folders.listing(self.asking, self.box, self.ids, path, folder.name)

    def delta(self, wanted: str) -> Answer:
        """GET mailFolders/{id}/messages/delta."""
        folder = self._folder(wanted)
        path = f"{self.root}/mailFolders('{self.ids.folder(folder.name)}')/messages/delta"
        return mail_delta.delta(self.asking, self.mailbox, self.account.id, folder, path)

    def messages(self) -> Answer:
        """GET messages: the whole mailbox."""
        return self._page(f"{self.root}/messages", list(self.box.newest_first()))

    def folder_messages(self, wanted: str) -> Answer:
        """GET mailFolders/{id}/messages."""
        folder = self._folder(wanted)
        copies = [one for one in self.box.newest_first() if one.folder == folder.name]
        return self._page(f"{self.root}/mailFolders('{wanted}')/messages", copies)

    def message(self, wanted: str) -> Answer:
        """GET messages/{id}. Raises Refusal for a message that is gone, or moved on."""
        self.asking.only("$select")
        said = self.ids.read_message(wanted)
        copy = self.box.copy(said.number) if said else None
        if copy is None or said.folder not in (None, self.ids.folder_mark(copy.folder)):
            raise no_such_item()
        context = f"{self.asking.url}/$metadata#{self.root}/messages/$entity"
        return item(context, self.mailbox.message(copy, self._select()))

    def _folder(self, wanted: str) -> Folder:
        return folders.folder_named(self.box, self.ids, wanted)

    def _select(self) -> tuple[str, ...]:
        return self.asking.select(PROPERTIES, DEFAULT, KEPT_BACK)

    def _page(self, path: str, copies: Sequence[Copy]) -> Answer:
        """One page, newest first: the way Outlook lists mail when nothing else is asked for."""
        if self.asking.option("$search") is not None:
            raise Refusal(403, "ErrorAccessDenied", "Search is not allowed with this permission.")
        self.asking.only("$top", "$skip", "$select", "$orderby", "$count")
        if (self.asking.option("$orderby") or _NEWEST_FIRST).lower() != _NEWEST_FIRST:
            raise bad_query("Only $orderby=receivedDateTime desc is served.")
        top, skip = self.asking.top(10, 1000), self.asking.skip()
        select = self._select()
        texts = [self.mailbox.message(one, select) for one in copies[skip : skip + top]]
        links = {}
        if skip + top < len(copies):
            kept = {
                name: self.asking.option(f"${name}")
                for name in ("select", "orderby")
                if self.asking.option(f"${name}")
            }
            links["nextLink"] = self.asking.link(path, **kept, top=str(top), skip=str(skip + top))
        return page(f"{self.asking.url}/$metadata#{path}", texts, **links)
