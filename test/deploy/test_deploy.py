"""Deploys the CDK app for real, to an AWS emulator on this machine, and asks what
it created.

Two settings files go through the CDK's own CLI: bootstrap, diff, deploy, diff,
destroy. In between, the emulator's Cognito, SES, Lambda and so on are asked with
AWS's own SDK whether the parts are wired to each other. docs/deploy.md says what
this cannot show. The values in the templates are for the tests of infra, and how
the functions behave is for the other tests: the emulator does not run them.
"""

import contextlib
import functools
import fnmatch
import io
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import boto3
import pytest
import yaml
from cfnlint.helpers import REGIONS
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
CDK = ROOT / "node_modules/.bin/cdk"
POOLPOST = ROOT / ".build/bin/poolpost-aws"
ACCOUNT = "123456789012"  # AWS's own sample
READY_WITHIN = 120  # seconds, on a loaded machine
STACKS = ("Identity", "Pool")
FACEBOOK_SECRET_VERSION = "01234567-89ab-cdef-0123-456789abcdef"  # of infra/updates_test.go
AARCH64 = 183  # e_machine of an ELF file


@contextlib.contextmanager
def step(name):
    began = time.monotonic()
    yield
    print(f"  {name}: {time.monotonic() - began:.1f} s", flush=True)


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory):
    """The address of an emulator that runs as long as the tests do."""
    folder = tmp_path_factory.mktemp("emulator")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "GATEWAY_PORT": str(port),
        "DOCKER_HOST": f"unix://{folder}/no-docker",
        "SFTP_ENABLED": "0",
        # An event that failed is invoked again when all is over, not within seconds:
        # the emulator would then create log groups again that are deleted already,
        # which the functions' roles do not allow on AWS.
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "3600",
        "LAMBDA_ASYNC_RETRY_MAX_SECONDS": "3600",
    }
    address = f"http://127.0.0.1:{port}"
    with open(folder / "log", "w+") as log:
        emulator = subprocess.Popen(
            [sys.executable, HERE / "emulator.py"], env=environment, stdin=subprocess.PIPE, stdout=log, stderr=log
        )
        try:
            with step("start the emulator"):
                wait_for(address + "/_ministack/health", emulator, folder / "log")
            yield address
        finally:
            emulator.terminate()
            try:
                emulator.wait(timeout=10)
            except subprocess.TimeoutExpired:
                emulator.kill()
                emulator.wait()


def wait_for(url, process, log):
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=1).close()
            return
        time.sleep(0.1)
    pytest.fail(f"the emulator is not ready:\n{log.read_text()}")


