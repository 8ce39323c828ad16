package guard

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// needsDiff skips a test where cloudformation-diff is not installed, as make test does without npm.
func needsDiff(t *testing.T) {
	t.Helper()
	_, noNode := exec.LookPath("node")
	_, noModule := os.Stat(filepath.Join("..", "..", "node_modules", "@aws-cdk", "cloudformation-diff"))
	if (noNode != nil || noModule != nil) && os.Getenv("CI") == "" {
		t.Skip("node, or cloudformation-diff, is not installed: run make node_modules")
	}
}

// A deployment with one resource of each kind that holds something.
const deployed = `
Resources:
  Pool:
    Type: AWS::Cognito::UserPool
    Properties:
      UserPoolName: Users
      MfaConfiguration: OPTIONAL
      Schema:
        - {Name: email, Required: true, Mutable: true}
        - {Name: agentName, AttributeDataType: String, Mutable: true, StringAttributeConstraints: {MaxLength: "100", MinLength: "0"}}
        - {Name: plate, AttributeDataType: String, Mutable: true, StringAttributeConstraints: {MaxLength: "12", MinLength: "0"}}
  Web: {Type: AWS::Cognito::UserPoolClient, Properties: {ClientName: web, UserPoolId: !Ref Pool}}
  Kiosk: {Type: AWS::Cognito::UserPoolClient, Properties: {ClientName: kiosk, UserPoolId: !Ref Pool}, Metadata: {PoolpostId: terminal}}
  Members: {Type: AWS::Cognito::UserPoolGroup, DeletionPolicy: RetainExceptOnCreate, Properties: {GroupName: members, UserPoolId: !Ref Pool}}
  Identities: {Type: AWS::Cognito::IdentityPool, Properties: {IdentityPoolName: Users, AllowUnauthenticatedIdentities: true}}
  Domain: {Type: AWS::Cognito::UserPoolDomain, Properties: {Domain: users, UserPoolId: !Ref Pool}}
  Facebook: {Type: AWS::Cognito::UserPoolIdentityProvider, Properties: {ProviderName: Facebook, ProviderType: Facebook, UserPoolId: !Ref Pool}}
  Key: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {}}}
  Mails: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
  Files: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub "files-${AWS::Region}"}}
  Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: counts, KeySchema: [{AttributeName: id, KeyType: HASH}]}}
  Sender: {Type: AWS::SES::EmailIdentity, Properties: {EmailIdentity: example.com}}
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: links, DisableExecuteApiEndpoint: false}}
  Host: {Type: AWS::ApiGatewayV2::DomainName, Properties: {DomainName: links.example.com}}
  Record: {Type: AWS::Route53::RecordSet, Properties: {Name: links.example.com., Type: A, HostedZoneId: Z1}}
  Proof: {Type: AWS::Route53::RecordSet, Properties: {Name: k1._domainkey.example.com, Type: CNAME, HostedZoneId: Z1}}
  Ops: {Type: AWS::SNS::Subscription, Properties: {Protocol: email, Endpoint: ops@example.com, TopicArn: !Ref Topic}}
  Message: {Type: AWS::Lambda::Function, Properties: {Environment: {Variables: {LINKS_URL: "https://links.example.com"}}}}
  Topic: {Type: AWS::SNS::Topic}
`

const (
	newDomain = "  New: {Type: AWS::ApiGatewayV2::DomainName, Properties: {DomainName: new.example.com}}"
	newRecord = "  NewRecord: {Type: AWS::Route53::RecordSet, Properties: {Name: new.example.com., Type: A, HostedZoneId: Z1}}"
)

func parse(t *testing.T, text string) Template {
	t.Helper()
	template, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// without is the template without the line, or the block, of a resource.
func without(id string) func(string) string {
	return func(text string) string {
		var kept []string
		inside := false
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "  ") && line[2] != ' ' {
				inside = strings.HasPrefix(line, "  "+id+":")
			}
			if !inside {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "")
	}
}

