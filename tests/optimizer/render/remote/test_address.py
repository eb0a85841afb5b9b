"""Addresses and credentials of drawing servers."""

from __future__ import annotations

import pytest

from models.errors import InputError
from optimizer.render.remote.address import PASSWORD, TOKEN, USER, Credentials, address, credentials_from_environment


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://127.0.0.1:8188", "http://127.0.0.1:8188"),
        (" http://localhost:7860/ ", "http://localhost:7860"),
        ("http://[::1]:8188", "http://[::1]:8188"),
        ("https://127.0.0.1/comfy/", "https://127.0.0.1/comfy"),
    ],
)
def test_addresses_of_this_machine(given: str, url: str) -> None:
    found = address(given, remote=False)
    assert found.url == url
    assert found.loopback
    assert found.websocket == url.replace("http", "ws", 1)


@pytest.mark.parametrize("url", ["http://192.168.1.5:8188", "http://gpu.example", "http://10.0.0.1", "http://127.0.0.1.example"])
def test_another_machine_has_to_be_allowed(url: str) -> None:
    with pytest.raises(InputError, match=r"draw\.remote"):
        address(url, remote=False)
    assert not address(url, remote=True).loopback


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8188", "ftp://127.0.0.1", "http://", "http://127.0.0.1:port", "http://a b", "http://[::1"]
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(InputError, match="not an address"):
        address(url, remote=True)


def test_an_address_with_credentials_is_refused_without_repeating_them() -> None:
    with pytest.raises(InputError) as caught:
        address("http://me:secret@127.0.0.1:8188", remote=False)
    assert "secret" not in str(caught.value)
    assert USER in str(caught.value)


def test_credentials_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert credentials_from_environment().header() == {}
    monkeypatch.setenv(USER, "me")
    monkeypatch.setenv(PASSWORD, "secret")
    found = credentials_from_environment()
    assert found.header() == {"Authorization": "Basic bWU6c2VjcmV0"}
    assert "secret" not in repr(found)
    monkeypatch.setenv(TOKEN, "abc")
    with pytest.raises(InputError, match="two kinds"):
        credentials_from_environment()
    monkeypatch.delenv(USER)
    monkeypatch.delenv(PASSWORD)
    assert credentials_from_environment() == Credentials(token="abc")
    monkeypatch.setenv(TOKEN, "a\nb")
    with pytest.raises(InputError, match="control character"):
        credentials_from_environment()
