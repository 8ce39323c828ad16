// Package local runs the whole of Poolpost on this machine: the functions as the
// binaries that are deployed, and around them a Cognito user pool, a mail queue,
// SES and KMS in memory, a mailbox to read the mails in, and a sample app. It needs
// Go and nothing else.
//
// It is a development tool: it keeps nothing, and listens on loopback addresses
// only.
package local

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"poolpost/internal/bundle"
	"poolpost/internal/compile"
	"poolpost/internal/settings"
	"poolpost/local/cognito"
	"poolpost/local/eventbridge"
	"poolpost/local/identitypool"
	"poolpost/local/kms"
	"poolpost/local/lambda"
	"poolpost/local/mailbox"
	"poolpost/local/sqs"
)

// Options say what to start.
type Options struct {
	Settings string // file
	Web      string // loopback address of the pages, host:port
	AWS      string // loopback address of the AWS APIs, host:port
	SMTP     string // server that samples of messages can be sent through, host:port; empty: none
	Hook     string // what plays the function of signUp.hook: see OpenHook
	App      string // address of a front end on this machine that buttons lead to, instead of the real one; empty: none
	// EventHooks are loopback addresses that play the targets of hooks.events, by their names.
	EventHooks map[string]string
	Logs       io.Writer // what the functions write, and what is being done before everything runs

	links string // where links in mails lead; empty: to the pages
	hooks testHooks
}

// testHooks are what tests change; the zero value is what everybody runs.
type testHooks struct {
	dir             string                          // where functions are built; empty: in .build
	built           bool                            // the binaries are in dir already
	compiled        *compile.Output                 // messages and pages of the settings; nil: they are compiled
	queue           sqs.Options                     // how the mail queue delivers; what is needed is filled in
	second          time.Duration                   // how long a second of waits for hooks lasts; 0: a second
	sendMailTimeout time.Duration                   // the time limit of send-mail; 0: as deployed
	onFailure       func(record []byte)             // takes what Lambda sends to the on-failure queue; nil: dropped
	retries         []time.Duration                 // waits before an asynchronous invocation is tried again; nil: Lambda's
	middleware      func(http.Handler) http.Handler // wraps the AWS APIs; nil: nothing
	clock           func() time.Time                // of the pools; nil: time.Now
}

// A Stack is the whole of Poolpost on this machine: the real functions, and around
// them a user pool, a mail queue, SES, KMS and a mailbox.
type Stack struct {
	settings       *settings.Settings
	compiled       *compile.Output
	dir            string // holds a folder for each function
	poolID         string
	clientIDs      map[string]string // by the names of the settings
	identityPoolID string
	webURL         string
	linksURL       string // where links in mails lead
	awsURL         string

	host         *lambda.Host
	hook         *Hook
	pool         *cognito.Pool
	identityPool *identitypool.Pool
	box          *mailbox.Box
	queue        *sqs.Queue
	eventQueue   *sqs.Queue       // nil without hooks
	bus          *eventbridge.Bus // the same
	key          *kms.Key         // Cognito's codes are encrypted under it

	sendLimit time.Duration    // the time limit of send-mail; 0: as deployed
	clock     func() time.Time // of the pools; nil: time.Now

	preview *preview

	servers []*http.Server
	stop    context.CancelFunc // ends the queue
	running sync.WaitGroup
}

// account is that of AWS's own examples, and of the functions' ARNs too.
const account = "123456789012"

