import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime_manager.errors import PackageError
from runtime_manager.model.home import Home
from runtime_manager.packages.candidate import LocalPackage, staged
from runtime_manager.packages.installation import Installation
from runtime_manager.packages.keys import PublicKey, generate, load_private_key, parse_public_key
from runtime_manager.packages.pack import pack
from runtime_manager.packages.package_folder import read_package
from runtime_manager.packages.signature import core_signature_holds, sign_folder
from runtime_manager.packages.signers import Checked, Policy
from runtime_manager.packages.trust import Standing, Trust
from tests.component.packages.conftest import Package

OF_CORE_IDE = """\
code: cool-widget
name: 'Cool: a widget'
description: It's "cool"
version: "1.10"
sign: 6QggZl0dFFVQwPcm6NbUmCHFWjAJQux8E4JY6HisKWPnbtW1/0Yarewq7eSsclkwKNtm+ShTGwEzUmrfvND3Dw==
sign_key: 03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8
namespace: /api/v1/cool-widget
binary: ./cool
args:
    - --fast
    - "08"
element:
    tag: core-cool
    source: cool.js
permissions:
    read: []
    write: []
    net:
        - example.org:443
    run: []
"""
"""Written and signed by Go's yaml.v3 and crypto/ed25519 from core/ide's own structure."""


@pytest.fixture
def trust(home: Home) -> Trust:
    return Trust(home)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "author.key"


@pytest.fixture
def key(key_file: Path) -> PublicKey:
    return generate(key_file, name="An Author")


@pytest.fixture
def signed(package: Package, key: PublicKey, key_file: Path) -> LocalPackage:
    made = package(data="content")
    assert sign_folder(made.path, key_file=key_file) == key
    return made


def checked(
    home: Home, made: LocalPackage, policy: Policy = "required", signer: str | None = None
) -> Checked:
    fetched = LocalPackage(made.path, "source", signer=signer)
    with staged(home, fetched, policy=policy) as candidate:
        return candidate.checked


def kind_of_refusal(*arguments: object) -> object:
    with pytest.raises(PackageError) as caught:
        checked(*arguments)  # type: ignore[arg-type]
    return caught.value.facts["kind"]


def test_a_new_key_is_private_and_openssl_reads_it(key: PublicKey, key_file: Path) -> None:
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert parse_public_key(key_file.with_name("author.key.pub").read_text()) == key
    private, public = load_private_key(key_file)
    assert public == key
    assert key.has_signed(b"text", private.sign(b"text"))
    said = subprocess.run(
        ["openssl", "pkey", "-in", key_file, "-noout", "-text"], capture_output=True, text=True
    )
    assert "ED25519" in said.stdout


def test_a_key_is_never_written_over(key: PublicKey, key_file: Path) -> None:
    before = key_file.read_bytes()
    with pytest.raises(PackageError, match="there already"):
        generate(key_file, name="again")
    assert key_file.read_bytes() == before


@pytest.mark.parametrize(
    "text", ["", "rtm-ed25519", "rtm-ed25519 AAAA x", "ssh-ed25519 AAAA", "00"]
)
def test_what_is_no_public_key_is_told(text: str) -> None:
    with pytest.raises(PackageError, match="no public key"):
        parse_public_key(text)


