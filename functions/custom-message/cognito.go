//go:build !noclients

package main

import (
	"poolpost/internal/awsconfig"
	"poolpost/internal/clientname"
)

func init() { newClientNames = func() clientNames { return clientname.New(awsconfig.Load()) } }