# How the resources of a type are listed, and what names them.
INVENTORY = [
    ("AWS::ApiGatewayV2::Api", "apigatewayv2", "get_apis", "Items", "ApiId"),
    ("AWS::ApiGatewayV2::DomainName", "apigatewayv2", "get_domain_names", "Items", "DomainName"),
    ("AWS::CertificateManager::Certificate", "acm", "list_certificates", "CertificateSummaryList", "CertificateArn"),
    ("AWS::CloudWatch::Alarm", "cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("AWS::CloudWatch::Dashboard", "cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    ("AWS::Cognito::IdentityPool", "cognito-identity", "list_identity_pools", "IdentityPools", "IdentityPoolId"),
    ("AWS::Cognito::UserPool", "cognito-idp", "list_user_pools", "UserPools", "Id"),
    ("AWS::Events::Rule", "events", "list_rules", "Rules", "Name"),
    ("AWS::IAM::Role", "iam", "list_roles", "Roles", "RoleName"),
    ("AWS::KMS::Key", "kms", "list_keys", "Keys", "KeyArn"),
    ("AWS::Lambda::EventSourceMapping", "lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
    ("AWS::Lambda::Function", "lambda", "list_functions", "Functions", "FunctionName"),
    ("AWS::Logs::LogGroup", "logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("AWS::Logs::MetricFilter", "logs", "describe_metric_filters", "metricFilters", "filterName"),
    ("AWS::S3::Bucket", "s3", "list_buckets", "Buckets", "Name"),
    ("AWS::SES::EmailIdentity", "sesv2", "list_email_identities", "EmailIdentities", "IdentityName"),
    ("AWS::SNS::Subscription", "sns", "list_subscriptions", "Subscriptions", "SubscriptionArn"),
    ("AWS::SNS::Topic", "sns", "list_topics", "Topics", "TopicArn"),
]


class Stack:
    """A settings file in a stage, and what the emulator knows of it."""

    def __init__(self, endpoint, settings_file, stage, folder):
        self.file, self.stage, self.folder = settings_file, stage, folder
        self.settings = yaml.safe_load(settings_file.read_text())
        self.region = self.settings["pool"]["region"]
        self.assembly = folder / "cdk.out"
        self.account = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "sample",
            "AWS_SECRET_ACCESS_KEY": "sample",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            # Nothing of a real account is read, whatever this machine has.
            "AWS_CONFIG_FILE": str(folder / "no-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self.session = boto3.Session("sample", "sample", region_name=self.region)

    @property
    def kept(self):
        """Whether the users outlive the stack."""
        return self.stage != "dev"

    def client(self, service):
        return self.session.client(service, endpoint_url=self.account["AWS_ENDPOINT_URL"])

    def cdk(self, command, *arguments, app=None):
        """Runs the CLI on the synthesised app, or on the app itself."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        environment |= self.account | {"CDK_DISABLE_CLI_TELEMETRY": "true", "CDK_DISABLE_VERSION_CHECK": "true"}
        app = app or ["--app", str(self.assembly)]
        with step(f"cdk {command}"):
            return subprocess.run(
                [CDK, command, "--no-notices", *app, *arguments],
                cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, timeout=600,
            )

    def must_cdk(self, command, *arguments, app=None):
        run = self.cdk(command, *arguments, app=app)
        assert run.returncode == 0, run.stdout

    def poolpost(self, *arguments, cwd=ROOT):
        """Runs a command of the program that asks the account."""
        with self.started(*arguments, cwd=cwd) as process:
            stdout, stderr = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)

    def started(self, *arguments, cwd=ROOT):
        subprocess.run(["go", "build", "-o", POOLPOST, "./cmd/poolpost-aws"], cwd=ROOT, check=True)
        return subprocess.Popen(
            [POOLPOST, *arguments, "--settings", self.file, "--stage", self.stage],
            cwd=cwd, env=os.environ | self.account, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def deploy(self):
        self.must_cdk(
            "synth", "--quiet", "--output", str(self.assembly),
            app=["-c", f"settings={self.file}", "-c", f"stage={self.stage}"],
        )
        artifacts = json.loads((self.assembly / "manifest.json").read_text())["artifacts"]
        self.names = {stack: artifacts[stack]["properties"]["stackName"] for stack in STACKS}
        self.templates = {stack: self.assembly / f"{stack}.template.json" for stack in STACKS}
        self.must_cdk("bootstrap", f"aws://{ACCOUNT}/{self.region}")
        self.before = self.inventory()
        # The identity comes first; the pool's stack must do without the other's help.
        self.identity_outputs = self.deploy_one("Identity")
        assert self.created("AWS::SES::EmailIdentity") == [self.identity()]
        self.outputs = self.deploy_one("Pool")

    def deploy_one(self, stack):
        """Deploys one stack by itself, and returns its outputs."""
        assert self.cdk("diff", "--fail", stack).returncode == 1, "cdk diff sees no difference to an empty account"
        file = self.folder / f"{stack}.json"
        self.must_cdk("deploy", stack, "--exclusively", "--require-approval", "never", "--outputs-file", str(file))
        return json.loads(file.read_text()).get(self.names[stack], {})

    @property
    def sends_itself(self):
        """Whether send-mail sends what Cognito asks for."""
        return self.settings["mail"].get("delivery") == "ses"

    def refuses_to_destroy(self, stack):
        """Destroys nothing, and lifts the protection that has prevented it."""
        assert self.cdk("destroy", "--force", stack).returncode != 0, "a protected stack was destroyed"
        self.client("cloudformation").update_termination_protection(StackName=self.names[stack], EnableTerminationProtection=False)

    def inventory(self):
        """What there is in the account, without the CDK's own, by type."""
        found = {kind: {name for name in names if "cdk-" not in name} for kind, names in self.everything()}
        # The emulator creates the group of a probe's function again that logs late, which its role does not allow on AWS.
        found["AWS::Logs::LogGroup"] = {name for name in found["AWS::Logs::LogGroup"] if "Poolpost-Probe-" not in name}
        return found

    def everything(self):
        route53 = self.client("route53")
        records = [
            record["Name"] + " " + record["Type"]
            for zone in names(route53.list_hosted_zones()["HostedZones"], "Id")
            for record in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
            if record["Type"] not in ("NS", "SOA")
        ]
        yield "AWS::Route53::RecordSet", records
        for kind, service, operation, items, key in INVENTORY:
            limit = {"cognito-identity": {"MaxResults": 60}, "cognito-idp": {"MaxResults": 60}, "iam": {"MaxItems": 1000}}
            found = getattr(self.client(service), operation)(**limit.get(service, {}))
            yield kind, names(found[items], key)
        yield "AWS::SES::ConfigurationSet", self.client("sesv2").list_configuration_sets()["ConfigurationSets"]
        yield "AWS::SQS::Queue", self.client("sqs").list_queues().get("QueueUrls", [])

    def created(self, kind):
        return sorted(self.inventory()[kind] - self.before[kind])

    def pool(self):
        return self.client("cognito-idp").describe_user_pool(UserPoolId=self.outputs["UserPoolId"])["UserPool"]

    def identity(self):
        mail = self.settings["mail"]
        return mail.get("identity", mail["from"]["address"].partition("@")[2])

    def functions(self):
        """The functions' configurations by the names of their folders."""
        found = self.client("lambda").list_functions()["Functions"]
        return {f["Description"].removeprefix("Poolpost: "): f for f in found}

    def permissions(self, function):
        """Who may invoke a function: principal and source ARN."""
        policy = self.client("lambda").get_policy(FunctionName=function["FunctionName"])["Policy"]
        return [
            (s["Principal"]["Service"], s["Condition"]["ArnLike"]["AWS:SourceArn"])
            for s in json.loads(policy)["Statement"]
        ]

    def queues(self):
        """The attributes of the mail queue, of the dead letters and of the failed events."""
        sqs = self.client("sqs")
        found = []
        for url in self.created("AWS::SQS::Queue"):
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            found.append(attributes | {"Url": url})
        [main] = [queue for queue in found if "RedrivePolicy" in queue]
        [dead] = [queue for queue in found if "RedrivePolicy" not in queue and "FifoQueue" in queue]
        [failed] = [queue for queue in found if "FifoQueue" not in queue]
        return main, dead, failed


def names(items, key):
    return [item[key] for item in items]


@pytest.fixture(scope="module", params=["shipped", "full"])
def stack(request, endpoint, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    print(f"\n{request.param} settings", flush=True)
    if request.param == "shipped":
        deployment = Stack(endpoint, ROOT / "poolpost.yaml", "dev", folder)
    else:
        deployment = Stack(endpoint, with_zone(endpoint, folder), "prod", folder)
    deployment.deploy()
    return deployment


@functools.cache
def synthesise_updates():
    """The folder with the templates of the Go test TestUpdates, and what the upgrade guard says of them."""
    folder = ROOT / ".build/updates"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with step("synthesise the updates"):
        go = subprocess.run(
            ["go", "test", "./infra", "-run", "^TestUpdates$", "-count=1", "-args", "-updates", folder],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900,
        )  # fmt: skip
    assert go.returncode == 0, go.stdout
    return folder


def with_zone(endpoint, folder):
    """The full settings, after creating what they expect to be there."""
    def client(service):
        return boto3.client(
            service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="sample", aws_secret_access_key="sample"
        )

    zone = client("route53").create_hosted_zone(Name="example.com", CallerReference="sample")["HostedZone"]["Id"]
    client("secretsmanager").create_secret(Name="rides/facebook", SecretString="sample-secret")
    settings = (HERE / "full.yaml").read_text()
    file = folder / "full.yaml"
    file.write_text(settings.replace("Z0123456789EXAMPLE", zone.rpartition("/")[2]))
    return file


# These are created with, and seen in, another resource, or left out by emulator.py.
PARTS = {
    "AWS::Cognito::LogDeliveryConfiguration",
    "AWS::ApiGatewayV2::ApiMapping", "AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::Stage",
    "AWS::Cognito::IdentityPoolRoleAttachment", "AWS::Cognito::UserPoolClient", "AWS::Cognito::UserPoolDomain",
    "AWS::Cognito::UserPoolGroup", "AWS::Cognito::UserPoolIdentityProvider", "AWS::IAM::Policy", "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Permission", "AWS::S3::BucketPolicy", "AWS::SES::ConfigurationSetEventDestination", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy",
}  # fmt: skip


def test_the_template_fits_the_schema_of_cloudformation(stack):
    with step("cfn-lint"):
        lint = subprocess.run(
            [Path(sys.executable).parent / "cfn-lint", "--config-file", HERE / "cfnlint.yaml", "--regions", stack.region,
             "--template", *stack.templates.values()],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
        )  # fmt: skip
    assert lint.returncode == 0, lint.stdout


def test_the_regions_of_the_settings_have_every_type(stack):
    """As the registry of CloudFormation has them, of which cfn-lint has a copy."""
    types = {resource["Type"] for template in stack.templates.values() for resource in json.loads(template.read_text())["Resources"].values()}
    have = {region for region in REGIONS if types <= set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region))}
    listed = set((ROOT / "internal/settings/regions.txt").read_text().split())
    # Few people have an account in the isolated regions and the European sovereign cloud, and
    # nobody has documented Cognito there.
    have = {region for region in have if not region.startswith(("us-iso", "eu-iso", "eusc-"))}
    assert listed == have


# What CloudFormation's handlers of the templates' types may do, and no template asks for.
NOT_USED = {
    "acm-pca:*": "private certificates",
    "cloudfront:*": "hosted sign-in on a domain of one's own",
    "cognito-sync:*": "synchronised data",
    "ec2:*": "functions in a VPC", "elasticfilesystem:*": "functions with a file system", "s3files:*": "the same",
    "firehose:*": "logs in Firehose",
    "iam:*GroupPolicy": "policies of groups", "iam:*UserPolicy": "policies of IAM users",
    "s3tables:*": "metadata tables",
    "secretsmanager:*Replicat*": "secrets in several regions",
}  # fmt: skip
# What no handler asks for: CloudFormation itself reads the parameter of the bootstrap and the reference to the secret.
OF_CLOUDFORMATION = {"ssm:GetParameters", "secretsmanager:GetSecretValue"}


def test_the_policy_of_cloudformation_is_what_the_templates_need():
    """docs/cloudformation-policy.json, as far as the registry knows what the handlers of a type call."""
    text = json.loads((ROOT / "docs/cloudformation-policy.json").read_text())
    assert len(json.dumps(text, separators=(",", ":"))) <= 6144, "IAM takes no longer managed policy"
    allowed = [action for s in text["Statement"] for action in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])]
    needed = {}
    # The expected templates of package infra, which have everything that there can be.
    for template in (ROOT / "infra/testdata").glob("*.yaml"):
        for kind in {resource["Type"] for resource in yaml.safe_load(template.read_text())["Resources"].values()}:
            handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema.get("handlers", {})
            for name, handler in handlers.items():
                if name != "list":  # nothing of a deployment
                    needed |= dict.fromkeys(handler.get("permissions", []), kind)

    def covers(pattern, action):
        return fnmatch.fnmatchcase(action.lower(), pattern.lower())

    missing = {a: kind for a, kind in needed.items() if not any(covers(p, a) for p in [*allowed, *NOT_USED])}
    assert not missing, "add these to docs/cloudformation-policy.json, or to NOT_USED with the reason"
    wider = {p for p in [*allowed, *NOT_USED] if not any(covers(p, a) for a in needed)} - OF_CLOUDFORMATION
    assert not wider, "no type of the templates needs these"


def test_every_resource_of_the_templates_is_there(stack):
    kinds = []
    for which in STACKS:
        summaries = stack.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack.names[which])
        states = {r["LogicalResourceId"]: r["ResourceStatus"] for page in summaries for r in page["StackResourceSummaries"]}
        resources = json.loads(stack.templates[which].read_text())["Resources"]
        assert states == dict.fromkeys(resources, "CREATE_COMPLETE")
        kinds += [resource["Type"] for resource in resources.values() if resource["Type"] not in PARTS]
    want = {kind: kinds.count(kind) for kind in set(kinds)}
    got = {kind: len(stack.created(kind)) for kind in stack.before}
    assert {kind: n for kind, n in got.items() if n} == want


