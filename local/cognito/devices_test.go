package cognito

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"math/big"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"poolpost/local/srp"
)

const devicePassword = "sample-device-password"

// confirmDevice does what front ends do with the device key of a sign-in.
func (w *world) confirmDevice(r *types.AuthenticationResultType) (*cognito.ConfirmDeviceOutput, error) {
	device := r.NewDeviceMetadata
	salt := big.NewInt(0xa1b2c3)
	verifier := srp.Verifier(srp.PrivateKey(salt, *device.DeviceGroupKey+*device.DeviceKey, devicePassword))
	return w.api.ConfirmDevice(context.Background(), &cognito.ConfirmDeviceInput{
		AccessToken: r.AccessToken, DeviceKey: device.DeviceKey, DeviceName: aws.String("Sample phone"),
		DeviceSecretVerifierConfig: &types.DeviceSecretVerifierConfigType{
			PasswordVerifier: aws.String(base64.StdEncoding.EncodeToString(verifier.Bytes())),
			Salt:             aws.String(base64.StdEncoding.EncodeToString(salt.Bytes())),
		},
	})
}

// onDevice is a user with a confirmed device.
func onDevice(t *testing.T, change ...func(*Options)) (*world, *types.AuthenticationResultType) {
	t.Helper()
	w := newWorld(t, change...)
	w.mustConfirm(ada)
	out, err := w.signIn(ada, password)
	ok(t, err)
	_, err = w.confirmDevice(out.AuthenticationResult)
	ok(t, err)
	return w, out.AuthenticationResult
}

// proveDevice answers the two challenges of a device.
func (w *world) proveDevice(out *cognito.RespondToAuthChallengeOutput, key, group, password string) (*cognito.RespondToAuthChallengeOutput, error) {
	w.t.Helper()
	client, err := srp.NewClient(rand.Reader)
	ok(w.t, err)
	out, err = w.respond(types.ChallengeNameTypeDeviceSrpAuth, aws.ToString(out.Session), map[string]string{
		"USERNAME": ada, "DEVICE_KEY": key, "SRP_A": client.Public(),
	})
	if err != nil {
		return nil, err
	}
	answer, err := client.Answer(group, key, password, out.ChallengeParameters, w.now())
	ok(w.t, err)
	answer["DEVICE_KEY"] = key
	return w.respond(types.ChallengeNameTypeDevicePasswordVerifier, aws.ToString(out.Session), answer)
}

func TestRememberedDevice(t *testing.T) {
	w, first := onDevice(t)
	key, group := *first.NewDeviceMetadata.DeviceKey, *first.NewDeviceMetadata.DeviceGroupKey
	if claims := claimsOf(t, *first.AccessToken); claims["device_key"] != key {
		t.Errorf("the access token has device_key %v, want %s", claims["device_key"], key)
	}
	out, err := w.signInOn(key, ada, password)
	ok(t, err)
	if out.ChallengeName != types.ChallengeNameTypeDeviceSrpAuth || out.AuthenticationResult != nil {
		t.Fatalf("answered %+v", out)
	}
	wrong, err := w.signInOn(key, ada, password)
	ok(t, err)
	_, err = w.proveDevice(wrong, key, group, "wrong")
	refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
	again, err := w.proveDevice(out, key, group, devicePassword)
	ok(t, err)
	r := again.AuthenticationResult
	if r == nil || r.NewDeviceMetadata != nil || claimsOf(t, *r.AccessToken)["device_key"] != key {
		t.Fatalf("answered %+v", again)
	}
}

func TestUnknownDevice(t *testing.T) {
	w, first := onDevice(t)
	_, err := w.signInOn("eu-central-1_00000000-0000-4000-8000-000000000000", ada, password)
	refused(t, err, "ResourceNotFoundException", "Device does not exist.")
	w.mustConfirm("bob@example.com")
	_, err = w.signInOn(*first.NewDeviceMetadata.DeviceKey, "bob@example.com", password) // another's
	refused(t, err, "ResourceNotFoundException", "Device does not exist.")
}

// With devices that are tracked, a refresh takes the key of the device that signed in.
func TestRefreshOnDevices(t *testing.T) {
	for name, refresh := range refreshers {
		t.Run(name, func(t *testing.T) {
			w, first := onDevice(t)
			key, token := *first.NewDeviceMetadata.DeviceKey, *first.RefreshToken
			again, err := refresh(w, webClient, token, key)
			ok(t, err)
			if claimsOf(t, *again.AccessToken)["device_key"] != key {
				t.Error("the device is lost")
			}
			second, err := w.signIn(ada, password) // its device is never confirmed
			ok(t, err)
			unconfirmed := second.AuthenticationResult
			for _, test := range [][2]string{
				{token, ""}, {token, *unconfirmed.NewDeviceMetadata.DeviceKey},
				{*unconfirmed.RefreshToken, *unconfirmed.NewDeviceMetadata.DeviceKey}, {*unconfirmed.RefreshToken, key},
			} {
				_, err = refresh(w, webClient, test[0], test[1])
				refused(t, err, "NotAuthorizedException", "Invalid Refresh Token")
			}
			_, err = w.api.ForgetDevice(context.Background(), &cognito.ForgetDeviceInput{AccessToken: first.AccessToken, DeviceKey: &key})
			ok(t, err)
			_, err = refresh(w, webClient, token, key)
			refused(t, err, "NotAuthorizedException", "Invalid Refresh Token")
		})
	}
}

