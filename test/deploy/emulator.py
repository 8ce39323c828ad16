"""Starts ministack, a local AWS emulator, with additions.

The stack is deployed to it as it is, so what ministack's CloudFormation lacks
is added here rather than left out of the template:

- The attributes DkimDNSTokenName1 to DkimDNSTokenValue3 of
  AWS::SES::EmailIdentity. Without them every stack that puts out its DKIM
  records is rolled back.
- The type AWS::Cognito::UserPoolIdentityProvider. ministack has the operations
  of Cognito behind it, but no resource.
- Types that ministack has nothing for, at the end of this file. They are
  accepted, and not there.

They reach into ministack's own modules, which is why its version is pinned. How
it listens is set by its environment variables; see test_deploy.py. It ends when
its standard input does, so it does not outlive a test that was killed.
"""

import json
import os
import signal
import sys
import threading

from ministack.app import main
from ministack.services import cognito, ses_v2
from ministack.services.cloudformation import provisioners


def with_dkim_records(create):
    """Wraps the handler that creates an AWS::SES::EmailIdentity."""

    def create_with_dkim_records(logical_id, props, stack_name):
        identity, attributes = create(logical_id, props, stack_name)
        record = ses_v2._identities[identity]
        record["DkimAttributes"] = ses_v2._easy_dkim_attributes(identity, record["IdentityType"], {})
        for number, token in enumerate(record["DkimAttributes"]["Tokens"], start=1):
            attributes[f"DkimDNSTokenName{number}"] = f"{token}._domainkey.{identity}"
            attributes[f"DkimDNSTokenValue{number}"] = f"{token}.dkim.amazonses.com"
        return identity, attributes

    return create_with_dkim_records


def create_identity_provider(logical_id, props, stack_name):
    answer(cognito._create_identity_provider(props))
    return props["ProviderName"], {}  # what Ref returns on AWS


def delete_identity_provider(physical_id, props):
    answer(cognito._delete_identity_provider({"UserPoolId": props["UserPoolId"], "ProviderName": physical_id}))


def answer(response):
    """Raises when an operation refused, which rolls the stack back."""
    status, _, body = response
    if status >= 400:
        raise ValueError(json.loads(body)["message"])


def end_with_input():
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


handlers = provisioners._RESOURCE_HANDLERS
identity = handlers["AWS::SES::EmailIdentity"]
identity["create"] = with_dkim_records(identity["create"])
handlers["AWS::Cognito::UserPoolIdentityProvider"] = {
    "create": create_identity_provider,
    "delete": delete_identity_provider,
}
for kind in ["AWS::Cognito::LogDeliveryConfiguration"]:
    handlers[kind] = {"create": lambda logical_id, props, stack_name: (f"{stack_name}-{logical_id}", {}), "delete": lambda *_: None}
threading.Thread(target=end_with_input, daemon=True).start()
main()