def test_the_pool_sends_as_the_identity_that_is_created(stack):
    email = stack.pool()["EmailConfiguration"]
    assert email["SourceArn"] == f"arn:aws:ses:{stack.region}:{ACCOUNT}:identity/{stack.identity()}"
    assert [email["ConfigurationSet"]] == stack.created("AWS::SES::ConfigurationSet")


def test_the_dkim_records_are_outputs_or_in_the_zone(stack):
    identity = stack.client("sesv2").get_email_identity(EmailIdentity=stack.identity())
    want = {
        f"{token}._domainkey.{stack.identity()}": f"{token}.dkim.amazonses.com"
        for token in identity["DkimAttributes"]["Tokens"]
    }
    assert len(want) == 3
    if zone := stack.settings["mail"].get("hostedZone"):
        records = stack.client("route53").list_resource_record_sets(HostedZoneId=zone["id"])["ResourceRecordSets"]
        got = {r["Name"].rstrip("."): r["ResourceRecords"][0]["Value"] for r in records if r["Type"] == "CNAME"}
    else:
        got = {stack.identity_outputs[f"DkimName{i}"]: stack.identity_outputs[f"DkimValue{i}"] for i in (1, 2, 3)}
    assert got == want


def test_mail_feedback_gets_the_events_of_this_configuration_set(stack):
    function = stack.functions()["mail-feedback"]
    [name] = stack.created("AWS::Events::Rule")
    events = stack.client("events")
    rule = events.describe_rule(Name=name)
    sets = json.loads(rule["EventPattern"])["detail"]["mail"]["tags"]["ses:configuration-set"]
    assert sets == stack.created("AWS::SES::ConfigurationSet")
    [target] = events.list_targets_by_rule(Rule=name)["Targets"]
    assert target["Arn"] == function["FunctionArn"]
    assert stack.permissions(function) == [("events.amazonaws.com", rule["Arn"])]


