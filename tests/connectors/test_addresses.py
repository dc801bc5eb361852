"""Header values as real mail writes them; the numbers are those of CONNECTORS.md, section 7."""

import hashlib
import hmac
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import addresses
from connectors.records import Address


def parse(*values: str) -> list[tuple[str, str | None]]:
    return [(one.address, one.name) for one in addresses.parse(values)]


def only(*values: str) -> list[str]:
    return [address for address, _ in parse(*values)]


# Names


def test_an_encoded_name_is_decoded_after_the_split_so_a_hidden_comma_separates_nothing():
    assert parse("=?utf-8?Q?M=C3=BCller=2C?= Bob <bob@x.org>") == [("bob@x.org", "Müller, Bob")]


def test_a_letter_cut_in_two_encoded_words_is_put_together():
    assert parse("=?utf-8?B?TcM=?= =?utf-8?B?vGxsZXI=?= <m@x.org>") == [("m@x.org", "Müller")]


def test_a_name_encoded_twice_is_decoded_twice():
    twice = "=?utf-8?Q?=3D=3Futf-8=3FQ=3FJane=3F=3D?="
    assert parse(f"{twice} <jane@x.org>") == [("jane@x.org", "Jane")]


def test_a_name_in_an_unknown_charset_shows_what_could_not_be_read():
    assert parse("=?klingon?Q?J=E4ne?= <jane@x.org>") == [("jane@x.org", "J\ufffdne")]


@pytest.mark.parametrize("codec", ["idna", "unicode_escape", "zlib", "rot13", "punycode"])
def test_a_codec_that_is_no_charset_is_never_run(codec):
    assert parse(f"=?{codec}?Q?abc?= <jane@x.org>") == [("jane@x.org", "abc")]


def test_a_name_that_is_an_address_is_only_a_name():
    assert parse('"ceo@victim.com" <evil@x.org>') == [("evil@x.org", "ceo@victim.com")]


def test_a_name_equal_to_the_address_says_nothing():
    assert parse("a@b.com <a@b.com>") == [("a@b.com", None)]


def test_a_name_holds_no_control_and_no_bidirectional_mark():
    assert parse("Ja\x00ne \u202eeod <jane@x.org>") == [("jane@x.org", "Ja ne eod")]


def test_a_name_is_at_most_512_characters_and_nfc():
    ((_, name),) = parse("a\u0308" * 600 + " <jane@x.org>")
    assert name == "ä" * 512


def test_the_old_style_comment_is_a_name_and_comments_nest():
    assert parse("jane@x.org (Jane (the) Doe)") == [("jane@x.org", "Jane (the) Doe")]


# Separators


def test_three_members_in_and_outside_a_group_are_three_recipients():
    assert only("Team: a@x.org, b@x.org;, c@z.org") == ["a@x.org", "b@x.org", "c@z.org"]


def test_undisclosed_recipients_are_none_and_no_defect():
    assert addresses.read(["undisclosed-recipients:;"]) == addresses.Reading(())


def test_semicolons_separate_as_commas_do():
    assert only("a@x.org; b@x.org") == ["a@x.org", "b@x.org"]


def test_an_unquoted_comma_in_a_name_costs_the_first_word_and_counts_one_defect():
    reading = addresses.read(["Doe, Jane <jane@x.org>"])
    assert reading == addresses.Reading((Address("jane@x.org", "Jane"),), 1, len("Doe"))


def test_a_forgotten_comma_separates_nevertheless():
    assert parse("A <a@x.org> B <b@x.org>") == [("a@x.org", "A"), ("b@x.org", "B")]


def test_repeated_headers_are_one_list_and_an_address_counts_once_whatever_its_case():
    assert only("a@x.org, b@x.org", "A@X.org, c@x.org") == ["a@x.org", "b@x.org", "c@x.org"]


# Forms of an address


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("jane@x.org.", "jane@x.org"),
        ("<jane@x.org", "jane@x.org"),
        ("<<jane@x.org>>", "jane@x.org"),
        ("'jane@x.org'", "jane@x.org"),
        ("mailto:jane@x.org", "jane@x.org"),
        ("<mailto:jane@x.org>", "jane@x.org"),
        ("<@hop.org,@hop2.org:jane@x.org>", "jane@x.org"),
        ("jane @ x.org", "jane@x.org"),
        ("jane@x(comment). org", "jane@x.org"),
        ("<jane(a comment)@x.org(another)>", "jane@x.org"),
        ('"jane"@x.org', "jane@x.org"),
        ('"jane doe"@x.org', '"jane doe"@x.org'),
        ("Jane@X.ORG", "Jane@x.org"),
        ("jane@[192.0.2.1]", "jane@[192.0.2.1]"),
        ("jane@[IPv6:2001:db8::1]", "jane@[ipv6:2001:db8::1]"),
        ("jäne@müller.example", "jäne@müller.example"),
        ("O'Brien <o'brien@x.org>", "o'brien@x.org"),
    ],
)
def test_every_way_to_write_an_address_gives_the_plain_one(written, meant):
    assert only(written) == [meant]


