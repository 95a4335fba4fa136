package spelling

import "testing"

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b        string
		limit, want int
	}{
		{"", "", 0, 0},
		{"nginx", "nginx", 0, 0},
		{"nginx", "ngnix", 3, 1},
		{"nginx", "nginx-mod", 3, 4},
		{"entrypont", "entrypoint", 3, 1},
		{"abc", "xyz", 2, 3},
		{"ab", "ba", 0, 1},
	} {
		if got := Distance(tt.a, tt.b, tt.limit); got != tt.want {
			t.Errorf("Distance(%q, %q, %d) = %d, want %d", tt.a, tt.b, tt.limit, got, tt.want)
		}
	}
}

func TestHint(t *testing.T) {
	known := []string{"user", "users", "env", "entrypoint"}
	for word, want := range map[string]string{
		"entrypont": " (did you mean entrypoint?)",
		"User":      " (did you mean user?)",
		"volume":    "",
		"":          "",
	} {
		if got := Hint(word, known); got != want {
			t.Errorf("Hint(%q) = %q, want %q", word, got, want)
		}
	}
}