def test_the_pool_alone_invokes_its_triggers(stack):
    pool, functions = stack.pool(), stack.functions()
    triggers = {"PreSignUp": "pre-sign-up", "PostConfirmation": "post-confirmation"}
    want = {}
    if stack.sends_itself:
        [key] = stack.created("AWS::KMS::Key")
        sender = functions["custom-email-sender"]
        want = {"CustomEmailSender": {"LambdaArn": sender["FunctionArn"], "LambdaVersion": "V1_0"}, "KMSKeyID": key}
        assert stack.permissions(sender) == [("cognito-idp.amazonaws.com", pool["Arn"])]
    else:
        triggers["CustomMessage"] = "custom-message"
    assert pool["LambdaConfig"] == want | {event: functions[name]["FunctionArn"] for event, name in triggers.items()}
    for name in triggers.values():
        assert stack.permissions(functions[name]) == [("cognito-idp.amazonaws.com", pool["Arn"])], name


def test_the_queues_are_wired_to_the_functions(stack):
    main, dead, failed = stack.queues()
    client, functions = stack.client("lambda"), stack.functions()
    assert json.loads(main["RedrivePolicy"])["deadLetterTargetArn"] == dead["QueueArn"]
    [mapping] = client.list_event_source_mappings()["EventSourceMappings"]
    assert (mapping["EventSourceArn"], mapping["FunctionArn"]) == (main["QueueArn"], functions["send-mail"]["FunctionArn"])
    for name in ["mail-feedback"] + ["custom-email-sender"] * stack.sends_itself:
        config = client.get_function_event_invoke_config(FunctionName=functions[name]["FunctionName"], Qualifier="$LATEST")
        assert config["DestinationConfig"]["OnFailure"] == {"Destination": failed["QueueArn"]}, name