func edit(oldNew ...string) func(string) string {
	return func(text string) string {
		for i := 0; i < len(oldNew); i += 2 {
			if strings.Count(text, oldNew[i]) != 1 {
				panic(oldNew[i] + " is not once in the template")
			}
		}
		return strings.NewReplacer(oldNew...).Replace(text)
	}
}

func add(line string) func(string) string {
	return func(text string) string { return text + line + "\n" }
}

func TestLosses(t *testing.T) {
	needsDiff(t)
	tests := []struct {
		name    string
		changes []func(string) string
		want    []string // how each loss begins, and what it has
	}{
		{"nothing", nil, nil},
		{"names and settings that can change", []func(string) string{edit("UserPoolName: Users", "UserPoolName: People", "ClientName: web", "ClientName: site",
			"AllowUnauthenticatedIdentities: true", "AllowUnauthenticatedIdentities: false", "IdentityPoolName: Users", "IdentityPoolName: People")}, nil},
		{"a resource more", []func(string) string{add("  App: {Type: AWS::Cognito::UserPoolClient, Properties: {ClientName: app, UserPoolId: !Ref Pool}}")}, nil},
		{"an attribute more", []func(string) string{edit("        - {Name: plate", "        - {Name: badge, AttributeDataType: String}\n        - {Name: plate")}, nil},
		{"the attributes in another order and as numbers", []func(string) string{edit(`{MaxLength: "100", MinLength: "0"}`, "{MinLength: 0, MaxLength: 100}")}, nil},
		{"no entry for a standard attribute", []func(string) string{edit("        - {Name: email, Required: true, Mutable: true}\n", "")}, nil},
		{"a record that proves something", []func(string) string{without("Proof")}, nil},
		{"no topic", []func(string) string{without("Topic")}, nil},

		{"no pool", []func(string) string{without("Pool")}, []string{"POOL=Users: user pool Users would be deleted, and with it would go all users."}},
		{"a pool of another type, with all that is in it", []func(string) string{edit("Type: AWS::Cognito::UserPool\n", "Type: AWS::SNS::Topic\n")}, []string{
			"CLIENT=kiosk: app client kiosk would be replaced by a new one because of UserPoolId", "CLIENT=web: ", "DOMAIN=users: hosted sign-in users would be replaced",
			"GROUP=members: group members would be replaced by a new one because of UserPoolId", "POOL=Users: user pool Users would be replaced by a new one, and with it would go all users.", "PROVIDER=Facebook: "}},
		{"no client", []func(string) string{without("Web")}, []string{"CLIENT=web: app client web would be deleted, and with it would go its client ID"}},
		{"a client under another name", []func(string) string{without("Web"), add("  Site: {Type: AWS::Cognito::UserPoolClient, Properties: {ClientName: site, UserPoolId: !Ref Pool}}")},
			[]string{"CLIENT=web: |app client web disappears, app client site appears: if that is its new name, add `id: web` to it."}},
		{"a client that has an id", []func(string) string{without("Kiosk"), add("  Site: {Type: AWS::Cognito::UserPoolClient, Properties: {ClientName: site, UserPoolId: !Ref Pool}}")},
			[]string{"CLIENT=kiosk: |app client kiosk disappears, app client site appears: if that is its new name, add `id: terminal` to it."}},
		{"a group that is retained", []func(string) string{without("Members")}, []string{"GROUP=members: group members would leave the stack, and stay in the account"}},
		{"a group under another name", []func(string) string{edit("GroupName: members", "GroupName: staff")},
			[]string{"GROUP=members: group members would be replaced by a new one because of GroupName|Cognito cannot rename a group"}},
		{"no identity pool", []func(string) string{without("Identities")}, []string{"IDENTITY-POOL=Users: |all identity IDs"}},
		{"no key", []func(string) string{without("Key")}, []string{"KEY=Key: |codes in emails that wait to be sent"}},
		{"no queue", []func(string) string{without("Mails")}, []string{"QUEUE=Mails: |what waits in it"}},
		{"another kind of queue", []func(string) string{edit("FifoQueue: true", "FifoQueue: false")}, []string{"QUEUE=Mails: |replaced by a new one because of FifoQueue"}},
		{"no bucket, whose name is made", []func(string) string{without("Files")}, []string{"BUCKET=Files: "}},
		{"no table", []func(string) string{without("Table")}, []string{"TABLE=counts: "}},
		{"a table with another key", []func(string) string{edit("AttributeName: id", "AttributeName: name")}, []string{"TABLE=counts: |because of KeySchema"}},
		{"no SES identity", []func(string) string{without("Sender")}, []string{"IDENTITY=example.com: "}},
		{"no hosted sign-in", []func(string) string{without("Domain"), without("Facebook")}, []string{"DOMAIN=users: ", "PROVIDER=Facebook: |everybody who came through it"}},
		{"another prefix", []func(string) string{edit("Domain: users", "Domain: people")}, []string{"DOMAIN=users: hosted sign-in cannot move|!"}},
		{"no host and no record", []func(string) string{without("Host"), without("Record")}, []string{"HOST=links.example.com: |links.formerHosts"}},
		{"no record", []func(string) string{without("Record")}, []string{"RECORD=links.example.com: "}},
		{"another host", []func(string) string{edit("DomainName: links.example.com", "DomainName: new.example.com")}, []string{"HOST=links.example.com: |because of DomainName"}},
		{"another host that the old one stays beside", []func(string) string{add(newDomain), add(newRecord), edit("https://links.", "https://new.")}, nil},
		{"another host without a record", []func(string) string{add(newDomain), edit("https://links.", "https://new.")}, []string{"HOST=new.example.com: links in emails would lead to new.example.com, which has no DNS record|links.hostInEmails: false"}},
		{"another host without a record, not in emails", []func(string) string{add(newDomain)}, nil},
		{"no endpoint", []func(string) string{edit("DisableExecuteApiEndpoint: false", "DisableExecuteApiEndpoint: true")}, []string{"HOST=execute-api: |links.keepDefaultAddress"}},
		{"another address for alarms", []func(string) string{edit("Endpoint: ops@", "Endpoint: on-call@")}, []string{"ALARMS=ops@example.com: "}},
		{"MFA", []func(string) string{edit("MfaConfiguration: OPTIONAL", `MfaConfiguration: "ON"`)}, []string{"MFA=required: |could no longer sign in"}},
		{"a shorter attribute, and one less", []func(string) string{edit(`MaxLength: "100"`, `MaxLength: "40"`), func(text string) string {
			return strings.Replace(text, text[strings.Index(text, "        - {Name: plate"):strings.Index(text, "  Web:")], "", 1)
		}}, []string{"ATTRIBUTE=agentName: custom attribute agentName would be changed, which Cognito refuses|!", "ATTRIBUTE=plate: custom attribute plate would be removed|!"}},
		{"an attribute that nobody can change any more", []func(string) string{edit("agentName, AttributeDataType: String, Mutable: true", "agentName, AttributeDataType: String, Mutable: false")},
			[]string{"ATTRIBUTE=agentName: |!"}},
		{"no schema at all", []func(string) string{func(text string) string {
			return text[:strings.Index(text, "      Schema:")] + text[strings.Index(text, "  Web:"):]
		}}, []string{"ATTRIBUTE=agentName: |removed|!", "ATTRIBUTE=plate: |removed|!"}},
	}
	var pairs []Pair
	for _, test := range tests {
		text := deployed
		for _, change := range test.changes {
			text = change(text)
		}
		pairs = append(pairs, Pair{parse(t, deployed), parse(t, text)})
	}
	changes, err := Diff(t.Context(), ".", pairs...)
	if err != nil {
		t.Fatal(err)
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := Losses(pairs[i], changes[i], true)
			if len(got) != len(test.want) {
				t.Fatalf("got %q, want %q", got, test.want)
			}
			for n, loss := range got {
				line := loss.String()
				parts := strings.Split(test.want[n], "|")
				if !strings.HasPrefix(line, parts[0]) || strings.Contains(line, "\n") {
					t.Errorf("got %q, want %q", line, test.want[n])
				}
				impossible := slices.Contains(parts, "!")
				for _, part := range parts[1:] {
					if part != "!" && !strings.Contains(line, part) {
						t.Errorf("%q lacks %q", line, part)
					}
				}
				if loss.Impossible != impossible || strings.HasSuffix(line, "--allow "+loss.Key()+".") == impossible {
					t.Errorf("%q can be allowed: %t", line, !loss.Impossible)
				}
			}
		})
	}
}

