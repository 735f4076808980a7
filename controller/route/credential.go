package route

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// mask replaces each byte of a secret: the text keeps its length, and JSON stays valid.
const mask = '*'

// finder finds the next text that may be a credential, and asks the Prover whether it is.
// Redactor.redact has the list.
type finder func(text []byte) hit

// hit is a result of a finder. If end is 0, the finder has found nothing.
type hit struct {
	begin, end int
	secret     int  // where the part to hide begins
	proven     bool // the Prover has confirmed it
	grows      bool // it ends only because the text does: more letters would belong to it
	marked     bool // hide leaves a hash of the secret
	next       int  // where to continue the search
}

// hide masks the secret. If the text before it is the same for all credentials, it writes
// the beginning of the secret's hash, which does not reveal it: two different labels must
// not become equal.
func (h hit) hide(text []byte) {
	hidden := text[h.secret:h.end]
	sum := sha256.Sum256(hidden)
	copy(hidden, bytes.Repeat([]byte{mask}, len(hidden)))
	if h.marked {
		hex.Encode(hidden, sum[:6])
	}
}

// findToken finds a callback token. The node's name, which precedes the MAC, may contain
// dots, so each dot may be the last separator: findToken tries all.
func (r *Redactor) findToken(text []byte) hit {
	const version = tokenVersion + "."
	const fixed = len(version) + 2*keyIDBytes + len(".20060102150405.")
	begin := bytes.Index(text, []byte(version))
	if begin < 0 {
		return hit{}
	}
	from := text[begin:]
	none := hit{begin: begin, end: begin + len(version), next: begin + 1}
	if len(from) < fixed || from[len(version)+2*keyIDBytes] != '.' || from[fixed-1] != '.' {
		return none
	}
	run := fixed + runOf(from[fixed:min(len(from), maxToken)], isTokenLetter)
	for dot := fixed; dot+1+macLength <= run; dot++ {
		end := dot + 1 + macLength
		if from[dot] == '.' && bytes.IndexByte(from[dot+1:end], '.') < 0 && r.prover.IsToken(string(from[:end])) {
			return hit{begin: begin, end: begin + end, secret: begin + dot + 1, proven: true, next: begin + end}
		}
	}
	return none
}

// passwordUser precedes a token that is a password of HTTP basic authentication.
const passwordUser = "bjc:"

// passwordBegin is how each of these passwords begins in base64. Its six bytes end at the
// end of a group of three: the token's next byte does not change the text.
var passwordBegin = base64.StdEncoding.EncodeToString([]byte(passwordUser + tokenVersion))

// maxPassword is the length of the longest token as a password.
const maxPassword = (len(passwordUser) + maxToken + 2) / 3 * 4

// findPassword finds a token as a password of HTTP basic authentication.
func (r *Redactor) findPassword(text []byte) hit {
	begin := bytes.Index(text, []byte(passwordBegin))
	if begin < 0 {
		return hit{}
	}
	from := text[begin:min(len(text), begin+maxPassword)]
	run := runOf(from, isBase64Letter)
	plain := make([]byte, base64.RawStdEncoding.DecodedLen(run))
	n, _ := base64.RawStdEncoding.Decode(plain, from[:run]) // decodes up to the first error
	token := r.findToken(plain[:n])
	for token.end > 0 && !token.proven {
		after := r.findToken(plain[token.next:n])
		after.next += token.next
		if after.end == 0 {
			break
		}
		token = after
	}
	return hit{begin: begin, end: begin + run, secret: begin + len(passwordBegin), proven: token.proven, grows: run < maxPassword, marked: true, next: begin + run}
}

// findJWT finds a JSON web token by its claims, which are between header and signature and
// prove what it is.
func (r *Redactor) findJWT(text []byte) hit {
	const brace = ".eyJ" // .{" in base64
	begin := bytes.Index(text, []byte(brace))
	if begin < 0 {
		return hit{}
	}
	dot := begin + 1 + runOf(text[begin+1:], isURLLetter)
	if dot >= len(text)-1 {
		return hit{begin: begin, end: len(text), grows: true, next: len(text)}
	}
	if text[dot] != '.' {
		return hit{begin: begin, end: dot, next: dot}
	}
	end := dot + 1 + runOf(text[dot+1:], isURLLetter)
	found := hit{begin: begin, end: end, secret: begin + len(brace), grows: true, marked: true, next: dot}
	if end-begin <= maxSecret && end-dot > minSignature && r.prover.IsJWT(text[begin+1:dot]) {
		found.proven, found.next = true, end
	}
	return found
}

// minSignature is shorter than every signature.
const minSignature = 16

// runOf returns how many letters of a kind a text begins with.
func runOf(text []byte, is func(byte) bool) int {
	for n, c := range text {
		if !is(c) {
			return n
		}
	}
	return len(text)
}

func isLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func isURLLetter(c byte) bool    { return isLetter(c) || c == '-' || c == '_' }
func isTokenLetter(c byte) bool  { return isURLLetter(c) || c == '.' }
func isBase64Letter(c byte) bool { return isLetter(c) || c == '+' || c == '/' }