def test_the_functions_have_the_real_ids_in_their_environment(stack):
    main, dead, _ = stack.queues()
    [configuration_set] = stack.created("AWS::SES::ConfigurationSet")
    clients = {"USER_POOL_CLIENTS": stack.outputs["ClientIds"]}
    links = {"LINKS_URL": stack.outputs["LinksUrl"]}
    mail_queue = {"MAIL_QUEUE_URL": main["Url"]}
    want = {
        "pre-sign-up": {},
        "post-confirmation": mail_queue,
        "send-mail": clients | mail_queue | links | {
            "CONFIGURATION_SET": configuration_set, "STAGE": stack.stage, "USER_POOL_ID": stack.outputs["UserPoolId"],
            "SEND_INTERVAL": "250ms" if stack.settings["mail"].get("rate") == 200 else "2.1s", "DEAD_LETTER_QUEUE_URL": dead["Url"],
        },
        "mail-feedback": {},
        "verify-link": clients,
    }  # fmt: skip
    if stack.sends_itself:
        [key] = stack.created("AWS::KMS::Key")
        want["send-mail"] |= {"KMS_KEY_ARN": key, "DOMAIN_PREFIX": stack.settings["signIn"]["domainPrefix"]}
        want["custom-email-sender"] = mail_queue
    else:
        want["custom-message"] = links
    common = {"GOMAXPROCS": "1", "SSL_CERT_DIR": "/nonexistent", "STACK": stack.names["Pool"]}
    got = {name: f["Environment"]["Variables"] for name, f in stack.functions().items()}
    assert got == {name: common | variables for name, variables in want.items()}


def test_the_uploaded_code_is_a_binary_for_arm64_with_its_files(stack):
    for name, f in stack.functions().items():
        assert f["Architectures"] == ["arm64"], name
        location = stack.client("lambda").get_function(FunctionName=f["FunctionName"])["Code"]["Location"]
        with urllib.request.urlopen(location, timeout=30) as answer:
            code = zipfile.ZipFile(io.BytesIO(answer.read()))
        info = code.getinfo("bootstrap")
        assert info.external_attr >> 16 & 0o111, f"{name}: bootstrap is not executable"
        header = code.read("bootstrap")[:20]
        assert header[:4] == b"\x7fELF" and struct.unpack("<H", header[18:20]) == (AARCH64,), name
        assert any(entry.endswith(".json") for entry in code.namelist()), f"{name} has no settings"


def test_the_outputs_name_the_app_clients(stack):
    found = stack.client("cognito-idp").list_user_pool_clients(UserPoolId=stack.outputs["UserPoolId"], MaxResults=60)["UserPoolClients"]
    clients = json.loads(stack.outputs["ClientIds"])
    assert clients == {c["ClientName"]: c["ClientId"] for c in found}
    assert set(clients) == {c["name"] for c in stack.settings["clients"]}
    assert stack.outputs["ClientId"] == clients[stack.settings["clients"][0]["name"]]


