package attach

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// UpdateUserPool sets what its request leaves out to a default, and DescribeUserPool answers in
// another form than it takes. These tables are the whole way from one to the other; a test holds
// them against the SDK's model of both. Text in quotation marks is Cognito's, in its API reference.

// kept are the members that an update sends as they are, by the path of what they are members of.
var kept = map[string][]string{
	"": {
		"AccountRecoverySetting", "AdminCreateUserConfig", "AutoVerifiedAttributes", "DeletionProtection", "DeviceConfiguration",
		"EmailConfiguration", "EmailVerificationMessage", "EmailVerificationSubject", "IssuerConfiguration", "KeyConfiguration",
		"LambdaConfig", "MfaConfiguration", "Policies", "SmsAuthenticationMessage", "SmsConfiguration", "SmsVerificationMessage",
		"UserAttributeUpdateSettings", "UserPoolAddOns", "UserPoolTags", "UserPoolTier", "VerificationMessageTemplate",
	},
	"AccountRecoverySetting":                         {"RecoveryMechanisms"},
	"AccountRecoverySetting.RecoveryMechanisms":      {"Name", "Priority"},
	"AdminCreateUserConfig":                          {"AllowAdminCreateUserOnly", "InviteMessageTemplate", "UnusedAccountValidityDays"},
	"AdminCreateUserConfig.InviteMessageTemplate":    {"EmailMessage", "EmailSubject", "SMSMessage"},
	"DeviceConfiguration":                            {"ChallengeRequiredOnNewDevice", "DeviceOnlyRememberedOnUserPrompt"},
	"EmailConfiguration":                             {"ConfigurationSet", "EmailSendingAccount", "From", "ReplyToEmailAddress", "SourceArn"},
	"IssuerConfiguration":                            {"Type"},
	"KeyConfiguration":                               {"KeyType", "KmsKeyArn"},
	"LambdaConfig":                                   {"CreateAuthChallenge", "CustomEmailSender", "CustomMessage", "CustomSMSSender", "DefineAuthChallenge", "InboundFederation", "KMSKeyID", "PostAuthentication", "PostConfirmation", "PreAuthentication", "PreSignUp", "PreTokenGeneration", "PreTokenGenerationConfig", "UserMigration", "VerifyAuthChallengeResponse"},
	"LambdaConfig.CustomEmailSender":                 {"LambdaArn", "LambdaVersion"},
	"LambdaConfig.CustomSMSSender":                   {"LambdaArn", "LambdaVersion"},
	"LambdaConfig.InboundFederation":                 {"LambdaArn", "LambdaVersion"},
	"LambdaConfig.PreTokenGenerationConfig":          {"LambdaArn", "LambdaVersion"},
	"Policies":                                       {"PasswordPolicy", "SignInPolicy"},
	"Policies.PasswordPolicy":                        {"MinimumLength", "PasswordHistorySize", "RequireLowercase", "RequireNumbers", "RequireSymbols", "RequireUppercase", "TemporaryPasswordValidityDays"},
	"Policies.SignInPolicy":                          {"AllowedFirstAuthFactors"},
	"SmsConfiguration":                               {"EumsSms", "ExternalId", "SnsCallerArn", "SnsRegion"},
	"SmsConfiguration.EumsSms":                       {"CallerArn", "ConfigurationSetName", "ExternalId", "InEntityId", "InTemplateId", "OriginationIdentity", "Region"},
	"UserAttributeUpdateSettings":                    {"AttributesRequireVerificationBeforeUpdate"},
	"UserPoolAddOns":                                 {"AdvancedSecurityAdditionalFlows", "AdvancedSecurityMode"},
	"UserPoolAddOns.AdvancedSecurityAdditionalFlows": {"CustomAuthMode"},
	"VerificationMessageTemplate":                    {"DefaultEmailOption", "EmailMessage", "EmailMessageByLink", "EmailSubject", "EmailSubjectByLink", "SmsMessage"},
}

// renamed are the members that an update sends under another name.
var renamed = map[string]string{"Id": "UserPoolId", "Name": "PoolName"}

// answered are the members that no update takes: nobody can change them, or other operations do.
var answered = []string{
	"AliasAttributes", "Arn", "CreationDate", "CustomDomain", "Domain", "EmailConfigurationFailure", "EstimatedNumberOfUsers",
	"LastModifiedDate", "SchemaAttributes", "SmsConfigurationFailure", "Status", "UsernameAttributes", "UsernameConfiguration",
}

// free are the members whose own members are any text.
var free = []string{"UserPoolTags"}

// A pair is two members of which an update takes one. Cognito answers with both.
type pair struct{ old, new string }

// pairsOf are the pairs of a pool: old is left out where new is there.
func pairsOf(pool Object) []pair {
	const template = "VerificationMessageTemplate."
	all := []pair{
		// Both are an error: "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of
		// UnusedAccountValidityDays" (observed).
		{"AdminCreateUserConfig.UnusedAccountValidityDays", "Policies.PasswordPolicy.TemporaryPasswordValidityDays"},
		// "This parameter is no longer used."
		{"EmailVerificationMessage", template + "EmailMessage"},
		{"EmailVerificationSubject", template + "EmailSubject"},
		{"SmsVerificationMessage", template + "SmsMessage"},
	}
	// "When you supply both parameters with either choice, Amazon Cognito returns an error."
	if get(pool, template+"DefaultEmailOption") == byLink {
		return append(all, pair{template + "EmailMessage", template + "EmailMessageByLink"}, pair{template + "EmailSubject", template + "EmailSubjectByLink"})
	}
	return append(all, pair{template + "EmailMessageByLink", template + "EmailMessage"}, pair{template + "EmailSubjectByLink", template + "EmailSubject"})
}

const byLink = "CONFIRM_WITH_LINK"

// request is the update that changes nothing of a pool: every member that UpdateUserPool takes. A
// member that the tables lack is an error, since an update would reset it.
func request(pool Object) (Object, error) {
	out := Object{}
	for _, name := range slices.Sorted(maps.Keys(pool)) {
		switch value := pool[name]; {
		case slices.Contains(answered, name):
		case renamed[name] != "":
			out[renamed[name]] = value
		case slices.Contains(free, name):
			members, _ := value.(Object)
			out[name] = maps.Clone(members)
		default:
			value, err := keep(name, value, kept[""])
			if err != nil {
				return nil, err
			}
			out[name] = value
		}
	}
	for _, p := range pairsOf(pool) {
		if get(pool, p.new) != nil {
			set(out, p.old, nil)
		}
	}
	if tags, ok := out["UserPoolTags"].(Object); ok { // nobody but AWS sets those of its own
		maps.DeleteFunc(tags, func(tag string, _ any) bool { return strings.HasPrefix(tag, "aws:") })
	}
	if out["LambdaConfig"] == nil {
		out["LambdaConfig"] = Object{}
	}
	return out, nil
}

// keep copies the value at a path, which is one of its parent's known members.
func keep(path string, value any, known []string) (any, error) {
	if name := path[strings.LastIndex(path, ".")+1:]; !slices.Contains(known, name) {
		return nil, fmt.Errorf("the user pool has %s, which this version of Poolpost does not know and an update would reset: "+
			"nothing was changed; take a newer version", path)
	}
	switch v := value.(type) {
	case Object:
		out := Object{}
		for name, member := range v {
			kept, err := keep(path+"."+name, member, kept[path])
			if err != nil {
				return nil, err
			}
			out[name] = kept
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, entry := range v {
			var err error
			if out[i], err = keep(path, entry, known); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return value, nil
}
