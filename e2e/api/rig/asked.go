package rig

import "github.com/batch-job-controller/batch-job-controller/e2e/api/rig/requests"

// Requests returns all requests of the site's service account to the API server.
func (s *Site) Requests() []requests.Request {
	s.tb.Helper()
	return s.RequestsOf(s.tb, s.Namespace, accountName)
}

// Asked returns each kind of request of the site's service account once, in order.
func (s *Site) Asked() []requests.Request {
	s.tb.Helper()
	return requests.Kinds(s.Requests())
}

// TimesAsked returns how many requests with a verb and a resource the site's service account has
// sent to the API server.
func (s *Site) TimesAsked(verb, resource string) int {
	s.tb.Helper()
	times := 0
	for _, request := range s.Requests() {
		if request.Verb == verb && request.Resource == resource {
			times++
		}
	}
	return times
}