def test_facebook_has_the_secret_from_secrets_manager(stack):
    idp, pool = stack.client("cognito-idp"), stack.outputs["UserPoolId"]
    if settings := stack.settings.get("signIn"):
        facebook = idp.describe_identity_provider(UserPoolId=pool, ProviderName="Facebook")["IdentityProvider"]["ProviderDetails"]
        assert (facebook["client_id"], facebook["client_secret"]) == (settings["facebookAppId"], "sample-secret")
        assert idp.describe_user_pool_domain(Domain=settings["domainPrefix"])["DomainDescription"]["UserPoolId"] == pool
    else:
        assert idp.list_identity_providers(UserPoolId=pool)["Providers"] == []


def test_the_identity_pool_trusts_this_user_pool_only(stack):
    cognito, identifier = stack.client("cognito-identity"), stack.outputs["IdentityPoolId"]
    provider = f"cognito-idp.{stack.region}.amazonaws.com/{stack.outputs['UserPoolId']}"
    providers = cognito.describe_identity_pool(IdentityPoolId=identifier)["CognitoIdentityProviders"]
    assert {(p["ProviderName"], p["ClientId"]) for p in providers} == {
        (provider, client) for client in json.loads(stack.outputs["ClientIds"]).values()
    }
    for kind, arn in cognito.get_identity_pool_roles(IdentityPoolId=identifier)["Roles"].items():
        role = stack.client("iam").get_role(RoleName=arn.rpartition("/")[2])["Role"]
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Condition"] == {
            "StringEquals": {"cognito-identity.amazonaws.com:aud": identifier},
            "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": kind},
        }
    bucket = stack.outputs.get("ExampleBucketName")
    assert stack.created("AWS::S3::Bucket") == ([bucket] if bucket else [])


def test_the_link_api_leads_to_verify_link(stack):
    api = stack.client("apigatewayv2")
    function = stack.functions()["verify-link"]
    [identifier] = stack.created("AWS::ApiGatewayV2::Api")
    [integration] = api.get_integrations(ApiId=identifier)["Items"]
    assert integration["IntegrationUri"] == function["FunctionArn"]
    routes = {r["RouteKey"]: r["Target"] for r in api.get_routes(ApiId=identifier)["Items"]}
    target = f"integrations/{integration['IntegrationId']}"
    assert routes == dict.fromkeys(["GET /{page+}", "HEAD /{page+}", "POST /{page+}"], target)
    source = f"arn:aws:execute-api:{stack.region}:{ACCOUNT}:{identifier}/*/*/{{page+}}"
    assert set(stack.permissions(function)) == {("apigateway.amazonaws.com", source)}
    [page] = api.get_stages(ApiId=identifier)["Items"]
    log = page["AccessLogSettings"]["DestinationArn"].removesuffix(":*").rpartition(":")[2]
    assert log in stack.created("AWS::Logs::LogGroup")


def test_the_links_have_the_host_of_the_settings(stack):
    api = stack.client("apigatewayv2")
    [identifier] = stack.created("AWS::ApiGatewayV2::Api")
    links = stack.settings.get("links")
    if not links:
        assert stack.outputs["LinksUrl"] == api.get_api(ApiId=identifier)["ApiEndpoint"]
        return
    host = links["host"]
    assert stack.outputs["LinksUrl"] == f"https://{host}"
    [configuration] = api.get_domain_name(DomainName=host)["DomainNameConfigurations"]
    assert configuration["CertificateArn"] in stack.created("AWS::CertificateManager::Certificate")
    [mapping] = api.get_api_mappings(DomainName=host)["Items"]
    assert (mapping["ApiId"], mapping["Stage"]) == (identifier, "$default")
    records = stack.client("route53").list_resource_record_sets(HostedZoneId=links["hostedZone"]["id"])["ResourceRecordSets"]
    [alias] = [r["AliasTarget"]["DNSName"].rstrip(".") for r in records if r["Name"] == f"{host}."]
    assert alias == configuration["ApiGatewayDomainName"]


def test_the_alarms_watch_what_exists_and_notify_the_topic(stack):
    [topic] = stack.created("AWS::SNS::Topic")
    exist = set(stack.created("AWS::Lambda::Function")) | {url.rpartition("/")[2] for url in stack.created("AWS::SQS::Queue")}
    alarms = stack.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert len(alarms) == len(stack.created("AWS::CloudWatch::Alarm"))
    watched = set()
    for alarm in alarms:
        assert alarm["AlarmActions"] == alarm["OKActions"] == [topic], alarm["AlarmName"]
        watched |= {d["Value"] for d in alarm["Dimensions"] if d["Name"] in ("FunctionName", "QueueName")}
    assert watched == exist
    subscriptions = stack.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    email = stack.settings.get("alarms", {}).get("email")
    assert [(s["Protocol"], s["Endpoint"]) for s in subscriptions] == ([("email", email)] if email else [])


