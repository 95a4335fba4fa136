// Package spelling finds what a mistyped name was meant to be. Names are
// compared byte by byte; a difference is a character to insert, remove, replace
// or swap with its neighbour (optimal string alignment).
package spelling

import "strings"

// Hint returns " (did you mean x?)" for the candidate that Nearest finds, and
// nothing where it finds none.
func Hint(word string, candidates []string) string {
	if best := Nearest(word, candidates); best != "" {
		return " (did you mean " + best + "?)"
	}
	return ""
}

// Nearest returns the first of the candidates that differ least from word, if
// that is by no more than a third of its letters, or nothing. Letter case counts
// for nothing.
func Nearest(word string, candidates []string) string {
	const longest = 64 // no name that is worth a suggestion is longer
	if len(word) > longest {
		return ""
	}
	best, limit := "", max(1, len(word)/3)
	for _, c := range candidates {
		if len(c) > longest || c == word {
			continue
		}
		if d := Distance(strings.ToLower(word), strings.ToLower(c), limit); d <= limit {
			best, limit = c, d-1
		}
	}
	return best
}

// Distance returns in how many characters a and b differ, or limit+1 where
// these are more than limit.
func Distance(a, b string, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	var rows [3][]int // the row being filled, the one before it, the one before that
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := range len(a) {
		rows[0], rows[1], rows[2] = rows[2], rows[0], rows[1]
		row, before := rows[0], rows[1]
		row[0] = i + 1
		least := row[0]
		for j := range len(b) {
			change := before[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, before[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], rows[2][j-1]+1)
			}
			least = min(least, row[j+1])
		}
		if least > limit {
			return limit + 1
		}
	}
	return min(rows[0][len(b)], limit+1)
}
