package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"poolpost/internal/bundle"
	"poolpost/internal/compile"
	"poolpost/internal/settings"
	"poolpost/local/cognito"
	"poolpost/local/kms"
	"poolpost/local/lambda"
	"poolpost/local/mailbox"
	"poolpost/local/sqs"
	"poolpost/templates"
)

// options say what to start.
type options struct {
	settings string          // file
	web      string          // address of the pages, host:port
	aws      string          // address of the AWS APIs, host:port
	links    string          // where links in mails lead; empty: to the pages
	logs     io.Writer       // what the functions write
	dir      string          // where functions are built; empty: in .build
	built    bool            // the binaries are in dir already
	compiled *compile.Output // messages and pages of the settings; nil: they are compiled
	smtp     string          // a server that samples of messages can be sent through, host:port; empty: none

	queue   sqs.Options                     // how the mail queue delivers; what is needed is filled in
	sending time.Duration                   // the time limit of send-mail; 0: as deployed
	retries []time.Duration                 // waits before an asynchronous invocation is tried again; nil: Lambda's
	front   func(http.Handler) http.Handler // stands before the AWS APIs; nil: nothing
}

// A suite is the whole of Poolpost on this machine: the real functions, and
// around them a user pool, a mail queue, SES and a mailbox.
type suite struct {
	settings  *settings.Settings
	compiled  *compile.Output
	dir       string // holds a folder for each function
	poolID    string
	clientIDs map[string]string // by the names of the settings
	webURL    string
	linksURL  string // where links in mails lead
	awsURL    string

	host  *lambda.Host
	pool  *cognito.Pool
	box   *mailbox.Box
	queue *sqs.Queue
	key   *kms.Key // Cognito's codes are encrypted under it

	sending     time.Duration // the time limit of send-mail; 0: as deployed
	undelivered records       // what Lambda would send to the on-failure queue

	preview *preview

	servers []*http.Server
	stop    context.CancelFunc // ends the queue
	running sync.WaitGroup
}

// account is that of AWS's own examples, and of the functions' ARNs too.
const account = "123456789012"

// start builds the functions and starts everything. Close ends it.
func start(ctx context.Context, o options) (*suite, error) {
	set, err := settings.Read(o.settings)
	if err != nil {
		return nil, err
	}
	web, err := listen("-web", o.web)
	if err != nil {
		return nil, err
	}
	aws, err := listen("-aws", o.aws)
	if err != nil {
		web.Close()
		return nil, err
	}
	s := &suite{
		settings:  set,
		poolID:    set.Pool.Region + "_Example01",
		clientIDs: map[string]string{},
		webURL:    "http://" + web.Addr().String(),
		awsURL:    "http://" + aws.Addr().String(),
		linksURL:  cmp.Or(o.links, "http://"+web.Addr().String()),
		box:       mailbox.New(nil),
		key:       kms.New(set.Pool.Region, account),
		sending:   o.sending,
	}
	for _, c := range set.Clients {
		s.clientIDs[c.Name] = sampleClientID(c.Name)
	}
	localApp(set, s.linksURL)
	s.dir, err = filepath.Abs(cmp.Or(o.dir, filepath.Join(".build", settings.Name(o.settings))))
	if err == nil {
		err = s.build(ctx, o)
	}
	if err == nil {
		err = s.assemble(o)
	}
	if err != nil {
		web.Close()
		aws.Close()
		return nil, err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.running.Go(func() { s.queue.Run(running) })
	s.preview = &preview{
		dir: s.dir, settings: set, file: o.settings, linksURL: s.linksURL, box: s.box, smtp: o.smtp, closed: make(chan struct{}), renew: s.host.Renew,
	}
	s.serve(web, http.NewCrossOriginProtection().Handler(s.webHandler()))
	apis := s.awsHandler()
	if o.front != nil {
		apis = o.front(apis)
	}
	s.serve(aws, apis)
	// Shutdown waits for requests, and a page that waits for changes never ends.
	s.servers[0].RegisterOnShutdown(func() { close(s.preview.closed) })
	return s, nil
}

// build puts the functions into their folders.
func (s *suite) build(ctx context.Context, o options) (err error) {
	s.compiled = o.compiled
	if s.compiled == nil {
		if s.compiled, err = compile.All(templates.Beside(o.settings), s.settings); err != nil {
			return err
		}
	}
	functions := bundle.FunctionsOf(s.settings)
	if err := bundle.Write(s.dir, s.settings, s.compiled, functions); err != nil || o.built {
		return err
	}
	return bundle.BuildBinaries(ctx, s.dir, s.settings, bundle.ThisMachine, functions)
}

// localApp lets the app of the local run be returned to, as well as the real
// one.
func localApp(set *settings.Settings, linksURL string) {
	for i, c := range set.Clients {
		set.Clients[i].ReturnURLs = append(c.ReturnURLs, linksURL+"/")
	}
}

// assemble puts the parts together; nothing runs yet.
func (s *suite) assemble(o options) error {
	o.queue.Name, o.queue.Region, o.queue.Account = "mail.fifo", s.settings.Pool.Region, account
	o.queue.Retry = cmp.Or(o.queue.Retry, 5*time.Second)
	o.queue.MaxReceives = 1000 // as deployed: send-mail itself decides what is a dead letter
	o.queue.Invoke = func(ctx context.Context, event []byte) ([]byte, error) { return s.host.Invoke(ctx, "send-mail", event) }
	s.queue = sqs.New(o.queue)
	var err error
	s.host, err = lambda.New(lambda.Options{
		Region:      s.settings.Pool.Region,
		Logs:        func(function, line string) { fmt.Fprintf(o.logs, "%s: %s\n", function, line) },
		Concurrency: max(o.queue.Concurrency, 10),
		RetryDelays: o.retries,
		OnFailure:   s.undelivered.add,
	}, s.functions()...)
	if err != nil {
		return err
	}
	if err := s.assemblePool(); err != nil {
		return errors.Join(err, s.host.Close())
	}
	return nil
}

// assemblePool makes the user pool, with the triggers that the settings ask for.
func (s *suite) assemblePool() error {
	o := cognito.Options{
		Settings: s.settings, PoolID: s.poolID, ClientIDs: s.clientIDs,
		Triggers: map[string]string{"PreSignUp": "pre-sign-up", "PostConfirmation": "post-confirmation"},
		Invoke:   s.host.Invoke, InvokeLater: s.host.InvokeAsync,
		Deliver: s.deliver,
	}
	if s.settings.Mail.UsesCustomSender() {
		codes, err := newEncrypter(s.awsURL, s.settings.Pool.Region, s.key.ARN(), s.poolID)
		if err != nil {
			return err
		}
		o.Encrypt = codes.encrypt
		o.Triggers["CustomEmailSender"] = "custom-email-sender"
	} else {
		o.Triggers["CustomMessage"] = "custom-message"
	}
	var err error
	s.pool, err = cognito.New(o)
	return err
}

// functions are what the deployment would make of the settings: each function
// with its environment and its time limit.
func (s *suite) functions() []lambda.Function {
	ids, err := json.Marshal(s.clientIDs)
	if err != nil {
		panic(err) // a map of strings always encodes
	}
	values := bundle.Values{
		Stack: "local", Stage: "local", LinksURL: s.linksURL, Clients: string(ids), UserPoolID: s.poolID, KMSKeyARN: s.key.ARN(),
		MailQueueURL: s.queue.URL(s.awsURL), DeadLetterQueueURL: s.queue.DeadURL(s.awsURL),
	}
	var all []lambda.Function
	for _, f := range bundle.FunctionsOf(s.settings) {
		env := f.Env(s.settings, values)
		env["AWS_ENDPOINT_URL"] = s.awsURL
		limit := f.Timeout
		if f.Name == "send-mail" {
			limit = cmp.Or(s.sending, limit)
		}
		all = append(all, lambda.Function{Name: f.Name, Dir: filepath.Join(s.dir, f.Name), Env: env, Timeout: limit})
	}
	return all
}

// records are what is kept of asynchronous invocations that failed.
type records struct {
	mu  sync.Mutex
	all [][]byte
}

func (r *records) add(record []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, record)
}

