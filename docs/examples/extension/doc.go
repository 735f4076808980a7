// Command extension is a controller with additions of its own: an environment
// variable for the job pods that is taken from the custom configuration, and
// work that is done beside the controller's while this replica leads.
//
// The ConfigMap's part of it:
//
//	custom:
//	  datacentre: zrh
package main
