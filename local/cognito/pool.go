// Package cognito is an Amazon Cognito user pool in memory, for development.
// It speaks the JSON protocol of the Cognito user pools API, so that any AWS
// SDK works with it through an endpoint URL.
//
// It exists to be strict about Lambda triggers: their events have the shape
// that AWS documents, their replies must keep to Cognito's rules, and a
// refusal carries Cognito's own error text. A comment at each rule names the
// page of the Amazon Cognito Developer Guide or the operation of the API
// reference that it comes from. "Observed" marks what AWS does not document
// and others have reported of the service, "derived" what follows from either;
// nothing here was verified on AWS.
//
// What an app client may do comes from settings.Access, of which the CDK app makes
// the deployed one.
//
// Left out: every operation that is not in the table of operations, tokens for
// users of external providers (SignInWithProvider signs them up), codes as a first
// or second factor (so CustomMessage_Authentication never fires), flows that no
// client of the settings allows, OAuth, client secrets, account-wide rate limits and
// the check of request signatures. TooManyFailedAttemptsException is never answered:
// AWS documents that it exists, and no figure for it. Users live as long as the
// process.
package cognito

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"poolpost/internal/settings"
	"poolpost/local/awsjson"
)

// Options describe a pool.
type Options struct {
	Settings *settings.Settings
	// PoolID is a user pool id, such as eu-central-1_Example01; its region
	// becomes the region of events and tokens.
	PoolID string
	// ClientIDs holds an app client id, 26 lower-case letters and digits, for
	// each client of the settings, by name.
	ClientIDs map[string]string
	// Triggers holds the name of the function behind each trigger: PreSignUp,
	// CustomMessage or CustomEmailSender, PostConfirmation, PreTokenGeneration. A
	// trigger that it lacks is not called.
	Triggers map[string]string
	// Invoke runs a function with an event and returns its reply. An error of
	// the function itself has a method Details() (errorType, errorMessage
	// string); any other error means that the function could not be run. It
	// must return when its context ends, and may call the pool.
	Invoke func(ctx context.Context, function string, payload []byte) ([]byte, error)
	// InvokeLater takes an event for a function whose reply nobody waits for. The
	// trigger CustomEmailSender needs it.
	InvokeLater func(function string, payload []byte) error
	// Encrypt makes what CustomEmailSender gets of a code: ciphertext in Base64.
	// That trigger needs it.
	Encrypt func(ctx context.Context, code string) (string, error)
	// TriggerTimeout is how long one call of a trigger may take; 0 is
	// Cognito's 5 seconds.
	TriggerTimeout time.Duration
	// LinkedSignInSucceeds lets a provider's sign-in succeed during which a trigger links the
	// identity to an account. Reports of 2023 say that it does; earlier ones, that it fails.
	LinkedSignInSucceeds bool
	// HideUnconfirmed answers a wrong password of an unconfirmed user as that of any other. AWS's
	// own people wrote in 2023 that Cognito tells with any password
	// (https://github.com/aws-amplify/amplify-flutter/issues/3407); some reports say otherwise.
	HideUnconfirmed bool
	// Deliver takes a message that leaves the pool. It may call the pool.
	Deliver func(Delivery)
	// Clock is the time of day; nil is time.Now.
	Clock func() time.Time
	// Rand is where codes, passwords and opaque tokens come from; nil is crypto/rand.
	Rand io.Reader
}

// Delivery is one mail to one person.
type Delivery struct {
	To      string
	Subject string
	Body    string // HTML
	// TriggerSource is what caused it, such as CustomMessage_SignUp.
	TriggerSource string
	// Note says why Cognito's default text was sent, with the rule and the
	// figures; it is empty when all of the text is the function's.
	Note string
}