func (r *records) list() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.all)
}

// deliver puts what the pool sends into the mailbox, as Cognito sends it
// through SES: from the pool's sender, and HTML only.
func (s *suite) deliver(d cognito.Delivery) {
	m := mailbox.Message{Kind: mailbox.SMS, To: []string{d.To}, Text: d.Body, Via: "Cognito", Note: d.Note}
	if d.Medium == "EMAIL" {
		m.Kind, m.Text, m.HTML, m.Subject = mailbox.Email, "", d.Body, d.Subject
		m.From, m.ReplyTo = bundle.From(s.settings.Mail.From), s.settings.Mail.ReplyTo
	}
	m.Tags = map[string]string{"trigger": d.TriggerSource}
	s.box.Add(m)
}

// awsHandler are the AWS APIs, told apart by their targets and paths. Only the
// user pool is there for pages in a browser.
func (s *suite) awsHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/2015-03-31/functions/", s.host)
	mux.Handle("/v2/email/", s.box.SES())
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		switch target := r.Header.Get("X-Amz-Target"); {
		case strings.HasPrefix(target, poolTarget):
			s.pool.ServeHTTP(w, r)
		case strings.HasPrefix(target, "AmazonSQS."):
			s.queue.ServeHTTP(w, r)
		case strings.HasPrefix(target, "TrentService."):
			s.key.ServeHTTP(w, r)
		default:
			http.Error(w, "This address serves the APIs of Cognito user pools, SQS, KMS, SES v2 and Lambda to AWS SDKs.", http.StatusNotFound)
		}
	})
	return poolForPages(s.pool, http.NewCrossOriginProtection().Handler(mux))
}

// serve serves a listener until Close.
func (s *suite) serve(l net.Listener, h http.Handler) {
	server := &http.Server{Handler: localOnly(h), ReadHeaderTimeout: 10 * time.Second}
	s.servers = append(s.servers, server)
	s.running.Go(func() { _ = server.Serve(l) }) // it ends with ErrServerClosed
}

// localOnly refuses requests for another host's name, which a page elsewhere
// can make a browser send here (DNS rebinding).
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if !isLocal(host) {
			http.Error(w, "This is a development server for this machine only.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLocal says whether a host, without its port, is this machine.
func isLocal(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// listen opens a loopback address given by a flag.
func listen(name, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil || !isLocal(host) {
		return nil, fmt.Errorf("%s %s: must be a loopback address with a port, such as 127.0.0.1:8080", name, address)
	}
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s %s: the port is in use; stop the program that has it, or choose others: make dev ARGS=\"-web 127.0.0.1:8090 -aws 127.0.0.1:9230\"", name, address)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", name, address, err)
	}
	return l, nil
}

// Close ends the servers, the queue and every process.
func (s *suite) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	var errs []error
	for _, server := range s.servers {
		if err := server.Shutdown(ctx); err != nil {
			errs = append(errs, server.Close())
		}
	}
	s.stop()
	errs = append(errs, s.host.Close())
	s.running.Wait()
	return errors.Join(errs...)
}

// sampleClientID makes an app client id of 26 characters, as Cognito's are, out
// of a client's name: the same in every run.
func sampleClientID(name string) string {
	hash := sha256.Sum256([]byte(name))
	return "sample" + hex.EncodeToString(hash[:10])
}
