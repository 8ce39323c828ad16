"""Starts ministack, a local AWS emulator, with additions.

The stack is deployed to it as it is, so what ministack's CloudFormation lacks
is added here rather than left out of the template:

- The attributes DkimDNSTokenName1 to DkimDNSTokenValue3 of
  AWS::SES::EmailIdentity. Without them every stack that puts out its DKIM
  records is rolled back.
- Types of which ministack has the operations but no resource, such as
  AWS::Cognito::UserPoolIdentityProvider.
- Alarms about an expression, which are seen as alarms about its first metric.
- The types of ABSENT, which ministack has nothing for. They are accepted, and
  not there.

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
from ministack.services import cognito, eventbridge, ses_v2, waf
from ministack.services.cloudformation import provisioners


# docs/deploy.md names them; cfn-lint and the tests of the template check them.
ABSENT = ["AWS::CloudWatch::AnomalyDetector", "AWS::Cognito::LogDeliveryConfiguration", "AWS::Cognito::ManagedLoginBranding"]


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


def over_operations(create, update, delete, named_by, arn=None):
    """A type whose resources are what these operations make. One is named by a
    property, which is what Ref returns on AWS."""

    def named(logical_id, props, stack_name):
        return {named_by: f"{stack_name}-{logical_id}"} | props

    def create_one(logical_id, props, stack_name):
        props = named(logical_id, props, stack_name)
        made = answer(create(props))
        return props[named_by], {"Arn": made[arn]} if arn else {}

    def update_one(physical_id, old, new, stack_name):
        made = answer(update(new | {named_by: physical_id}))
        return physical_id, {"Arn": made[arn]} if arn else {}

    def delete_one(physical_id, props):
        answer(delete(props | {named_by: physical_id}))

    return {"create": create_one, "update": update_one, "delete": delete_one}


def answer(response):
    """What an operation answers. One that refuses raises, which rolls the stack back."""
    status, _, body = response
    made = json.loads(body) if body else {}
    if status >= 400:
        raise ValueError(made.get("message") or made.get("Message"))
    return made


def with_expressions(record):
    """Wraps what makes the record of an alarm."""

    def record_with_expressions(name, props):
        stats = [m["MetricStat"] for m in props.get("Metrics", []) if "MetricStat" in m]
        if stats:
            props = {"Period": stats[0]["Period"], "Statistic": stats[0]["Stat"]} | stats[0]["Metric"] | {
                key: value for key, value in props.items() if key != "Metrics"
            }
        return record(name, props)

    return record_with_expressions


def end_with_input():
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


handlers = provisioners._RESOURCE_HANDLERS
identity = handlers["AWS::SES::EmailIdentity"]
identity["create"] = with_dkim_records(identity["create"])
provisioners._cw_metric_alarm_record = with_expressions(provisioners._cw_metric_alarm_record)
handlers["AWS::Cognito::UserPoolIdentityProvider"] = over_operations(
    cognito._create_identity_provider, cognito._update_identity_provider, cognito._delete_identity_provider, "ProviderName"
)
handlers["AWS::Events::Connection"] = over_operations(
    eventbridge._create_connection, eventbridge._update_connection, eventbridge._delete_connection, "Name", "ConnectionArn"
)
handlers["AWS::Events::ApiDestination"] = over_operations(
    eventbridge._create_api_destination, eventbridge._update_api_destination, eventbridge._delete_api_destination,
    "Name", "ApiDestinationArn",
)  # fmt: skip
handlers["AWS::WAFv2::WebACLAssociation"] = over_operations(
    waf._associate_web_acl, waf._associate_web_acl, waf._disassociate_web_acl, "ResourceArn"
)
for kind in ABSENT:
    handlers[kind] = {"create": lambda logical_id, props, stack_name: (f"{stack_name}-{logical_id}", {}), "delete": lambda *_: None}
threading.Thread(target=end_with_input, daemon=True).start()
main()
