// Package lambda runs Lambda functions on this machine: the real bootstrap
// executables, each in a process of its own, served over the Lambda Runtime API
// and called through Invoke or the Lambda Invoke API.
//
// It keeps to what AWS documents ("Using the Lambda runtime API", "Lambda
// execution environment lifecycle", "Invoke" in the Lambda API reference) where
// a function can tell the difference: the environment, one event at a time in a
// process, warm reuse, the time limits, what a crash or a failed start does to
// the invocation, payload sizes, error types. Error texts that AWS does not
// document are those seen in public reports. Nothing was compared with AWS.
//
// Left out: memory and CPU limits, freezing between invocations, the end of idle
// processes, Lambda's second attempt at a failed start, the six hours in which it
// tries an asynchronous invocation again that it could not start, versions and
// aliases other than $LATEST, response streaming, extensions, layers, permissions. It needs a Unix system, and every
// port it opens is on 127.0.0.1.
package lambda
