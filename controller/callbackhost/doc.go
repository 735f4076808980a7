// Package callbackhost is the host in callback URLs: the address or the name of the callback
// Service, which job pods connect to.
//
// It knows the Service, and for which hosts the callback port's certificate is valid. It
// knows neither an execution nor what else a callback URL has.
//
//	callbackhost.go  finds the host, and follows a Service that is created again
package callbackhost
