// Command flooder is what a job pod runs that means no good, and what one runs
// next to it that measures how its own callbacks fare. Which of the two is its
// argument: flood or measure.
package main
