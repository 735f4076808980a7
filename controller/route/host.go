package route

// ServiceHost returns the name by which pods of any namespace reach a Service.
func ServiceHost(service, namespace string) string { return service + "." + namespace + ".svc" }
