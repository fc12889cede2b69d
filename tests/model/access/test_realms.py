"""domains.cfg."""

from __future__ import annotations

from appliance.model.access.realms import parse_realms, write_realms

TEXT = """\
pam: pam
\tcomment Linux

# the company
ldap: corp
\tcomment The company
\tbase_dn ou=people,dc=example,dc=org
\tserver1 ldap.example.org
\tuser_attr uid
\tmode ldap+starttls
\tsync-defaults-options scope=both,remove-vanished=acl;entry
\tunknown-option kept

openid: sso
\tclient-id quorate
\tissuer-url https://sso.example.org/realms/main
\tautocreate 1

other: kind
\tkept 1

"""


def test_a_file_is_written_as_it_was_read() -> None:
    realms = parse_realms(TEXT)
    assert realms.problems == ()
    assert sorted(realms.realms) == ["corp", "pam", "pve", "sso"]
    written = [realm for realm in realms.realms.values() if realm.name != "pve"]
    assert write_realms(written, realms.document) == TEXT
    assert realms.realms["pam"].values["comment"] == "Linux"
    assert realms.realms["corp"].case_sensitive


def test_built_in_realms_cannot_become_others() -> None:
    text = TEXT.replace("ldap: corp", "ldap: pve")
    assert parse_realms(text).realms["pve"].type == "pve"
    assert sorted(parse_realms("").realms) == ["pam", "pve"]


def test_the_second_factor_of_a_realm() -> None:
    realms = parse_realms("pve: pve\n\ttfa type=oath,digits=8\n")
    tfa = realms.realms["pve"].tfa
    assert tfa is not None
    assert dict(tfa.values) == {"type": "oath", "digits": 8}
    assert realms.realms["pam"].tfa is None
    bad = parse_realms("pve: pve\n\ttfa type=magic\n")
    assert [problem.line for problem in bad.problems] == [2]


def test_no_password_is_read_from_or_written_to_the_file() -> None:
    realms = parse_realms(TEXT.replace("\tuser_attr uid", "\tpassword secret\n\tuser_attr uid"))
    assert "password" not in realms.realms["corp"].values


def test_defaults_of_a_synchronisation() -> None:
    realms = parse_realms(TEXT).realms
    assert dict(realms["corp"].sync_defaults) == {
        "scope": "both",
        "remove-vanished": "acl;entry",
    }
    assert realms["sso"].sync_defaults == {}