func TestNotes(t *testing.T) {
	for text, want := range map[string][]string{
		add(newDomain)(deployed): {"host new.example.com would be served, and emails would not link to it before another deployment"},
		edit("https://links.", "https://new.")(add(newDomain)(add(newRecord)(deployed))): {"host new.example.com is new: CloudFormation waits for its certificate, and only then emails link to it"},
		deployed: nil,
	} {
		if got := Notes(Pair{parse(t, deployed), parse(t, text)}); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A stack of other people has no settings of ours: what keeps a resource there is its logical ID.
func TestLossesOfAnAppOfYourOwn(t *testing.T) {
	needsDiff(t)
	pair := Pair{parse(t, deployed), parse(t, add("  Site: {Type: AWS::Cognito::UserPoolClient, Properties: {UserPoolId: !Ref Pool}}")(without("Web")(without("Key")(deployed))))}
	changes, err := Diff(t.Context(), ".", pair)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, loss := range Losses(pair, changes[0], false) {
		got = append(got, loss.String())
	}
	want := []string{
		"CLIENT=web: app client web would be deleted, and with it would go its client ID, which front ends have, and its sessions. " +
			"app client web disappears, app client Site appears: if that is the same one, keep the logical ID Web. To lose it, --allow CLIENT=web.",
		"KEY=Key: key Key would be deleted, and with it would go what is encrypted with it, such as codes in emails that wait to be sent. " +
			"To keep it, keep its logical ID, Key, and its properties. To lose it, --allow KEY=Key.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDiffSaysWhatIsMissing(t *testing.T) {
	needsDiff(t)
	pair := Pair{parse(t, deployed), parse(t, deployed)}
	if _, err := Diff(t.Context(), t.TempDir(), pair); err == nil || !strings.HasPrefix(err.Error(), "cloudformation-diff is not installed: run make node_modules") {
		t.Errorf("without the module: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Diff(t.Context(), ".", pair); err == nil || !strings.HasPrefix(err.Error(), "node is not installed: install Node.js") {
		t.Errorf("without node: %v", err)
	}
}

// The table of docs/deploy.md has every kind of loss.
func TestTheDocumentationListsEveryKind(t *testing.T) {
	page, err := os.ReadFile("../../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"ATTRIBUTE", "MFA", "TRIGGER"}
	for _, k := range kinds {
		want = append(want, k.key)
	}
	var got []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z-]+)=").FindAllStringSubmatch(string(page), -1) {
		got = append(got, row[1])
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("docs/deploy.md has %q, want %q", got, want)
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"{":                           "it is neither JSON nor YAML: ",
		"[]":                          "it is not a CloudFormation template: ",
		"hello":                       "it is not a CloudFormation template: ",
		`{"Resources": {"A": {}}}`:    "it is not a CloudFormation template: the resource A has no Type",
		`{"Resources": {"A": "text"}`: "it is neither JSON nor YAML: ",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
	short := parse(t, "Resources: {A: {Type: B, Properties: {P: [!Ref C, !GetAtt D.E.F, !Sub x, !If [G, 1, no], 2026-01-01]}}}")
	long := parse(t, `{"Resources": {"A": {"Type": "B", "Properties": {"P": [{"Ref": "C"}, {"Fn::GetAtt": ["D", "E.F"]}, {"Fn::Sub": "x"}, {"Fn::If": ["G", 1, "no"]}, "2026-01-01"]}}}}`)
	if got, want := canonical(short.raw), canonical(long.raw); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
