"""Whole archives of real mail go in and come out as parquet. Totals only: the people are real."""

import gzip
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import zstandard

from pipelines import imports, pseudonym_key
from pipelines.build import build, stale_range
from pipelines.checks import validate
from pipelines.models import Graph
from pipelines.publish import publish
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse, open_published

SECRET = bytes(range(32))


@dataclass(frozen=True)
class Journey:
    """What one archive became."""

    settings: Settings
    read: int
    rejected: int
    stored: int

    def ask(self, sql: str):
        """One row of the published tables."""
        with open_published(self.settings.parquet, self.settings.limits) as connection:
            return connection.execute(sql).fetchall()[0]

    def look(self, sql: str):
        """One row of the warehouse."""
        with Warehouse(self.settings).connect() as connection:
            return connection.execute(sql).fetchall()[0]

    @property
    def message_count(self) -> int:
        """Messages that the copies came to; prints why some of them make no contact."""
        with Warehouse(self.settings).connect() as connection:
            reasons = connection.execute(
                "SELECT coalesce(left_out_reason, 'contact'), count(*) FROM staging.messages "
                "GROUP BY ALL ORDER BY 2 DESC, 1"
            ).fetchall()
        print(reasons)
        return sum(count for _, count in reasons)


def travel(folder: Path, sources: list[tuple[Path, str]]) -> Journey:
    """Import, compute, check every published table, publish."""
    settings = Settings(data=folder / "data")
    pseudonym_key.write(settings, SECRET)
    read = rejected = 0
    for path, owner in sources:
        kept = imports.keep(settings, path, owner, SECRET)
        read += kept.counts["message"]
        rejected += kept.counts["reject"]
    graph = Graph.load()
    with Warehouse(settings).connect() as connection:
        imports.load(connection, settings, SECRET)
        stale_range(connection, graph)
        for model in graph.models:
            build(connection, graph, model)
        for model in (one for one in graph.models if one.schema == "metrics"):
            contract, _ = validate(connection, model)
            broken = [rule.text for rule, found in contract.findings if not found.passed]
            assert not broken, (model.name, broken)
        publish(connection, graph, settings)
        ((stored,),) = connection.execute("SELECT count(*) FROM raw.messages").fetchall()
    return Journey(settings, read, rejected, stored)


def unpacked(path: Path, folder: Path) -> Path:
    target = folder / path.name.removesuffix(".zst").removesuffix(".gz")
    if path.suffix == ".gz":
        target.write_bytes(gzip.decompress(path.read_bytes()))
    else:
        with path.open("rb") as packed:
            target.write_bytes(zstandard.ZstdDecompressor().stream_reader(packed).read())
    return target


@pytest.mark.parametrize(
    ("name", "letters", "messages", "rewritten", "least_months"),
    [("b.a.t.m.a.n", 3072, 3072, 38, 60), ("util-linux", 3509, 3486, 1, 60)],
)
def test_a_mailing_list_keeps_every_letter(
    data: Path, tmp_path: Path, name, letters, messages, rewritten, least_months
):
    mbox = unpacked(data / "06-kernel-lists" / f"{name}.mbox.zst", tmp_path)
    journey = travel(tmp_path, [(mbox, f"{name}@lists.example")])
    assert journey.read == letters
    assert journey.stored >= 0.99 * letters
    assert journey.message_count == messages
    assert journey.look(
        "SELECT count(DISTINCT message_key) FILTER (author_key = list_address_key), "
        "(SELECT count(*) FROM staging.envelopes WHERE is_author_hidden) FROM raw.messages"
    ) == (rewritten, 0)
    months, ties = journey.ask("SELECT count(DISTINCT month), count(*) FROM tie_strength")
    assert months >= least_months
    assert ties > 1_000
    strongest, nan = journey.ask(
        "SELECT max(strength), count(*) FILTER (isnan(strength)) FROM tie_strength"
    )
    assert strongest > 1
    assert nan == 0


def test_five_whole_mailboxes_in_maildir(data: Path, tmp_path: Path):
    packed = data / "05-enron-maildir-headers" / "maildir-5-mailboxes.tar.zst"
    with packed.open("rb") as file:
        tar = io.BytesIO(zstandard.ZstdDecompressor().stream_reader(file).read())
    with tarfile.open(fileobj=tar) as archive:
        archive.extractall(tmp_path / "mail", filter="data")
    boxes = {
        path.parent for path in (tmp_path / "mail").rglob("*") if path.name in ("cur", "new")
    } or {path for path in (tmp_path / "mail").iterdir() if path.is_dir()}
    owners = sorted({box.relative_to(tmp_path / "mail").parts[-1] for box in boxes})
    folders = {owner: next(b for b in sorted(boxes) if owner in b.parts) for owner in owners}
    journey = travel(tmp_path, [(folders[one], f"{one}@archive.example") for one in owners])
    assert journey.read >= 1_300
    assert journey.stored > 0.9 * journey.read
    assert (journey.stored, journey.message_count) == (1329, 998)
    (people,) = journey.ask("SELECT count(*) FROM people")
    assert people > 100


def test_one_month_of_a_list_from_three_archivers(data: Path, tmp_path: Path):
    archives = sorted((data / "08-apache-mbox").glob("maven-dev-2017-11-[lm]*.mbox.gz"))
    assert len(archives) == 3
    sources = [(unpacked(path, tmp_path), "dev@maven.example") for path in archives]
    journey = travel(tmp_path, sources)
    assert journey.read >= 3 * 317 - 10
    assert journey.message_count == 317
    (months,) = journey.ask("SELECT count(*) FROM months")
    assert months <= 2


def test_no_answer_of_the_honest_is_left_out_for_a_robots(data: Path, tmp_path: Path):
    """Whoever answered people on these lists was a person; spam is what it is."""
    (ham,) = (data / "18-spamassassin-headers").glob("easy-ham-*.mbox.gz")
    journey = travel(tmp_path, [(unpacked(ham, tmp_path), "me@archive.example")])
    assert journey.message_count > 2_000
    answers, of_robots = journey.look(
        "SELECT count(*), count(*) FILTER (left_out_reason = 'author_is_robot') "
        "FROM staging.messages WHERE in_reply_to_key IS NOT NULL"
    )
    assert answers > 800
    assert of_robots == 0


def test_most_spam_is_no_contact_of_its_reader(data: Path, tmp_path: Path):
    """What claims to be from a person and names one is all that headers let pass."""
    (spam,) = (data / "18-spamassassin-headers").glob("spam-*.mbox.gz")
    journey = travel(tmp_path, [(unpacked(spam, tmp_path), "me@archive.example")])
    assert journey.message_count > 400
