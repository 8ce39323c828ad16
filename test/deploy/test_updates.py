"""Updates a stack of the emulator by one change of the settings after another, and compares what is
gone with what the upgrade guard has said.

The Go test TestUpdates has the changes, and what the guard says of each. It synthesises the
templates in one process, with stand-ins for the functions.
"""

import contextlib
import json
import time

import boto3
import pytest
from test_deploy import ACCOUNT, FACEBOOK_SECRET_VERSION, endpoint, step, synthesise_updates  # noqa: F401, endpoint is a fixture

REGION = "us-east-1"
ENDS_WITHIN = 120  # seconds, on a loaded machine

# How the guard calls the types whose resources it does not let go.
HELD = {
    "AWS::Cognito::UserPool": "POOL", "AWS::Cognito::UserPoolClient": "CLIENT", "AWS::Cognito::UserPoolGroup": "GROUP",
    "AWS::Cognito::IdentityPool": "IDENTITY-POOL", "AWS::KMS::Key": "KEY", "AWS::SQS::Queue": "QUEUE", "AWS::S3::Bucket": "BUCKET",
    "AWS::Cognito::UserPoolDomain": "DOMAIN", "AWS::Cognito::UserPoolIdentityProvider": "PROVIDER",
    "AWS::ApiGatewayV2::DomainName": "HOST", "AWS::Route53::RecordSet": "RECORD", "AWS::SNS::Subscription": "ALARMS",
}  # fmt: skip

# What the guard refuses although nothing goes: AWS refuses it too, or people cannot sign in.
OTHERS = {"ATTRIBUTE", "MFA", "HOST=execute-api"}


class Account:
    """The emulator with what the templates expect to be there."""

    def __init__(self, address):
        self.session, self.address, self.clients = boto3.Session("sample", "sample", region_name=REGION), address, {}
        zone = self.client("route53").create_hosted_zone(Name="example.com", CallerReference="updates")["HostedZone"]["Id"]
        secret = self.client("secretsmanager").create_secret(Name="rides/facebook", SecretString="sample-secret")
        self.bucket, self.uploaded = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}", set()
        self.client("s3").create_bucket(Bucket=self.bucket)
        self.cloudformation = self.client("cloudformation")
        text = (synthesise_updates() / "updates.json").read_text()
        for sample, real in {"Z0123456789EXAMPLE": zone.rpartition("/")[2], FACEBOOK_SECRET_VERSION: secret["VersionId"]}.items():
            text = text.replace(sample, real)
        self.updates = json.loads(text)

    def client(self, service):
        if service not in self.clients:
            self.clients[service] = self.session.client(service, endpoint_url=self.address)
        return self.clients[service]

    def upload(self, template):
        """The arguments of an operation that takes the template, which is too long to be one itself."""
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Lambda::Function" and (key := resource["Properties"]["Code"]["S3Key"]) not in self.uploaded:
                self.put(key, b"PK\x05\x06" + bytes(18))  # an empty zip
                self.uploaded.add(key)
        text = json.dumps({section: template[section] for section in ("Resources", "Outputs")})  # without the check of the CDK's bootstrap
        self.put("template.json", text.encode())
        return {"TemplateURL": f"{self.address}/{self.bucket}/template.json", "Capabilities": ["CAPABILITY_NAMED_IAM"]}

    def put(self, key, body):
        self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)

    def wait(self, name):
        """The status of a stack when nothing is in progress any more; empty if it is gone."""
        until = time.monotonic() + ENDS_WITHIN
        while time.monotonic() < until:
            with contextlib.suppress(self.cloudformation.exceptions.ClientError):
                status = self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
                if status.endswith("_IN_PROGRESS"):
                    time.sleep(0.1)
                    continue
                return status
            return ""
        pytest.fail(f"{name} does not end")

    def held(self, name):
        """What the stack has of the held types: types by physical IDs."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
        return {
            r["PhysicalResourceId"]: r["ResourceType"]
            for page in pages for r in page["StackResourceSummaries"]
            if r["ResourceType"] in HELD and r["ResourceStatus"] != "DELETE_COMPLETE"
        }  # fmt: skip

    def remains(self, kind, physical, pool):
        """Whether the account has a resource of a type that is retained outside dev; None for others."""
        idp = self.client("cognito-idp")
        looks = {
            "AWS::Cognito::UserPoolClient": lambda: idp.describe_user_pool_client(UserPoolId=pool, ClientId=physical),
            "AWS::Cognito::UserPoolGroup": lambda: idp.get_group(UserPoolId=pool, GroupName=physical.rpartition("|")[2]),
            "AWS::Cognito::IdentityPool": lambda: self.client("cognito-identity").describe_identity_pool(IdentityPoolId=physical),
            "AWS::S3::Bucket": lambda: self.client("s3").head_bucket(Bucket=physical),
        }
        if kind == "AWS::KMS::Key":
            return self.client("kms").describe_key(KeyId=physical)["KeyMetadata"]["KeyState"] == "Enabled"
        if kind not in looks:
            return None
        try:
            looks[kind]()
        except idp.exceptions.ClientError:
            return False
        return True


@pytest.fixture(scope="module")
def account(endpoint):  # noqa: F811
    return Account(endpoint)


def test_the_guard_says_what_an_update_loses(account):
    wrong, cloudformation = [], account.cloudformation
    with step(f"{len(account.updates)} updates"):
        for number, update in enumerate(account.updates):
            name, what = f"Update{number}", f"{update['Name']}, stage {update['Stage']}"
            cloudformation.create_stack(StackName=name, **account.upload(update["Before"]))
            assert account.wait(name) == "CREATE_COMPLETE", what
            before = account.held(name)
            [pool] = [physical for physical, kind in before.items() if kind == "AWS::Cognito::UserPool"]
            cloudformation.update_stack(StackName=name, **account.upload(update["After"]))
            status = account.wait(name)
            after = account.held(name)
            gone = {physical: kind for physical, kind in before.items() if physical not in after}
            said = {loss for loss in update["Loses"] or [] if loss not in OTHERS and loss.partition("=")[0] not in OTHERS}
            if update["Name"] == "signIn.domainPrefix":  # as on AWS
                assert status == "UPDATE_ROLLBACK_COMPLETE", f"{what}: {status}"
                said = set()
            elif status != "UPDATE_COMPLETE":
                wrong.append(f"{what}: {status}")
            if update["Name"] == "links.host, without Route 53":  # nothing goes, but the new host leads nowhere
                assert said == {"HOST=links.rides.example.com"}
                said = set()
            kinds = {loss.partition("=")[0] for loss in said}
            missing = {HELD[kind] for kind in gone.values()}
            if "HOST" in kinds:
                missing.discard("RECORD")  # of the host
            if missing != kinds:
                wrong.append(f"{what}: the guard says {sorted(said)}, and gone is {gone}")
            for physical, kind in gone.items():
                if account.remains(kind, physical, pool) not in (None, update["Stage"] != "dev"):
                    wrong.append(f"{what}: whether {kind} {physical} remains in the account")
            cloudformation.delete_stack(StackName=name)
            assert account.wait(name) in ("", "DELETE_COMPLETE"), what
    assert not wrong, "\n".join(wrong)
