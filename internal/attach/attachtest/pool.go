// Package attachtest is a user pool as Amazon Cognito describes and updates it, for tests: an update
// resets what it leaves out, and the answer has both of each pair of members of which an update
// takes one. Emulators do neither. It also keeps parameters, as AWS Systems Manager does. Its sources
// are the API reference of UpdateUserPool and what people report; nothing was verified on AWS.
package attachtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// An Object is an object of JSON.
type Object = map[string]any

// A Pool is a user pool, and the parameters of its account. It is an http.Handler.
type Pool struct {
	mu sync.Mutex
	// ReadOnly are the members that an update does not take, and Settings those that it sets.
	ReadOnly, Settings Object
	MFA                Object            // what GetUserPoolMfaConfig answers
	Parameters         map[string]string // of Systems Manager
	Updates            int
	// Refuse has error codes by operation: a call of it changes nothing.
	Refuse map[string]string
	// BeforeUpdate, if set, is called before an update is made.
	BeforeUpdate func(*Pool)
}

// defaults are what an update sets where its request has nothing (API reference: "If you don't
// provide a value for an attribute, Amazon Cognito sets it to its default value").
func defaults() Object {
	return Object{
		"AdminCreateUserConfig": Object{"AllowAdminCreateUserOnly": false},
		"DeletionProtection":    "INACTIVE",
		"EmailConfiguration":    Object{"EmailSendingAccount": "COGNITO_DEFAULT"},
		"LambdaConfig":          Object{},
		"MfaConfiguration":      "OFF",
		"Policies": Object{
			"PasswordPolicy": Object{
				"MinimumLength": 8.0, "RequireLowercase": true, "RequireNumbers": true, "RequireSymbols": true, "RequireUppercase": true,
				"TemporaryPasswordValidityDays": 7.0,
			},
			"SignInPolicy": Object{"AllowedFirstAuthFactors": []any{"PASSWORD"}},
		},
		"UserPoolTags":                Object{},
		"UserPoolTier":                "ESSENTIALS",
		"VerificationMessageTemplate": Object{"DefaultEmailOption": "CONFIRM_WITH_CODE"},
	}
}

// accepted are the members of UpdateUserPool's request.
var accepted = strings.Fields(`UserPoolId PoolName AccountRecoverySetting AdminCreateUserConfig AutoVerifiedAttributes DeletionProtection
	DeviceConfiguration EmailConfiguration EmailVerificationMessage EmailVerificationSubject IssuerConfiguration KeyConfiguration
	LambdaConfig MfaConfiguration Policies SmsAuthenticationMessage SmsConfiguration SmsVerificationMessage
	UserAttributeUpdateSettings UserPoolAddOns UserPoolTags UserPoolTier VerificationMessageTemplate`)