// Run starts everything, reports its progress and then the addresses, and stops
// it when ctx ends.
func Run(ctx context.Context, o Options, stdout io.Writer) error {
	s, err := start(ctx, o, func(step string) { fmt.Fprintln(o.Logs, step, "…") })
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "ready: %s\n", s.webURL)
	fmt.Fprintf(stdout, "  sign up    %s/\n", s.webURL)
	fmt.Fprintf(stdout, "  mailbox    %s/mailbox\n", s.webURL)
	fmt.Fprintf(stdout, "  messages   %s/messages\n", s.webURL)
	if s.bus != nil {
		fmt.Fprintf(stdout, "  events     %s/events\n", s.webURL)
	}
	fmt.Fprintf(stdout, "  AWS APIs   %s\n", s.awsURL)
	fmt.Fprintf(stdout, "  user pool  %s\n", s.poolID)
	for _, c := range s.settings.Clients {
		fmt.Fprintf(stdout, "  client     %s (%s)\n", s.clientIDs[c.Name], c.Name)
	}
	if s.settings.IdentityPool.Enabled {
		fmt.Fprintf(stdout, "  identities %s\n", s.identityPoolID)
	}
	if set := s.settings.SignUp.Hook; set.Function != "" && o.Hook == "" {
		fmt.Fprintf(stdout, "  hook       %s is not here, so signUp.hook.onFailure decides (%s): add --hook, see docs/hooks.md\n", set.Function, set.OnFailure)
	}
	<-ctx.Done()
	fmt.Fprintln(o.Logs, "stopping …")
	return s.Close()
}

// Start builds the functions and starts everything. Close ends it.
func Start(ctx context.Context, o Options) (*Stack, error) {
	return start(ctx, o, func(string) {})
}

