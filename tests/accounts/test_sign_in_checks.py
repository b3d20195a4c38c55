"""Settings of the sign-in that don't go together are told with a hint."""

import pytest

from accounts.checks import sign_in_is_whole

WHOLE = {
    "OIDC_SERVER_URL": "https://login.example.org/realms/office",
    "OIDC_CLIENT_ID": "tracker",
    "OIDC_CLIENT_SECRET": "secret",
    "OIDC_GROUPS_CLAIM": "groups",
    "OIDC_ADMINISTRATORS": ["chiefs"],
}


def told(settings, **changed):
    for name, value in {**WHOLE, **changed}.items():
        setattr(settings, name, value)
    found = sign_in_is_whole(None)
    assert all(problem.hint for problem in found)
    return [problem.id for problem in found]


def test_nothing_is_told_of_what_is_whole(settings):
    assert told(settings) == []


def test_nothing_is_told_while_all_of_it_is_off():
    assert sign_in_is_whole(None) == []


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"OIDC_SERVER_URL": ""}, "accounts.W001"),
        ({"OIDC_SERVER_URL": "http://login.example.org"}, "accounts.E002"),
        ({"OIDC_SERVER_URL": "login.example.org"}, "accounts.E002"),
        ({"OIDC_SERVER_URL": "https://login.example.org/" + "x" * 200}, "accounts.E003"),
        ({"OIDC_SERVER_URL": "https://login.microsoftonline.com/common/v2.0"}, "accounts.E009"),
        ({"OIDC_CLIENT_ID": ""}, "accounts.E004"),
        ({"OIDC_CLIENT_SECRET": ""}, "accounts.E004"),
        ({"OIDC_SCOPES": ["profile"]}, "accounts.E005"),
        ({"OIDC_GROUPS_CLAIM": ""}, "accounts.E006"),
        ({"OIDC_ADMINISTRATORS": []}, "accounts.E007"),
        ({"OIDC_ADMINISTRATORS": [], "OIDC_GROUPS_CLAIM": "", "OIDC_CREATE": True}, "accounts.E008"),
        ({"OIDC_ADMINISTRATORS": [], "OIDC_READERS": ["staff"]}, "accounts.W002"),
        ({"MFA": "yes please"}, "accounts.E010"),
    ],
)
def test_what_is_half_set_is_told(settings, changed, problem):
    assert told(settings, **changed) == [problem]


def test_passwords_off_without_single_sign_on_would_keep_everybody_out(settings):
    assert "accounts.E001" in told(settings, OIDC_SERVER_URL="", LOCAL_PASSWORDS=False)