// New is a pool with a value of its own in everything that an update can set, where people sign in
// with an email address. Its ID is eu-central-1_Sample001.
func New() *Pool {
	return &Pool{
		ReadOnly: Object{
			"Id": "eu-central-1_Sample001", "Arn": "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_Sample001",
			"CreationDate": 1.7e9, "LastModifiedDate": 1.7e9, "EstimatedNumberOfUsers": 4711.0, "Domain": "riders",
			"UsernameAttributes": []any{"email"}, "UsernameConfiguration": Object{"CaseSensitive": false},
			"SchemaAttributes": []any{Object{"Name": "email", "AttributeDataType": "String"}, Object{"Name": "custom:plate", "AttributeDataType": "String"}},
		},
		Settings: Object{
			"Name":                   "Riders",
			"AccountRecoverySetting": Object{"RecoveryMechanisms": []any{Object{"Name": "verified_email", "Priority": 1.0}}},
			"AdminCreateUserConfig": Object{
				"AllowAdminCreateUserOnly": true,
				"InviteMessageTemplate":    Object{"EmailMessage": "Hello {username}, {####}", "EmailSubject": "Welcome", "SMSMessage": "{username} {####}"},
			},
			"AutoVerifiedAttributes": []any{"email"},
			"DeletionProtection":     "ACTIVE",
			"DeviceConfiguration":    Object{"ChallengeRequiredOnNewDevice": false, "DeviceOnlyRememberedOnUserPrompt": true},
			"EmailConfiguration": Object{
				"EmailSendingAccount": "DEVELOPER", "From": "old@riders.example.com",
				"SourceArn": "arn:aws:ses:eu-central-1:123456789012:identity/riders.example.com",
			},
			"IssuerConfiguration": Object{"Type": "ORIGINAL"},
			"KeyConfiguration":    Object{"KeyType": "AWS_OWNED_KEY"},
			"LambdaConfig": Object{
				"PostAuthentication":       "arn:aws:lambda:eu-central-1:123456789012:function:own",
				"PreTokenGenerationConfig": Object{"LambdaArn": "arn:aws:lambda:eu-central-1:123456789012:function:claims", "LambdaVersion": "V2_0"},
			},
			"MfaConfiguration": "OPTIONAL",
			"Policies": Object{
				"PasswordPolicy": Object{
					"MinimumLength": 15.0, "RequireLowercase": false, "RequireNumbers": false, "RequireSymbols": false, "RequireUppercase": false,
					"TemporaryPasswordValidityDays": 3.0, "PasswordHistorySize": 5.0,
				},
				"SignInPolicy": Object{"AllowedFirstAuthFactors": []any{"PASSWORD", "WEB_AUTHN"}},
			},
			"SmsAuthenticationMessage":    "Code {####}",
			"SmsConfiguration":            Object{"ExternalId": "sample", "SnsCallerArn": "arn:aws:iam::123456789012:role/sms", "SnsRegion": "eu-central-1"},
			"UserAttributeUpdateSettings": Object{"AttributesRequireVerificationBeforeUpdate": []any{"email"}},
			"UserPoolAddOns":              Object{"AdvancedSecurityMode": "AUDIT"},
			"UserPoolTags":                Object{"Team": "riders", "aws:cloudformation:stack-name": "riders"},
			"UserPoolTier":                "PLUS",
			"VerificationMessageTemplate": Object{
				"DefaultEmailOption": "CONFIRM_WITH_CODE", "EmailMessage": "Your code is {####}", "EmailSubject": "Code", "SmsMessage": "Code {####}",
			},
		},
		MFA:        Object{"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": Object{"Enabled": true}},
		Parameters: map[string]string{},
		Refuse:     map[string]string{},
	}
}

// twins are pairs of members, the older one last. An update takes one of them, and an answer has both
// if the pool has the newer one.
var twins = [][2]string{
	{"Policies.PasswordPolicy.TemporaryPasswordValidityDays", "AdminCreateUserConfig.UnusedAccountValidityDays"},
	{"VerificationMessageTemplate.EmailMessage", "EmailVerificationMessage"},
	{"VerificationMessageTemplate.EmailSubject", "EmailVerificationSubject"},
	{"VerificationMessageTemplate.SmsMessage", "SmsVerificationMessage"},
	{"LambdaConfig.PreTokenGenerationConfig.LambdaArn", "LambdaConfig.PreTokenGeneration"},
}

// Describe is the member UserPool of DescribeUserPool's answer.
func (p *Pool) Describe() Object {
	p.mu.Lock()
	defer p.mu.Unlock()
	answer := Object{}
	for _, members := range []Object{p.ReadOnly, p.Settings} {
		for name, value := range members {
			answer[name] = value
		}
	}
	answer = copied(answer)
	for _, twin := range twins {
		if value := at(answer, twin[0]); value != nil {
			put(answer, twin[1], value)
		}
	}
	return answer
}