@pytest.mark.parametrize(
    "written",
    [
        "MAILER-DAEMON",
        "Jane Doe",
        "/O=EXAMPLE/OU=NA/CN=RECIPIENTS/CN=JDOE",
        "<IMCEAEX-_O=EXAMPLE_CN=JDOE@x.org>",
        "a@b@c.org",
        "jane@",
        "@x.org",
        "jane@x..org",
        "ja\u202ene@x.org",
        "jane@" + "x" * 320 + ".org",
    ],
)
def test_what_is_no_address_is_counted_once_with_its_length(written):
    reading = addresses.read([written])
    assert reading == addresses.Reading((), 1, len(written.encode()))


@pytest.mark.parametrize("written", ["", "<>", " , ;; ", "(a comment):", '"" <>'])
def test_what_says_nothing_is_no_defect(written):
    assert addresses.read([written]) == addresses.Reading(())


def test_a_name_and_an_address_that_come_apart_meet():
    assert addresses.named("mailto:jane@x.org", " Jane  Doe ") == Address("jane@x.org", "Jane Doe")
    assert addresses.named("Jane <jane@x.org>", None) == Address("jane@x.org", "Jane")
    assert addresses.named("Jane", "Jane") is None


# Hostile headers


@pytest.mark.parametrize(
    "value",
    [
        '"\\' * 200_000,
        "(" * 400_000,
        "()" * 200_000 + "@",
        "<" * 400_000,
        "[" * 400_000,
        "=?a?q?" * 70_000,
        ". " * 200_000 + "@",
        " " * 400_000 + "@",
        "@" * 400_000,
        ":;" * 200_000,
        "'" * 400_000 + "@x",
    ],
    ids=lambda value: value[:6],
)
def test_no_header_takes_more_than_linear_time(value):
    started = time.process_time()
    addresses.read([value])
    assert time.process_time() - started < 3, "about 0.5 s when linear, hours when quadratic"


def test_a_header_of_a_hundred_thousand_recipients_gives_them_all():
    value = ", ".join(f"User {number} <user{number}@example.org>" for number in range(100_000))
    started = time.process_time()
    assert len(addresses.parse([value])) == 100_000
    assert time.process_time() - started < 10, "about 0.7 s"


_PIECES = st.sampled_from(
    [*'<>@,;:()"\\[].\'=? \t\n', "a", "Jane", "jane@x.org", "=?utf-8?q?", "?=", "=C3=BC", "=3D=3F",
     "=?utf-8?B?IkphbmUi?=", "ä", "a\u0308", "\u202e", "\x00", "\ud800", "İ", "ß", "\u212b", "\xa0",
     "mailto:", "IMCEAEX-", "@hop:", "xn--mller-kva.example", "`", "+tag", "gmail.com", "\u200b"]
)  # fmt: skip
_HEADERS = st.one_of(st.text(), st.lists(_PIECES, max_size=25).map("".join))


def _written(address: Address) -> str:
    """An address as a careful writer puts it into a header."""
    if address.name is None:
        return f"<{address.address}>"
    escaped = address.name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{address.address}>'


@given(_HEADERS)
def test_any_text_gives_sound_addresses_that_read_back_as_they_are(value):
    found = addresses.parse([value])
    for one in found:
        local, at, host = one.address.partition("@")
        assert local and at and host and "@" not in host
        assert host == host.lower()
        assert len(one.address.encode()) <= addresses.ADDRESS_BYTES
        assert not any(unicodedata.category(letter)[0] == "C" for letter in one.address)
        if one.name is not None:
            assert 1 <= len(one.name) <= addresses.NAME_CHARACTERS
            assert unicodedata.is_normalized("NFC", one.name)
            assert not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in one.name)
            assert not set(one.name) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert addresses.parse([", ".join(map(_written, found))]) == found


@given(_HEADERS)
def test_the_canonical_form_of_any_address_is_its_own_canonical_form(value):
    for one in addresses.parse([value]):
        once = addresses.canonical(one.address)
        assert addresses.canonical(once) == once


# Canonical forms and keys


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Jane.Doe+list@GoogleMail.com", "janedoe@gmail.com"),
        ("jane.doe@gmail.com", "janedoe@gmail.com"),
        ("Jane.Doe+list@Example.com", "jane.doe+list@example.com"),
        ("jane@Müller.example", "jane@xn--mller-kva.example"),
        ("+@gmail.com", "+@gmail.com"),
        ("jane@x.org.", "jane@x.org"),
    ],
)
def test_only_the_two_gmail_domains_lose_dots_and_tags(address, expected):
    assert addresses.canonical(address) == expected
    assert addresses.domain(address) == expected.partition("@")[2]


def test_an_address_key_is_the_top_53_bits_of_the_keyed_hash_of_the_canonical_address():
    digest = hmac.new(b"secret", b"janedoe@gmail.com", hashlib.sha256).hexdigest()
    assert addresses.address_key(b"secret", "Jane.Doe@gmail.com") == int(digest[:14], 16) >> 3
    assert addresses.address_key(b"other", "Jane.Doe@gmail.com") != int(digest[:14], 16) >> 3


def test_a_text_key_is_a_signed_64_bit_number():
    keys = [addresses.text_key(b"secret", f"<{number}@x>") for number in range(200)]
    assert min(keys) < 0 < max(keys)
    assert all(-(2**63) <= key < 2**63 for key in keys)
    assert addresses.text_key(b"secret", "\ud800") != 0  # a lone surrogate is text, too