func TestConfirmDevice(t *testing.T) {
	for setting, necessary := range map[string]bool{"always": false, "on-prompt": true} {
		t.Run(setting, func(t *testing.T) {
			w := newWorld(t, func(o *Options) { o.Settings.Pool.Devices = setting })
			w.mustConfirm(ada)
			out, err := w.signIn(ada, password)
			ok(t, err)
			confirmed, err := w.confirmDevice(out.AuthenticationResult)
			ok(t, err)
			if confirmed.UserConfirmationNecessary != necessary {
				t.Errorf("the user has to be asked: %t", confirmed.UserConfirmationNecessary)
			}
			want := map[bool]string{false: "remembered", true: "not_remembered"}[necessary]
			if got := w.deviceStatus(out.AuthenticationResult); got != want {
				t.Errorf("the device is %s, want %s", got, want)
			}
			_, err = w.confirmDevice(out.AuthenticationResult)
			refused(t, err, "DeviceKeyExistsException", "The device is confirmed already.")
		})
	}
	t.Run("of another sign-in", func(t *testing.T) {
		w := newWorld(t)
		w.mustConfirm(ada)
		out, err := w.signIn(ada, password)
		ok(t, err)
		out.AuthenticationResult.AccessToken = w.mustSignIn(ada)
		_, err = w.confirmDevice(out.AuthenticationResult)
		refused(t, err, "InvalidParameterException", "Invalid device key given.")
	})
	t.Run("without a verifier", func(t *testing.T) {
		w := newWorld(t)
		w.mustConfirm(ada)
		out, err := w.signIn(ada, password)
		ok(t, err)
		r := out.AuthenticationResult
		_, err = w.api.ConfirmDevice(context.Background(), &cognito.ConfirmDeviceInput{AccessToken: r.AccessToken, DeviceKey: r.NewDeviceMetadata.DeviceKey})
		refused(t, err, "InvalidParameterException", "Invalid device secret verifier.")
	})
	t.Run("a pool that tracks none gives no keys", func(t *testing.T) {
		w := newWorld(t, withoutDevices)
		w.mustConfirm(ada)
		out, err := w.signInOn("eu-central-1_0", ada, password)
		ok(t, err)
		r := out.AuthenticationResult
		if r.NewDeviceMetadata != nil || claimsOf(t, *r.AccessToken)["device_key"] != nil {
			t.Errorf("answered %+v", r)
		}
	})
}

// deviceStatus is what GetDevice says of the device of a sign-in.
func (w *world) deviceStatus(r *types.AuthenticationResultType) string {
	w.t.Helper()
	out, err := w.api.GetDevice(context.Background(), &cognito.GetDeviceInput{AccessToken: r.AccessToken, DeviceKey: r.NewDeviceMetadata.DeviceKey})
	ok(w.t, err)
	attributes := map[string]string{}
	for _, a := range out.Device.DeviceAttributes {
		attributes[*a.Name] = *a.Value
	}
	if attributes["device_name"] != "Sample phone" {
		w.t.Errorf("the device has %v", attributes)
	}
	return attributes["dev:device_remembered_status"]
}

func TestDevicesOfAUser(t *testing.T) {
	ctx := context.Background()
	w, first := onDevice(t)
	w.advance(time.Minute)
	second, err := w.signIn(ada, password)
	ok(t, err)
	_, err = w.confirmDevice(second.AuthenticationResult)
	ok(t, err)
	token, key := first.AccessToken, first.NewDeviceMetadata.DeviceKey
	pool, name := aws.String(poolID), aws.String(ada)

	listed, err := w.api.ListDevices(ctx, &cognito.ListDevicesInput{AccessToken: token, Limit: aws.Int32(1)})
	ok(t, err)
	if len(listed.Devices) != 1 || *listed.Devices[0].DeviceKey != *key || listed.PaginationToken == nil {
		t.Errorf("the first page has %+v", listed.Devices)
	}
	byAdmin, err := w.admin.AdminListDevices(ctx, &cognito.AdminListDevicesInput{UserPoolId: pool, Username: name})
	ok(t, err)
	if len(byAdmin.Devices) != 2 {
		t.Errorf("an administrator sees %d devices", len(byAdmin.Devices))
	}
	_, err = w.api.UpdateDeviceStatus(ctx, &cognito.UpdateDeviceStatusInput{AccessToken: token, DeviceKey: key, DeviceRememberedStatus: "not_remembered"})
	ok(t, err)
	if got := w.deviceStatus(first); got != "not_remembered" {
		t.Errorf("the device is %s", got)
	}
	_, err = w.admin.AdminUpdateDeviceStatus(ctx, &cognito.AdminUpdateDeviceStatusInput{UserPoolId: pool, Username: name, DeviceKey: key, DeviceRememberedStatus: "remembered"})
	ok(t, err)
	if got := w.deviceStatus(first); got != "remembered" {
		t.Errorf("the device is %s", got)
	}
	_, err = w.admin.AdminForgetDevice(ctx, &cognito.AdminForgetDeviceInput{UserPoolId: pool, Username: name, DeviceKey: key})
	ok(t, err)
	_, err = w.admin.AdminGetDevice(ctx, &cognito.AdminGetDeviceInput{UserPoolId: pool, Username: name, DeviceKey: key})
	refused(t, err, "ResourceNotFoundException", "Device does not exist.")
	_, err = w.api.ForgetDevice(ctx, &cognito.ForgetDeviceInput{AccessToken: token, DeviceKey: key})
	refused(t, err, "ResourceNotFoundException", "Device does not exist.")
}
