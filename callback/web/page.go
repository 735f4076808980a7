package web

import (
	"bufio"
	"html"
)

// page writes HTML. Not with html/template: it calls methods by name, and a
// program that does has to keep every method of every type it knows, which
// doubles the size of the server.
type page struct{ out *bufio.Writer }

// markup is HTML as it is. Only constants are: everything else goes through
// text.
type markup string

// text escapes anything for the body of an element or for an attribute in
// double quotes.
func text[T ~string](s T) markup { return markup(html.EscapeString(string(s))) }

// write writes markup. An error comes out at the end.
func (p *page) write(parts ...markup) {
	for _, part := range parts {
		_, _ = p.out.WriteString(string(part)) // a bufio.Writer keeps its first error for Flush
	}
}

// begin writes what is above the body. Root is the way from the page to the list
// of executions: links are relative, because a proxy may serve them below a
// path of its own.
func (p *page) begin(title string, root markup) {
	p.write(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>`, text(title), `</title>
<link rel="stylesheet" href="`, root, stylePath, `">
</head>
<body>
<nav aria-label="Up"><a href="`, root, `">All executions</a></nav>
<main>
<h1>`, text(title), "</h1>\n")
}

func (p *page) end() error {
	p.write("</main>\n</body>\n</html>\n")
	return p.out.Flush()
}

type column struct {
	name       markup
	attributes markup
}

func (p *page) table(caption markup, columns ...column) {
	p.write("<table>\n<caption>", caption, "</caption>\n<thead>\n<tr>")
	for _, c := range columns {
		p.write(`<th scope="col"`, c.attributes, `>`, c.name, `</th>`)
	}
	p.write("</tr>\n</thead>\n<tbody>\n")
}

func (p *page) endTable() { p.write("</tbody>\n</table>\n") }
