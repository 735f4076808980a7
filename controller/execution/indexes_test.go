package execution

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func indexesOf(list ...int) Indexes {
	var x Indexes
	for _, i := range list {
		x.Add(i)
	}
	return x
}

func TestParseIndexes(t *testing.T) {
	cases := map[string]struct {
		text string

		want    []int
		wantMax int
	}{
		"nothing":                          {text: "", wantMax: -1},
		"one index":                        {text: "7", want: []int{7}, wantMax: 7},
		"the first index":                  {text: "0", want: []int{0}},
		"a range":                          {text: "0-4", want: []int{0, 1, 2, 3, 4}, wantMax: 4},
		"ranges and indexes":               {text: "0-1,3,5-6", want: []int{0, 1, 3, 5, 6}, wantMax: 6},
		"a gap of one index":               {text: "1,3", want: []int{1, 3}, wantMax: 3},
		"the largest index":                {text: "1048576", want: []int{MaxIndex}, wantMax: MaxIndex},
		"a range that ends at the largest": {text: "1048575-1048576", want: []int{MaxIndex - 1, MaxIndex}, wantMax: MaxIndex},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			x, err := ParseIndexes(tc.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.Collect(x.All()); !slices.Equal(got, tc.want) {
				t.Errorf("indexes %v, want %v", got, tc.want)
			}
			if got := x.String(); got != tc.text {
				t.Errorf("printed %q, want %q", got, tc.text)
			}
			if x.Len() != len(tc.want) || x.Max() != tc.wantMax {
				t.Errorf("Len %d, Max %d, want %d, %d", x.Len(), x.Max(), len(tc.want), tc.wantMax)
			}
		})
	}
}

func TestParseIndexesRefuses(t *testing.T) {
	cases := map[string]string{
		"a word":                       "all",
		"a sign":                       "+1",
		"a negative index":             "-1",
		"a leading zero":               "01",
		"a space":                      "1, 2",
		"an empty part":                "1,,3",
		"a comma at the end":           "1,",
		"a comma alone":                ",",
		"a range without an end":       "1-",
		"a range that runs backwards":  "4-2",
		"a range of one index":         "3-3",
		"a range of three":             "1-2-3",
		"indexes that descend":         "5,3",
		"an index twice":               "3,3",
		"ranges that overlap":          "0-4,4-6",
		"ranges that touch":            "0-4,5-6",
		"an index beyond the largest":  "1048577",
		"a range beyond the largest":   "0-1048577",
		"a number beyond all integers": "99999999999999999999999",
		"other digits than those of C": "٣",
		"a range that asks for memory": "0-9223372036854775807",
		"a number with an underscore":  "1_0",
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			x, err := ParseIndexes(text)
			if err == nil {
				t.Fatalf("accepted as %s", x)
			}
			if x.Len() != 0 {
				t.Errorf("returned %s with the error", x)
			}
		})
	}
}

func TestParseIndexesQuotesOnlyTheBeginning(t *testing.T) {
	_, err := ParseIndexes(strings.Repeat("x", 1<<20))
	if err == nil || len(err.Error()) > 200 {
		t.Errorf("error of %d bytes", len(err.Error()))
	}
}

