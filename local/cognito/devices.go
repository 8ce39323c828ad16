package cognito

import (
	"cmp"
	"context"
	"encoding/base64"
	"maps"
	"math/big"
	"slices"
	"time"

	"poolpost/internal/settings"
)

// A device is one that a user has confirmed (developer guide, "Working with user devices in your
// user pool").
type device struct {
	key, name         string
	remembered        bool
	password          credential // without a private key: the app makes the verifier
	created, modified time.Time
	authenticated     time.Time
}

func (p *Pool) devices() settings.DeviceRules { return p.options.Settings.Pool.DeviceRules() }

// deviceGroup is the pool's part of the identity of a device.
func (p *Pool) deviceGroup() string { return "-" + base64.RawURLEncoding.EncodeToString(p.secret[:6]) }

type confirmDeviceInput struct {
	tokenRequest
	DeviceKey                  string
	DeviceName                 string
	DeviceSecretVerifierConfig struct{ PasswordVerifier, Salt string } // Base64
}

// confirmDevice is ConfirmDevice, of the device that the access token came to.
func (p *Pool) confirmDevice(_ context.Context, c caller, in confirmDeviceInput) (any, error) {
	if in.DeviceKey == "" || in.DeviceKey != c.token.DeviceKey {
		return nil, invalidParameter("Invalid device key given.") // observed
	}
	if c.user.devices[in.DeviceKey] != nil {
		return nil, failure("DeviceKeyExistsException", "The device is confirmed already.") // the text is our own
	}
	verifier, err := base64Number(in.DeviceSecretVerifierConfig.PasswordVerifier)
	if err != nil {
		return nil, err
	}
	salt, err := base64Number(in.DeviceSecretVerifierConfig.Salt)
	if err != nil {
		return nil, err
	}
	now := p.now()
	c.user.devices[in.DeviceKey] = &device{
		key: in.DeviceKey, name: in.DeviceName, remembered: !p.devices().OnPrompt,
		password: credential{salt: salt, verifier: func() *big.Int { return verifier }},
		created:  now, modified: now, authenticated: now,
	}
	return struct{ UserConfirmationNecessary bool }{p.devices().OnPrompt}, nil
}

// base64Number reads a number of at most 3,072 bits; the text is our own.
func base64Number(text string) (*big.Int, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) == 0 || len(b) > 385 { // and a zero before them
		return nil, invalidParameter("Invalid device secret verifier.")
	}
	return new(big.Int).SetBytes(b), nil
}

// startDeviceSRP answers DEVICE_SRP_AUTH.
func (p *Pool) startDeviceSRP(in challengeInput) (any, error) {
	if err := required(in.ChallengeResponses, "DEVICE_KEY", "SRP_A"); err != nil {
		return nil, err
	}
	s, err := p.answered(in)
	if err != nil {
		return nil, err
	}
	key := in.ChallengeResponses["DEVICE_KEY"]
	known := s.user.devices[key]
	if known == nil || key != s.deviceKey {
		return nil, errDeviceNotFound
	}
	s.used = true
	return p.proofOf(s.attempt, devicePasswordVerifier, p.deviceGroup(), key, known.password, in.ChallengeResponses["SRP_A"],
		map[string]string{"USERNAME": s.user.name, "DEVICE_KEY": key})
}

// proveDevice answers DEVICE_PASSWORD_VERIFIER.
func (p *Pool) proveDevice(in challengeInput) (any, error) {
	a, ok, err := p.proven(in)
	if err != nil {
		return nil, err
	}
	if !ok || p.find(in.ChallengeResponses["USERNAME"]) != a.user {
		return nil, errWrongCredentials
	}
	a.sameDevice = true
	return p.proceed(a)
}

type deviceInput struct {
	tokenRequest
	DeviceKey              string
	DeviceRememberedStatus string // of UpdateDeviceStatus
}

type adminDeviceInput struct {
	adminUserRequest
	DeviceKey              string
	DeviceRememberedStatus string
}

// A deviceResult is DeviceType of the API reference.
type deviceResult struct {
	DeviceKey                   string
	DeviceAttributes            []attribute
	DeviceCreateDate            epoch
	DeviceLastModifiedDate      epoch
	DeviceLastAuthenticatedDate epoch
}

// facts describe a device with the attributes of the example in GetDevice that are known here.
func (d *device) facts() deviceResult {
	status := "not_remembered"
	if d.remembered {
		status = "remembered"
	}
	attributes := []attribute{{"device_status", "valid"}, {"device_name", d.name}, {"dev:device_remembered_status", status}}
	return deviceResult{d.key, attributes, epoch(d.created), epoch(d.modified), epoch(d.authenticated)}
}

// withDevice does something with a device of a user.
func withDevice(u *user, key string, do func(*device) any) (any, error) {
	known := u.devices[key]
	if known == nil {
		return nil, errDeviceNotFound
	}
	return do(known), nil
}

type oneDevice struct{ Device deviceResult }

func describe(d *device) any { return oneDevice{d.facts()} }

func (p *Pool) getDevice(_ context.Context, c caller, in deviceInput) (any, error) {
	return withDevice(c.user, in.DeviceKey, describe)
}

func (p *Pool) adminGetDevice(_ context.Context, c caller, in adminDeviceInput) (any, error) {
	return withDevice(c.user, in.DeviceKey, describe)
}

// forget ends what the device can refresh, too.
func forget(u *user) func(*device) any {
	return func(d *device) any { delete(u.devices, d.key); return nil }
}

func (p *Pool) forgetDevice(_ context.Context, c caller, in deviceInput) (any, error) {
	return withDevice(c.user, in.DeviceKey, forget(c.user))
}

func (p *Pool) adminForgetDevice(_ context.Context, c caller, in adminDeviceInput) (any, error) {
	return withDevice(c.user, in.DeviceKey, forget(c.user))
}

func (p *Pool) remember(status string) func(*device) any {
	return func(d *device) any {
		d.remembered, d.modified = status == "remembered", p.now()
		return nil
	}
}

func (p *Pool) updateDeviceStatus(_ context.Context, c caller, in deviceInput) (any, error) {
	return withDevice(c.user, in.DeviceKey, p.remember(in.DeviceRememberedStatus))
}

func (p *Pool) adminUpdateDeviceStatus(_ context.Context, c caller, in adminDeviceInput) (any, error) {
	return withDevice(c.user, in.DeviceKey, p.remember(in.DeviceRememberedStatus))
}

type listDevicesInput struct {
	tokenRequest
	Limit           *int
	PaginationToken string
}

type adminListDevicesInput struct {
	adminUserRequest
	Limit           *int
	PaginationToken string
}

type listDevicesResult struct {
	Devices         []deviceResult
	PaginationToken string `json:",omitempty"`
}

func (p *Pool) listDevices(_ context.Context, c caller, in listDevicesInput) (any, error) {
	return devicesOf(c.user, in.Limit, in.PaginationToken)
}

func (p *Pool) adminListDevices(_ context.Context, c caller, in adminListDevicesInput) (any, error) {
	return devicesOf(c.user, in.Limit, in.PaginationToken)
}

func devicesOf(u *user, limit *int, token string) (any, error) {
	all := slices.SortedFunc(maps.Values(u.devices), func(a, b *device) int {
		return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.key, b.key))
	})
	some, next, err := page(all, limit, token)
	result := listDevicesResult{[]deviceResult{}, next}
	for _, d := range some {
		result.Devices = append(result.Devices, d.facts())
	}
	return result, err
}