// Pool is a user pool. It is an http.Handler; its methods may be called from
// several goroutines.
type Pool struct {
	options Options
	region  string
	clients map[string]appClient // by app client id
	schema  map[string]attributeRule
	// everything are the names of the schema, sorted: what administrators may write.
	everything []string
	now        func() time.Time
	created    time.Time
	keys       func() *keys
	secret     [32]byte // of what is made up, and of the devices' group
	api        *awsjson.Service
	documents  http.Handler

	// mu guards what follows, and is held during an operation, but for the time in
	// which a trigger runs or a message is delivered: either may call the pool. All
	// methods but those that are exported expect it to be held.
	mu         sync.Mutex
	users      map[string]*user // by user name
	order      []*user          // as they were created
	addresses  map[string]*user // by email address in lower case
	identities map[identity]*user
	quotas     map[string][]time.Time
	lockouts   map[string]lockout
	sessions   map[string]*session
	waiting    []string // the keys of sessions, as they began
	signIns    uint32
	revoked    map[string]time.Time // until when to remember, by the origin_jti of a sign-in
	used       map[string]usedToken // refresh tokens that were replaced, by their IDs
	groups     []*group
}

// An appClient is an app client with what it allows.
type appClient struct {
	settings.Client
	settings.Access
}

var (
	// The patterns of the API reference: UserPoolIdType, and what app client
	// ids look like (observed).
	poolIDPattern   = regexp.MustCompile(`^([a-z]{2}(-[a-z]+)+-[0-9])_[0-9a-zA-Z]+$`)
	clientIDPattern = regexp.MustCompile(`^[a-z0-9]{26}$`)
)

// New returns an empty pool. It fails when an id has not the shape of
// Cognito's ids, or a client of the settings has none.
func New(o Options) (*Pool, error) {
	match := poolIDPattern.FindStringSubmatch(o.PoolID)
	if match == nil {
		return nil, fmt.Errorf("user pool id %q: must look like eu-central-1_Example01", o.PoolID)
	}
	if o.Invoke == nil && len(o.Triggers) > 0 {
		return nil, errors.New("user pool: triggers need a way to invoke them")
	}
	if _, ok := o.Triggers[customEmailSender]; ok && (o.InvokeLater == nil || o.Encrypt == nil) {
		return nil, errors.New("user pool: CustomEmailSender needs a way to encrypt codes and to invoke it later")
	}
	clients := map[string]appClient{}
	for _, client := range o.Settings.Clients {
		id := o.ClientIDs[client.Name]
		if !clientIDPattern.MatchString(id) {
			return nil, fmt.Errorf("app client id %q of client %s: must be 26 lower-case letters and digits", id, client.Name)
		}
		if twin, taken := clients[id]; taken {
			return nil, fmt.Errorf("app client id %q: belongs to both %s and %s", id, twin.Name, client.Name)
		}
		clients[id] = appClient{client, o.Settings.Access(client)}
	}
	o.TriggerTimeout = cmp.Or(o.TriggerTimeout, 5*time.Second)
	if o.Deliver == nil {
		o.Deliver = func(Delivery) {}
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	p := &Pool{
		options:    o,
		region:     match[1],
		clients:    clients,
		schema:     schemaOf(o.Settings.Pool),
		now:        o.Clock,
		keys:       sync.OnceValue(newKeys),
		users:      map[string]*user{},
		addresses:  map[string]*user{},
		identities: map[identity]*user{},
		quotas:     map[string][]time.Time{},
		lockouts:   map[string]lockout{},
		sessions:   map[string]*session{},
		revoked:    map[string]time.Time{},
		used:       map[string]usedToken{},
	}
	_, _ = rand.Read(p.secret[:]) // it never fails
	p.everything = slices.Sorted(maps.Keys(p.schema))
	p.created = p.now()
	p.groups = newGroups(o.Settings.GroupNames(), o.PoolID, p.created)
	p.api, p.documents = p.service(), p.wellKnown()
	return p, nil
}

// unlocked runs f, which may call the pool, without the lock.
func (p *Pool) unlocked(f func()) {
	p.mu.Unlock()
	defer p.mu.Lock()
	f()
}

func (p *Pool) client(id string) (appClient, error) {
	client, ok := p.clients[id]
	if !ok {
		return client, failure("ResourceNotFoundException", "User pool client %s does not exist.", id)
	}
	return client, nil
}

// lower folds an email address: the pool's user names are not case-sensitive
// (UsernameConfiguration of CreateUserPool).
func lower(address string) string { return strings.ToLower(address) }