@pytest.mark.parametrize("content", ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n", None])
def test_what_is_no_private_key_is_told(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_text(content)
    with pytest.raises(PackageError, match="key"):
        load_private_key(path)


def test_what_a_trusted_key_signed_is_installed_with_its_signer(
    home: Home, trust: Trust, key: PublicKey, signed: LocalPackage
) -> None:
    trust.add(key)
    with staged(home, signed, policy="required") as candidate:
        Installation(home).install(candidate)
    assert Installation(home).registry().providers["cool"].signer == key.id
    assert checked(home, signed).warnings == ()


def test_a_signature_travels_in_an_archive(
    home: Home, trust: Trust, key: PublicKey, signed: LocalPackage, tmp_path: Path
) -> None:
    trust.add(key)
    packed = pack(signed.path, output=tmp_path / "cool.tar.gz")
    assert checked(home, LocalPackage(packed.path, "archive")).signer == key.id


def _changed_file(made: Path) -> None:
    (made / "data").write_text("Content")


def _added_file(made: Path) -> None:
    (made / "more").write_text("x")


def _no_longer_executable(made: Path) -> None:
    (made / "bin/run").chmod(0o644)


def _changed_manifest(made: Path) -> None:
    with (made / "manifest.yaml").open("a") as file:
        file.write("# a remark\n")


def _changed_signature(made: Path) -> None:
    path = made / "package.sig"
    document = json.loads(path.read_text())
    document["signature"] = "A" * 86 + "=="
    path.write_text(json.dumps(document))


@pytest.mark.parametrize("policy", ["required", "warn"])
@pytest.mark.parametrize(
    "change",
    [_changed_file, _added_file, _no_longer_executable, _changed_manifest, _changed_signature],
)
def test_a_wrong_signature_is_refused_even_where_none_is_asked_for(
    change: Callable[[Path], None],
    policy: Policy,
    home: Home,
    trust: Trust,
    key: PublicKey,
    signed: LocalPackage,
) -> None:
    trust.add(key)
    change(signed.path)
    assert kind_of_refusal(home, signed, policy) == "signature-wrong"
    assert checked(home, signed, "off") == Checked()


def test_an_unsigned_package_is_a_warning_or_refused(home: Home, package: Package) -> None:
    assert checked(home, package(), "warn").warnings == ("it is not signed",)
    assert kind_of_refusal(home, package(), "required") == "signature-missing"
    assert kind_of_refusal(home, package(), "warn", "0123456789abcdef") == "signature-missing"


def test_a_key_that_is_not_trusted_is_a_warning_or_refused(
    home: Home, key: PublicKey, signed: LocalPackage
) -> None:
    (warning,) = checked(home, signed, "warn").warnings
    assert key.id in warning
    assert checked(home, signed, "warn").signer == ""
    assert kind_of_refusal(home, signed, "required") == "signature-untrusted"
    assert kind_of_refusal(home, signed, "warn", key.id) == "signature-untrusted"


def test_only_the_signer_that_an_index_names_will_do(
    home: Home, trust: Trust, key: PublicKey, signed: LocalPackage
) -> None:
    trust.add(key)
    assert checked(home, signed, "warn", key.id).signer == key.id
    assert kind_of_refusal(home, signed, "warn", "f" * 16) == "signature-of-another"


def test_a_revoked_key_is_refused_and_cannot_come_back_by_itself(
    home: Home, trust: Trust, key: PublicKey, signed: LocalPackage
) -> None:
    trust.add(key)
    assert trust.remove("An Author", revoke=True, note="stolen\nin May") == key.id
    assert trust.keys() == []
    assert trust.revoked() == {key.id: "stolen in May"}
    assert trust.standing(key) is Standing.REVOKED
    assert kind_of_refusal(home, signed, "warn") == "signature-revoked"
    with pytest.raises(PackageError, match="was revoked"):
        trust.add(key)


def test_a_key_that_is_removed_is_unknown_again(
    home: Home, trust: Trust, key: PublicKey, signed: LocalPackage
) -> None:
    trust.add(key)
    trust.remove(key.id)
    assert trust.standing(key) is Standing.UNKNOWN
    with pytest.raises(PackageError, match="no key is"):
        trust.remove(key.id)
    trust.remove(key.id, revoke=True)
    assert trust.standing(key) is Standing.REVOKED


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', "[" * 100_000])
def test_a_damaged_signature_is_told(
    text: str, home: Home, signed: LocalPackage, trust: Trust
) -> None:
    (signed.path / "package.sig").write_text(text)
    assert kind_of_refusal(home, signed, "warn") == "signature-damaged"


def test_a_trusted_key_that_is_damaged_is_told_with_its_file(home: Home, trust: Trust) -> None:
    home.trust.mkdir()
    (home.trust / "a.pub").write_text("what is this")
    with pytest.raises(PackageError, match=r"a\.pub: that is no public key"):
        trust.keys()


def test_the_signature_of_core_ide_is_checked(tmp_path: Path, home: Home) -> None:
    (tmp_path / "manifest.yaml").write_text(OF_CORE_IDE)
    assert core_signature_holds(read_package(tmp_path)) is True
    (tmp_path / "manifest.yaml").write_text(OF_CORE_IDE.replace(":443", ":80"))
    assert core_signature_holds(read_package(tmp_path)) is False
    assert any(
        "sign_key" in one for one in checked(home, LocalPackage(tmp_path, ""), "warn").warnings
    )
    (tmp_path / "manifest.yaml").write_text(OF_CORE_IDE.replace("sign:", "x-sign:"))
    assert core_signature_holds(read_package(tmp_path)) is None
