package spec

import "strings"

// didYouMean returns " (did you mean x?)" for the candidate nearest to word,
// or nothing if none is near.
func didYouMean(word string, candidates []string) string {
	if best := nearest(word, candidates); best != "" {
		return " (did you mean " + best + "?)"
	}
	return ""
}

// nearest returns the first of the candidates that differ least from word, if
// that is by no more than a third of its letters; letter case counts for
// nothing.
func nearest(word string, candidates []string) string {
	const longest = 64 // no name that is worth a suggestion is longer
	if len(word) > longest {
		return ""
	}
	best, least := "", max(1, len(word)/3)+1
	for _, c := range candidates {
		if len(c) > longest || c == word {
			continue
		}
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour that lead from a to b (optimal string alignment).
func distance(a, b string) int {
	prev2, prev := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev = prev, row
	}
	return prev[len(b)]
}

// foreign returns the field that goes by name in other tools' files, or
// nothing.
func foreign(name string) string {
	switch strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name)) {
	case "environment", "envs", "envvars":
		return "env"
	case "expose", "exposedports":
		return "ports"
	case "workingdir", "workdirectory", "cwd":
		return "workdir"
	case "command", "args":
		return "cmd"
	case "arch", "archs", "architectures", "platform":
		return "platforms"
	case "accounts":
		return "users"
	case "paths", "copy", "add":
		return "files"
	case "runas":
		return "user"
	case "keyring":
		return "apk.keys"
	case "image", "repository", "repo":
		return "name"
	}
	return ""
}
