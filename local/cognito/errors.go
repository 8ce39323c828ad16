package cognito

import "poolpost/local/awsjson"

func failure(kind, format string, args ...any) *awsjson.Error {
	return awsjson.Errorf(kind, format, args...)
}

func invalidParameter(format string, args ...any) *awsjson.Error {
	return failure("InvalidParameterException", format, args...)
}

func notAuthorized(format string, args ...any) *awsjson.Error {
	return failure("NotAuthorizedException", format, args...)
}

// The refusals that several operations share; their texts are observed.
var (
	errUserNotFound     = failure("UserNotFoundException", "User does not exist.")
	errEmailTaken       = failure("UsernameExistsException", "An account with the given email already exists.")
	errAliasTaken       = failure("AliasExistsException", "An account with the given email already exists.")
	errCodeMismatch     = failure("CodeMismatchException", "Invalid verification code provided, please try again.")
	errCodeExpired      = failure("ExpiredCodeException", "Invalid code provided, please request a code again.")
	errWrongCredentials = notAuthorized("Incorrect username or password.")
	errNotConfirmed     = failure("UserNotConfirmedException", "User is not confirmed.")
	errDisabled         = notAuthorized("User is disabled.")
	errGroupNotFound    = failure("ResourceNotFoundException", "Group not found.")
	// https://github.com/aws/aws-sdk-net/issues/1055
	errDeviceNotFound = failure("ResourceNotFoundException", "Device does not exist.")
)