// Update is UpdateUserPool.
func (p *Pool) Update(request Object) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.BeforeUpdate != nil {
		p.BeforeUpdate(p)
	}
	for name := range request {
		if !slices.Contains(accepted, name) {
			return fmt.Errorf("InvalidParameterException: Unknown parameter in input: %q", name)
		}
	}
	if request["UserPoolId"] != p.ReadOnly["Id"] {
		return fmt.Errorf("ResourceNotFoundException: User pool %v does not exist", request["UserPoolId"])
	}
	for tag := range member(request, "UserPoolTags") {
		if strings.HasPrefix(tag, "aws:") {
			return fmt.Errorf("InvalidParameterException: aws: prefixed tag key names are not allowed for external use")
		}
	}
	for i, twin := range twins {
		newer, older := at(request, twin[0]), at(request, twin[1])
		switch {
		case newer == nil || older == nil:
		case i == len(twins)-1 && newer == older: // "its value must be identical to PreTokenGeneration"
		case i == 0:
			return fmt.Errorf("InvalidParameterException: Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays")
		default:
			return fmt.Errorf("InvalidParameterException: %s and %s are both set", twin[0], twin[1])
		}
	}
	template, triggers := member(request, "VerificationMessageTemplate"), member(request, "LambdaConfig")
	switch {
	case template["EmailMessage"] != nil && template["EmailMessageByLink"] != nil:
		return fmt.Errorf("InvalidParameterException: EmailMessage and EmailMessageByLink are both set")
	case triggers["CustomEmailSender"] != nil && triggers["KMSKeyID"] == nil:
		return fmt.Errorf("InvalidParameterException: KMSKeyID is required for CustomEmailSender")
	}
	next := defaults()
	next["Name"] = p.Settings["Name"]
	for name, value := range copied(request) {
		switch name {
		case "UserPoolId":
		case "PoolName":
			next["Name"] = value
		default:
			next[name] = value
		}
	}
	for tag, value := range member(p.Settings, "UserPoolTags") {
		if strings.HasPrefix(tag, "aws:") { // AWS's own stay
			member(next, "UserPoolTags")[tag] = value
		}
	}
	p.Settings = next
	p.ReadOnly["LastModifiedDate"] = p.ReadOnly["LastModifiedDate"].(float64) + 1
	p.Updates++
	return nil
}

// ServeHTTP answers the operations of both services, in their JSON protocol.
func (p *Pool) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var in Object
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.NewDecoder(bytes.NewReader(body)).Decode(&in)
	}
	if code := p.Refuse[operation]; code != "" {
		err = fmt.Errorf("%s: not today", code)
	}
	var out any = Object{}
	if err == nil {
		out, err = p.answer(operation, in)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if err != nil {
		code, text, _ := strings.Cut(err.Error(), ": ")
		w.Header().Set("X-Amzn-Errortype", code)
		w.WriteHeader(http.StatusBadRequest)
		out = Object{"__type": code, "message": text}
	}
	_ = json.NewEncoder(w).Encode(out)
}

func (p *Pool) answer(operation string, in Object) (any, error) {
	name, _ := in["Name"].(string)
	known, isKnown := p.Parameters[name]
	switch operation {
	case "DescribeUserPool":
		if in["UserPoolId"] != p.ReadOnly["Id"] {
			return nil, fmt.Errorf("ResourceNotFoundException: User pool %v does not exist", in["UserPoolId"])
		}
		return Object{"UserPool": p.Describe()}, nil
	case "GetUserPoolMfaConfig":
		return p.MFA, nil
	case "UpdateUserPool":
		return Object{}, p.Update(in)
	case "GetParameter", "DeleteParameter":
		if !isKnown {
			return nil, fmt.Errorf("ParameterNotFound: ")
		}
		if operation == "DeleteParameter" {
			delete(p.Parameters, name)
			return Object{}, nil
		}
		return Object{"Parameter": Object{"Name": name, "Value": known}}, nil
	case "PutParameter":
		if isKnown && in["Overwrite"] != true {
			return nil, fmt.Errorf("ParameterAlreadyExists: ")
		}
		p.Parameters[name], _ = in["Value"].(string)
		return Object{"Version": 1}, nil
	}
	return nil, fmt.Errorf("UnknownOperationException: %s", operation)
}

func member(o Object, name string) Object {
	inner, _ := o[name].(Object)
	return inner
}

// at is the value at a path, or nil.
func at(o Object, path string) any {
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		return o[name]
	}
	return at(member(o, name), rest)
}

func put(o Object, path string, value any) {
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		o[name] = value
		return
	}
	if member(o, name) == nil {
		o[name] = Object{}
	}
	put(member(o, name), rest, value)
}

// copied shares nothing with o.
func copied(o Object) (c Object) {
	text, err := json.Marshal(o)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		panic(err) // it is an object of JSON
	}
	return c
}