def test_a_front_end_gets_the_real_ids(stack, tmp_path):
    done = stack.poolpost("outputs", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"stack {stack.names['Pool']}, region {stack.region}, account {ACCOUNT}\n"
    auth = json.loads((tmp_path / "amplify_outputs.json").read_text())["auth"]
    assert auth["aws_region"] == stack.region
    assert auth["user_pool_id"] == stack.pool()["Id"]
    assert auth["user_pool_client_id"] == stack.outputs["ClientId"]
    assert [auth["identity_pool_id"]] == stack.created("AWS::Cognito::IdentityPool")
    assert f"POOLPOST_USER_POOL_ID='{stack.pool()['Id']}'" in (tmp_path / ".env.poolpost").read_text().splitlines()


def test_dead_letters_are_listed_and_repeated(stack):
    _, dead, failed = stack.queues()
    sqs = stack.client("sqs")
    function = stack.functions()["mail-feedback"]["FunctionArn"]
    record = {"requestContext": {"functionArn": function, "condition": "RetriesExhausted"}, "requestPayload": {"detail-type": "Email Bounced", "source": "aws.ses", "account": ACCOUNT}}
    sqs.send_message(QueueUrl=failed["Url"], MessageBody=json.dumps(record))
    sqs.send_message(
        QueueUrl=dead["Url"], MessageBody=json.dumps({"kind": "welcome", "to": "ann@example.com"}),
        MessageGroupId="sample", MessageDeduplicationId="sample",
        MessageAttributes={"reason": {"DataType": "String", "StringValue": "sample"}},
    )  # fmt: skip
    for _ in range(2):  # a look changes nothing
        listed = stack.poolpost("dead-letters")
        assert listed.returncode == 0, listed.stderr
        assert listed.stdout.splitlines() == [
            "1 emails that send-mail could not send", "  1  welcome  sample  oldest 0s",
            "1 events that a function could not process", "  1  Email Bounced  RetriesExhausted  oldest 0s",
        ]  # fmt: skip
    redriven = stack.poolpost("redrive")
    assert redriven.stdout.splitlines() == ["1 emails put back on the mail queue", "1 events passed to their functions again"], redriven.stderr
    for queue in (dead, failed):
        assert sqs.get_queue_attributes(QueueUrl=queue["Url"], AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages"] == "0"


# What doctor cannot find right in the emulator, with the reason.
NOT_IN_THE_EMULATOR = {
    "D2": "CloudFormation has no DescribeType",
    "D5": "IAM's simulator denies all, since the emulator enforces nothing",
    "D6": "the MAIL FROM domain has no status",
    "D7": "the domains are samples, with no records",
    "D8": "the quota is fixed, and the account has no enforcement status",
    "D10": "the role does not exist, which is a note",
    "D11": "Cloud Control does not know zones of other services",
    "D13": "always a note",
    "D16": "there are no service quotas",
    "D18": "always a note",
    "D20": "the Node.js of this machine may be older",
    "A5": "there are no grants of Cognito",
    "A6": "Cloud Control does not know rules of other services",
    "A8": "CloudWatch answers this protocol with an error, and nobody confirms subscriptions",
    "A9": "the host is a sample",
}


def test_doctor_finds_what_is_deployed_right(stack):
    done = stack.poolpost("doctor", "--json")
    report = json.loads(done.stdout)
    assert (report["stack"], report["region"], report["account"]) == (stack.names["Pool"], stack.region, ACCOUNT)
    wrong = [check for check in report["checks"] if check["status"] != "ok" and check["id"] not in NOT_IN_THE_EMULATOR]
    assert not wrong
    assert {check["id"] for check in report["checks"]} == {f"D{n}" for n in range(1, 21)} | {f"A{n}" for n in range(1, 11)}


def test_doctor_finds_what_somebody_changed(stack):
    """A mapping that somebody switched off."""
    if not stack.kept:
        pytest.skip("once is enough")
    client = stack.client("lambda")
    [mapping] = client.list_event_source_mappings()["EventSourceMappings"]
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        checks = json.loads(stack.poolpost("doctor", "--json").stdout)["checks"]
    finally:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    [found] = [check for check in checks if check["id"] == "A4"]
    assert found["status"] == "failure" and mapping["UUID"] in found["remedy"], found


def test_smoke_leaves_no_users(stack):
    """The functions do not run, so nothing is in their logs."""
    done = stack.poolpost("smoke", "--timeout", "1ms")
    assert done.returncode == 1, done.stderr
    assert stack.client("cognito-idp").list_users(UserPoolId=stack.outputs["UserPoolId"])["Users"] == []


def test_an_interrupted_probe_leaves_nothing(stack, tmp_path):
    """It is interrupted after the first question, since the functions of the others do not run."""
    if not stack.kept:
        pytest.skip("once is enough")

    def there():
        found = stack.inventory()
        keys, kms = found["AWS::KMS::Key"], stack.client("kms")
        found["AWS::KMS::Key"] = {k for k in keys if kms.describe_key(KeyId=k)["KeyMetadata"]["KeyState"] == "Enabled"}
        return found

    before = there()
    with stack.started("probe", "--yes", "--out", tmp_path / "answers.json") as probe:
        for line in probe.stderr:
            if line.startswith("C2 "):
                probe.send_signal(signal.SIGINT)
        assert probe.wait(timeout=60) == 1
    assert there() == before
    answers = json.loads((tmp_path / "answers.json").read_text())["answers"]
    assert [(a["question"], a["answer"]) for a in answers] == [("C1", {"created": True, "updated": True})] * 3


def test_a_second_look_finds_no_difference(stack):
    diff = stack.cdk("diff", "--fail")
    assert diff.returncode == 0, diff.stdout


def test_the_guard_sees_no_loss_in_what_is_deployed(stack):
    plan = stack.poolpost("plan", stack.assembly)
    assert plan.returncode == 0, plan.stderr
    assert plan.stdout.startswith("0 resources would be created, 0 changed, 0 replaced, 0 deleted"), plan.stdout


def test_updates_through_the_cdk_lose_what_the_guard_has_said(stack):
    if not stack.kept:
        pytest.skip("the updates are of the full settings")
    idp, [zone] = stack.client("cognito-idp"), {stack.settings["links"]["hostedZone"]["id"]}
    pool, clients = stack.outputs["UserPoolId"], json.loads(stack.outputs["ClientIds"])

    def update(number, *allowed):
        """Deploys an update of infra/updates_test.go after asking the guard; returns the output ClientIds."""
        assembly = synthesise_updates() / f"cli{number}"
        template = assembly / "Pool.template.json"
        template.write_text(template.read_text().replace("Z0123456789EXAMPLE", zone))
        plan = stack.poolpost("plan", assembly, *allowed)
        if plan.returncode:
            return plan.stderr.splitlines()
        stack.must_cdk("deploy", "Pool", "--require-approval", "never", app=["--app", str(assembly)])
        outputs = stack.client("cloudformation").describe_stacks(StackName=stack.names["Pool"])["Stacks"][0]["Outputs"]
        return json.loads(next(o["OutputValue"] for o in outputs if o["OutputKey"] == "ClientIds"))

    assert update(0) == {"site": clients["web"], "kiosk": clients["kiosk"]}, "another name, with the old one as id"
    assert update(1) == clients, "another rate, and the old name again"
    [_, refused] = update(2)
    assert refused.startswith("GROUP=drivers: group drivers would leave the stack"), refused
    assert update(2, "--allow", "GROUP=drivers") == clients
    resources = stack.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack.names["Pool"])
    groups = [r["LogicalResourceId"] for page in resources for r in page["StackResourceSummaries"] if r["ResourceType"] == "AWS::Cognito::UserPoolGroup"]
    assert len(groups) == 1, groups
    assert {g["GroupName"] for g in idp.list_groups(UserPoolId=pool)["Groups"]} >= {"drivers", "everybody"}, "outside dev, it is retained"


def test_destroying_leaves_only_what_must_stay(stack):
    """The last test of a stack, as it takes everything down."""
    cloudformation = stack.client("cloudformation")
    expected = {kind: set(found) for kind, found in stack.before.items()}
    expected["AWS::SES::EmailIdentity"] |= set(stack.created("AWS::SES::EmailIdentity"))
    links = stack.settings.get("links", {}).get("host", "no host")
    expected["AWS::Route53::RecordSet"] |= {name for name in stack.created("AWS::Route53::RecordSet") if not name.startswith(links)}
    if stack.kept:
        stack.refuses_to_destroy("Pool")
        for kind in ("AWS::Cognito::UserPool", "AWS::Cognito::IdentityPool", "AWS::KMS::Key", "AWS::S3::Bucket", "AWS::SQS::Queue"):
            expected[kind] |= set(stack.created(kind))
    stack.must_cdk("destroy", "--force", "Pool")
    assert stack.inventory() == expected
    # The identity goes when somebody means it.
    stack.refuses_to_destroy("Identity")
    stack.must_cdk("destroy", "--force", "Identity")
    for kind in ("AWS::SES::EmailIdentity", "AWS::Route53::RecordSet"):
        expected[kind] = stack.before[kind]
    assert stack.inventory() == expected
    assert not set(stack.names.values()) & set(names(cloudformation.describe_stacks()["Stacks"], "StackName"))
