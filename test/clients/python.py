"""pycognito, boto3 and the AWS CLI as they are: only the endpoint is the local one, in the variable that AWS's
SDKs read (AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER, AWS_ENDPOINT_URL_COGNITO_IDENTITY). COGNITO_JWKS is where pycognito looks for the
pool's keys before it asks AWS."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request

import boto3
import pycognito
from botocore.exceptions import ClientError

WEB, POOL, CLIENT = os.environ["POOL_WEB"], os.environ["POOL_ID"], os.environ["CLIENT_ID"]
IDENTITY_POOL = os.environ["IDENTITY_POOL_ID"]
PASSWORD = "sample-pass-1"
seen = set()


def fetch(address):
    with urllib.request.urlopen(address) as answer:
        return json.load(answer)


def code(address):
    """Waits for an email to an address, and returns the code in it. Each email counts once."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        for message in fetch(WEB + "/api/v1/messages")["messages"]:
            if message["ID"] in seen or message["To"][0]["Address"] != address:
                continue
            seen.add(message["ID"])
            found = re.search(">([0-9]{6})<", fetch(f"{WEB}/api/v1/message/{message['ID']}")["HTML"])
            if found:
                return found[1]
        time.sleep(0.05)
    raise AssertionError(f"no code came to {address}")


def fails(name, message, run):
    """Runs what has to be refused with an error of this name and message."""
    try:
        run()
    except ClientError as error:
        assert error.response["Error"]["Code"] == name, error
        assert error.response["Error"]["Message"] == message, error
    else:
        raise AssertionError(f"{name} was expected")


def person(name):
    return pycognito.Cognito(POOL, CLIENT, username=name)


def aws(*arguments):
    """Runs a command of the AWS CLI, and returns its output as JSON, or the error as text."""
    command = [os.path.join(os.path.dirname(sys.executable), "aws"), "cognito-idp", "--output", "json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    return json.loads(done.stdout or "null") if done.returncode == 0 else done.stderr


bea = "bea.python@example.com"
user = person(bea)
user.set_base_attributes(email=bea)
user.add_custom_attributes(agentName="Bea Example")
user.register(bea, PASSWORD)
user.confirm_sign_up(code(bea), username=bea)
fails("NotAuthorizedException", "Incorrect username or password.", lambda: person(bea).authenticate("wrong-pass-1"))

user.authenticate(PASSWORD)  # by SRP; it verifies the tokens
assert user.get_user().email == bea
user.update_profile({"name": "Bea", "custom:agentName": "Bea Two"})
fails(
    "NotAuthorizedException",
    "A client attempted to write unauthorized attribute",
    lambda: user.update_profile({"phone_number": "+12065550100"}),
)
user.change_password(PASSWORD, "sample-pass-2")
# It sends no device key, which the pool asks for; AWS refuses it as well.
fails("NotAuthorizedException", "Invalid Refresh Token", user.renew_access_token)
user.logout()

user = person(bea)
user.authenticate("sample-pass-2")
user.initiate_forgot_password()
user.confirm_forgot_password(code(bea), "sample-pass-3")
user.authenticate("sample-pass-3")

identities = boto3.client("cognito-identity")
logins = {f"cognito-idp.{os.environ['AWS_DEFAULT_REGION']}.amazonaws.com/{POOL}": user.id_token}
identity = identities.get_id(IdentityPoolId=IDENTITY_POOL, Logins=logins)["IdentityId"]
credentials = identities.get_credentials_for_identity(IdentityId=identity, Logins=logins)["Credentials"]
assert credentials["Expiration"].timestamp() > time.time()
assert identities.get_open_id_token(IdentityId=identity, Logins=logins)["Token"]
fails(
    "NotAuthorizedException",
    f"Access to Identity '{identity}' is forbidden.",
    lambda: identities.get_credentials_for_identity(IdentityId=identity),
)
roles = identities.get_identity_pool_roles(IdentityPoolId=IDENTITY_POOL)["Roles"]
assert roles["authenticated"].endswith("-authenticated"), roles

admin = boto3.client("cognito-idp")
assert admin.describe_user_pool(UserPoolId=POOL)["UserPool"]["Name"]
assert admin.list_user_pools(MaxResults=10)["UserPools"][0]["Id"] == POOL
assert admin.list_user_pool_clients(UserPoolId=POOL)["UserPoolClients"][0]["ClientId"] == CLIENT
one = {"UserPoolId": POOL, "Username": "sam.script@example.com"}
admin.admin_create_user(**one, MessageAction="SUPPRESS", UserAttributes=[{"Name": "email_verified", "Value": "True"}])
admin.admin_set_user_password(**one, Password=PASSWORD, Permanent=True)
sam = person(one["Username"])
sam.authenticate(PASSWORD)
admin.create_group(UserPoolId=POOL, GroupName="scripts")
admin.admin_add_user_to_group(**one, GroupName="scripts")
assert [u["Enabled"] for u in admin.list_users_in_group(UserPoolId=POOL, GroupName="scripts")["Users"]] == [True]
admin.admin_update_user_attributes(**one, UserAttributes=[{"Name": "birthdate", "Value": "1815-12-10"}])
fails(
    "InvalidParameterException",
    "Auth flow not enabled for this client",
    lambda: admin.admin_initiate_auth(
        UserPoolId=POOL,
        ClientId=CLIENT,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": one["Username"], "PASSWORD": PASSWORD},
    ),
)
listed = aws("list-users", "--user-pool-id", POOL, "--filter", f'email = "{one["Username"]}"', "--query", "Users[].UserStatus")
assert listed == ["CONFIRMED"], listed
refused = aws("list-users", "--no-sign-request", "--user-pool-id", POOL)
assert "MissingAuthenticationTokenException" in refused, refused
groups = aws("admin-list-groups-for-user", "--user-pool-id", POOL, "--username", one["Username"], "--query", "Groups[].GroupName")
assert groups == ["scripts"], groups

admin.admin_user_global_sign_out(**one)
fails("NotAuthorizedException", "Access Token has been revoked", sam.get_user)
admin.admin_disable_user(**one)
assert not admin.list_users(UserPoolId=POOL, Filter=f'email = "{one["Username"]}"')["Users"][0]["Enabled"]
fails("NotAuthorizedException", "User is disabled.", lambda: sam.authenticate(PASSWORD))
admin.admin_enable_user(**one)
admin.admin_delete_user(**one)

user.delete_user()
fails("NotAuthorizedException", "Incorrect username or password.", lambda: person(bea).authenticate("sample-pass-3"))
