package local

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"poolpost/local/awsjson"
	"poolpost/local/cognito"
	"poolpost/local/identitypool"
	"poolpost/local/sqs"
)

// awsHandler are the AWS APIs, distinguished by their targets and paths. Only those of Cognito
// are there for pages in a browser.
func (s *Stack) awsHandler() http.Handler {
	queues := sqs.Handler(s.queues()...)
	mux := http.NewServeMux()
	mux.Handle("/2015-03-31/functions/", s.host)
	mux.Handle("/v2/email/", s.box.SES())
	mux.Handle("POST /siteverify", siteverify(s.settings))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		api := s.cognito(r)
		switch target := r.Header.Get("X-Amz-Target"); {
		case api != nil:
			api.ServeHTTP(w, r)
		case strings.HasPrefix(target, "AmazonSQS."):
			queues.ServeHTTP(w, r)
		case strings.HasPrefix(target, "TrentService."):
			s.key.ServeHTTP(w, r)
		case strings.HasPrefix(target, secretsTarget):
			secrets.ServeHTTP(w, r)
		default:
			// SDKs read errors as JSON, whatever the service.
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(http.StatusNotFound)
			_ = json.NewEncoder(w).Encode(awsjson.Errorf("UnknownOperationException",
				"This address serves the APIs of Cognito user pools and identity pools, SQS, KMS, Secrets Manager, SES v2 and Lambda; %s is none of them.", cmp.Or(target, r.URL.Path)))
		}
	})
	return forPages(s.cognito, http.NewCrossOriginProtection().Handler(mux))
}

// cognito is the part of Cognito that a request is for, or nil.
func (s *Stack) cognito(r *http.Request) http.Handler {
	target := r.Header.Get("X-Amz-Target")
	switch {
	case strings.HasPrefix(target, cognito.Target), strings.HasPrefix(r.URL.Path, "/"+s.poolID+"/"):
		return s.pool
	case strings.HasPrefix(target, identitypool.Target), r.URL.Path == identitypool.KeysPath:
		return s.identityPool
	}
	return nil
}

// serve serves a listener until Close.
func (s *Stack) serve(l net.Listener, h http.Handler) {
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

// isLocal says whether a host, without its port, is this machine. Browsers never look up names below
// localhost ("Let localhost be localhost", RFC 6761).
func isLocal(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// listen opens a loopback address given by a flag.
func listen(name, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil || !isLocal(host) {
		return nil, fmt.Errorf("%s %s: must be a loopback address with a port, such as 127.0.0.1:8080", name, address)
	}
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s %s: the port is in use; stop the program that has it, or choose others: --web 127.0.0.1:8090 --aws 127.0.0.1:9230", name, address)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", name, address, err)
	}
	return l, nil
}
