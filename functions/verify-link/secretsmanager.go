//go:build !nosecrets

package main

import (
	"poolpost/internal/awsconfig"
	"poolpost/internal/secret"
)

func init() {
	newSecrets = func(names []string) map[string]clientSecret {
		cfg, all := awsconfig.Load(), map[string]clientSecret{}
		for _, name := range names {
			all[name] = secret.New(cfg, name)
		}
		return all
	}
}