// start is Start, with a word about each step before it is taken.
func start(ctx context.Context, o Options, progress func(step string)) (*Stack, error) {
	set, err := settings.Read(o.Settings)
	if err != nil {
		return nil, err
	}
	web, err := listen("--web", o.Web)
	if err != nil {
		return nil, err
	}
	aws, err := listen("--aws", o.AWS)
	if err != nil {
		web.Close()
		return nil, err
	}
	s := &Stack{
		settings:       set,
		poolID:         set.Pool.Region + "_Example01",
		clientIDs:      map[string]string{},
		identityPoolID: set.Pool.Region + ":00000000-0000-4000-8000-000000000000",
		webURL:         "http://" + web.Addr().String(),
		awsURL:         "http://" + aws.Addr().String(),
		linksURL:       cmp.Or(o.links, "http://"+web.Addr().String()),
		box:            mailbox.New(nil),
		key:            kms.New(set.Pool.Region, account),
		sendLimit:      o.hooks.sendMailTimeout,
		clock:          o.hooks.clock,
	}
	for _, c := range set.Clients {
		s.clientIDs[c.Name] = sampleClientID(c.Name)
	}
	if err = localApp(set, s.linksURL, o.App); err == nil {
		s.dir, err = filepath.Abs(cmp.Or(o.hooks.dir, filepath.Join(".build", settings.Name(o.Settings))))
	}
	if err == nil {
		err = s.build(ctx, o, progress)
	}
	if err == nil {
		progress("starting")
		err = s.assemble(o)
	}
	if err != nil {
		web.Close()
		aws.Close()
		return nil, err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	for _, q := range s.queues() {
		s.running.Go(func() { q.Run(running) })
	}
	s.preview = &preview{
		dir: s.dir, settings: set, file: o.Settings, linksURL: s.linksURL, app: o.App, box: s.box, smtp: o.SMTP,
		closed: make(chan struct{}), restartFunctions: s.host.Recycle,
	}
	s.serve(web, http.NewCrossOriginProtection().Handler(s.webHandler()))
	apis := s.awsHandler()
	if o.hooks.middleware != nil {
		apis = o.hooks.middleware(apis)
	}
	s.serve(aws, apis)
	// Shutdown waits for requests, and a page that waits for changes never ends.
	s.servers[0].RegisterOnShutdown(func() { close(s.preview.closed) })
	return s, nil
}

// localApp lets the app of the local run be returned to, as well as the real one. With a front end
// on this machine, the addresses of every client lead there: its origin takes the place of theirs.
func localApp(set *settings.Settings, linksURL, app string) error {
	app = strings.TrimSuffix(app, "/")
	if app != "" && !isLocalOrigin(app) {
		return fmt.Errorf("--app %s: must be the origin of a front end on this machine, such as http://localhost:5173", app)
	}
	for i := range set.Clients {
		c := &set.Clients[i]
		c.Existing.Secret = "" // the clients of the local pool have none
		if app != "" {
			for _, address := range []*string{&c.URL, &c.SignInURL, &c.AttributeURL, &c.ResetURL} {
				if u, err := url.Parse(*address); err == nil && *address != "" {
					*address = app + u.RequestURI()
				}
			}
			c.ReturnURLs = append(c.ReturnURLs, app+"/")
		}
		c.ReturnURLs = append(c.ReturnURLs, linksURL+"/")
	}
	return nil
}

func (s *Stack) assemble(o Options) error {
	queue := o.hooks.queue
	queue.Name, queue.Region, queue.Account = "mail.fifo", s.settings.Pool.Region, account
	queue.Retry = cmp.Or(queue.Retry, 5*time.Second)
	queue.MaxReceives = 1000 // as deployed: send-mail itself decides what is a dead letter
	queue.Invoke = func(ctx context.Context, event []byte) ([]byte, error) { return s.host.Invoke(ctx, "send-mail", event) }
	s.queue = sqs.New(queue)
	var err error
	if s.eventQueue, s.bus, err = newEvents(s.settings, s.poolID, o.EventHooks, o.hooks.second); err != nil {
		return err
	}
	if s.hook, err = OpenHook(s.settings, o.Hook, o.Logs); err != nil {
		return err
	}
	s.host, err = lambda.New(lambda.Options{
		Region:      s.settings.Pool.Region,
		Logs:        func(function, line string) { fmt.Fprintf(o.Logs, "%s: %s\n", function, line) },
		Concurrency: max(queue.Concurrency, 10),
		RetryDelays: o.hooks.retries,
		OnFailure:   o.hooks.onFailure,
		Others: map[string]func(context.Context, []byte) ([]byte, error){
			s.settings.SignUp.Hook.Function: s.hook.Ask,
		},
	}, s.hosted()...)
	if err != nil {
		return errors.Join(err, s.hook.Close())
	}
	if err := s.assemblePool(); err != nil {
		return errors.Join(err, s.host.Close(), s.hook.Close())
	}
	return nil
}

// assemblePool makes the user pool, with the triggers that the settings ask for.
func (s *Stack) assemblePool() error {
	o := cognito.Options{
		Settings: s.settings, PoolID: s.poolID, ClientIDs: s.clientIDs,
		Triggers: map[string]string{"PreSignUp": "pre-sign-up", "PostConfirmation": "post-confirmation"},
		Invoke:   s.host.Invoke, InvokeLater: s.host.InvokeAsync,
		Deliver: s.deliver, Clock: s.clock,
	}
	if s.settings.Invitations.FollowUp {
		o.Triggers["PreTokenGeneration"] = "post-confirmation"
	}
	if s.settings.Mail.UsesCustomSender() {
		o.Encrypt = s.encrypt
		o.Triggers["CustomEmailSender"] = "custom-email-sender"
	} else {
		o.Triggers["CustomMessage"] = "custom-message"
	}
	var err error
	if s.pool, err = cognito.New(o); err != nil {
		return err
	}
	s.identityPool = identitypool.New(identitypool.Options{
		Settings: s.settings.IdentityPool, Name: s.settings.Pool.Name, ID: s.identityPoolID, Account: account, UserPool: s.pool, Clock: s.clock,
	})
	return nil
}

// deliver puts what the pool sends into the mailbox, as Cognito sends it
// through SES: from the pool's sender, and HTML only.
func (s *Stack) deliver(d cognito.Delivery) {
	s.box.Add(mailbox.Message{
		From: bundle.From(s.settings.Mail.From), ReplyTo: s.settings.Mail.ReplyTo, To: []string{d.To}, Subject: d.Subject, HTML: d.Body,
		Via: "Cognito", Note: d.Note, Tags: map[string]string{"trigger": d.TriggerSource},
	})
}

// Close ends the servers, the queue and every process.
func (s *Stack) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	var errs []error
	for _, server := range s.servers {
		if err := server.Shutdown(ctx); err != nil {
			errs = append(errs, server.Close())
		}
	}
	s.stop()
	errs = append(errs, s.host.Close(), s.hook.Close())
	s.running.Wait()
	if s.bus != nil {
		s.bus.Close()
	}
	return errors.Join(errs...)
}

// sampleClientID makes an app client id of 26 characters, as Cognito's are, out
// of a client's name: the same in every run.
func sampleClientID(name string) string {
	hash := sha256.Sum256([]byte(name))
	return "sample" + hex.EncodeToString(hash[:10])
}
