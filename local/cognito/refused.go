package cognito

import (
	"context"
	"slices"

	"poolpost/local/awsjson"
)

// The operations of the API that the pool does not have, by the reason. A test compares them with
// the SDK.
var refusedOperations = map[string][]string{
	"poolpost.yaml says what there is: change it, and start the local run again": {
		"AddCustomAttributes", "AddUserPoolClientSecret", "CreateIdentityProvider", "CreateResourceServer", "CreateUserPool",
		"CreateUserPoolClient", "CreateUserPoolDomain", "DeleteIdentityProvider", "DeleteResourceServer", "DeleteUserPool",
		"DeleteUserPoolClient", "DeleteUserPoolClientSecret", "DeleteUserPoolDomain", "SetUserPoolMfaConfig", "TagResource",
		"UntagResource", "UpdateIdentityProvider", "UpdateResourceServer", "UpdateUserPool", "UpdateUserPoolClient", "UpdateUserPoolDomain",
	},
	"it has no hosted sign-in; the page /provider stands for the way back from a provider": {
		"CreateManagedLoginBranding", "CreateTerms", "DeleteManagedLoginBranding", "DeleteTerms", "DescribeManagedLoginBranding",
		"DescribeManagedLoginBrandingByClient", "DescribeTerms", "DescribeTermsByClient", "DescribeUserPoolDomain", "GetSigningCertificate",
		"GetUICustomization", "ListTerms", "SetUICustomization", "UpdateManagedLoginBranding", "UpdateTerms",
	},
	"an import reads a file that was uploaded to AWS; create users with AdminCreateUser": {
		"CreateUserImportJob", "DescribeUserImportJob", "StartUserImportJob", "StopUserImportJob",
	},
	"it is about second factors in text messages, which this pool never sends": {"AdminSetUserSettings", "SetUserSettings"},
	"it is about AWS's own logs, quotas and regions": {
		"CreateUserPoolReplica", "DeleteUserPoolReplica", "GetLogDeliveryConfiguration", "GetProvisionedLimit", "ListUserPoolReplicas",
		"SetLogDeliveryConfiguration", "UpdateProvisionedLimit", "UpdateUserPoolReplica",
	},
	"no app client may use its flow": {"GetClientToken"},
}

// unknown refuses an operation that is not in the table of operations.
func unknown(operation string) *awsjson.Error {
	for reason, names := range refusedOperations {
		if slices.Contains(names, operation) {
			return failure("UnknownOperationException", "%s is not part of the local pool: %s.", operation, reason)
		}
	}
	return failure("UnknownOperationException", "%s is not an operation of Cognito user pools that the local pool knows; docs/local.md lists what it has.", operation)
}

// noAddOn answers the operations of threat protection, which is off in this pool, as in the deployed
// one (API reference, UserPoolAddOnNotEnabledException of each). The text is our own.
func (p *Pool) noAddOn(context.Context, caller, adminRequest) (any, error) { return nil, errNoAddOn }

var errNoAddOn = failure("UserPoolAddOnNotEnabledException", "Threat protection is not enabled for this user pool.")
