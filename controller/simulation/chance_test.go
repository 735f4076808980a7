package simulation

import "time"

// luck is the outcome of a roll of the dice. One roll decides several things: each takes
// the next luck.
type luck uint64

// roll returns the luck for a purpose. It depends on the seed and the purpose, and not on
// the order of the rolls, so that the order of goroutines does not matter.
func roll(seed uint64, n int, what ...string) luck {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for _, s := range what {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * prime
		}
		h = (h ^ '/') * prime
	}
	return luck(mix(h ^ mix(seed+uint64(n)*0x9e3779b97f4a7c15))).next()
}

// mix is the finalizer of splitmix64.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

func (l luck) next() luck { return luck(mix(uint64(l) + 0x9e3779b97f4a7c15)) }

// chance is true with probability p.
func (l luck) chance(p float64) bool {
	return float64(uint64(l)>>11)/(1<<53) < p
}

// between returns a time from low to high, with a random number of nanoseconds, so that no
// two things happen at one instant.
func (l luck) between(low, high time.Duration) time.Duration {
	return low + time.Duration(uint64(l)%uint64(high-low))
}

// below returns a number from 0 to n-1.
func (l luck) below(n int) int { return int(uint64(l) % uint64(n)) }