func TestIndexesAdd(t *testing.T) {
	cases := map[string]struct {
		start string
		add   []int

		want string
	}{
		"to nothing":                     {add: []int{3}, want: "3"},
		"in front":                       {start: "5", add: []int{2}, want: "2,5"},
		"behind":                         {start: "5", add: []int{9}, want: "5,9"},
		"between":                        {start: "1,9", add: []int{5}, want: "1,5,9"},
		"touching on the left":           {start: "0-4", add: []int{5}, want: "0-5"},
		"touching on the right":          {start: "3-4", add: []int{2}, want: "2-4"},
		"closing a gap":                  {start: "0-4,6-9", add: []int{5}, want: "0-9"},
		"closing a gap between others":   {start: "0,4,6,9", add: []int{5}, want: "0,4-6,9"},
		"again, alone":                   {start: "3", add: []int{3}, want: "3"},
		"again, the first of a range":    {start: "3-5", add: []int{3}, want: "3-5"},
		"again, inside of a range":       {start: "3-5", add: []int{4}, want: "3-5"},
		"again, the last of a range":     {start: "3-5", add: []int{5}, want: "3-5"},
		"in descending order":            {add: []int{3, 2, 1, 0}, want: "0-3"},
		"every other and then the rest":  {add: []int{0, 2, 4, 1, 3}, want: "0-4"},
		"to the last range of many":      {start: "0,2,4,6", add: []int{7}, want: "0,2,4,6-7"},
		"to the first range of many":     {start: "1,3,5", add: []int{0}, want: "0-1,3,5"},
		"joins the last two of three":    {start: "0,2,4", add: []int{3}, want: "0,2-4"},
		"in front of a range, not to it": {start: "5-9", add: []int{3}, want: "3,5-9"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			x, err := ParseIndexes(tc.start)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range tc.add {
				x.Add(i)
			}
			if x.String() != tc.want {
				t.Errorf("got %s, want %s", x, tc.want)
			}
		})
	}
}

func TestIndexesAllStops(t *testing.T) {
	var got []int
	for i := range indexesOf(1, 2, 3, 7).All() {
		got = append(got, i)
		if i == 2 {
			break
		}
	}
	if want := []int{1, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestIndexesCloneSharesNothing(t *testing.T) {
	for _, start := range []string{"", "0-4", "0,2,4"} {
		x, err := ParseIndexes(start)
		if err != nil {
			t.Fatal(err)
		}
		clone := x.Clone()
		clone.Add(1)
		clone.Add(5)
		if x.String() != start {
			t.Errorf("%q became %s when its clone was added to", start, x)
		}
	}
}

func TestIndexesAgainstAMap(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 0))
		size := 1 + r.IntN(60)
		var x Indexes
		model := map[int]bool{}
		for range 3 * size {
			i := r.IntN(size)
			if r.IntN(8) == 0 { // go on with a copy, and spoil the original
				old := x
				x = x.Clone()
				old.Add(size + 1)
			}
			x.Add(i)
			model[i] = true
			for i := -1; i <= size; i++ {
				if x.Has(i) != model[i] {
					t.Fatalf("seed %d: %s: Has(%d) is %t", seed, x, i, x.Has(i))
				}
			}
			want := slices.Sorted(maps.Keys(model))
			if got := slices.Collect(x.All()); !slices.Equal(got, want) {
				t.Fatalf("seed %d: %s holds %v, want %v", seed, x, got, want)
			}
			if x.Len() != len(want) || x.Max() != want[len(want)-1] {
				t.Fatalf("seed %d: %s: Len %d, Max %d, want %d, %d", seed, x, x.Len(), x.Max(), len(want), want[len(want)-1])
			}
			again, err := ParseIndexes(x.String())
			if err != nil || !slices.Equal(again.spans, x.spans) {
				t.Fatalf("seed %d: %s was read as %s, %v", seed, x, again, err)
			}
		}
	}
}

func FuzzParseIndexes(f *testing.F) {
	for _, seed := range []string{"", "0", "0-4,7", "1,3-5,9-1048576", "4-2", "0-4,5", "1,", "-", "00", "1-99999999999999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		x, err := ParseIndexes(text)
		if err != nil {
			return
		}
		if x.String() != text {
			t.Errorf("%q is printed as %q", text, x.String())
		}
		if x.Max() > MaxIndex || x.Len() > MaxIndex+1 {
			t.Errorf("%q is too large: Len %d, Max %d", text, x.Len(), x.Max())
		}
	})
}

func TestIndexesMinus(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 3000 {
		n := r.IntN(40)
		var x, y, want Indexes
		for i := range n {
			inX, inY := r.IntN(3) > 0, r.IntN(3) == 0
			if inX {
				x.Add(i)
			}
			if inY {
				y.Add(i)
			}
			if inX && !inY {
				want.Add(i)
			}
		}
		before := x.String()
		if got := x.Minus(y); got.String() != want.String() || x.String() != before {
			t.Fatalf("%s minus %s is %s, want %s", before, y, got, want)
		}
	}
}
