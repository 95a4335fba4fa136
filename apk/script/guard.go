package script

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// guard walks a parsed text and refuses what busybox ash does not have, or
// would read as something else than bash, of which the parser's grammar is.
// Values that are refused when they are asked for are with the expansions.
func (s *shell) guard(file *syntax.File) error {
	var refused error
	syntax.Walk(file, func(node syntax.Node) bool {
		if refused != nil || node == nil {
			return false
		}
		if what := foreign(node); what != "" {
			s.at(node.Pos().Line())
			refused = s.unsupported(what, "is not in the shell of Alpine")
		}
		literalBraces(node)
		return true
	})
	return refused
}

// foreign names what a node is if ash lacks it, and is empty otherwise.
func foreign(node syntax.Node) string {
	switch n := node.(type) {
	case *syntax.ProcSubst:
		return "process substitution"
	case *syntax.ExtGlob:
		return "an extended pattern"
	case *syntax.ArithmCmd, *syntax.LetClause:
		return "an arithmetic command"
	case *syntax.CoprocClause:
		return "coproc"
	case *syntax.TimeClause:
		return "time"
	case *syntax.TestDecl:
		return "@test"
	case *syntax.CStyleLoop:
		return "an arithmetic for loop"
	case *syntax.ArrayExpr:
		return "an array"
	case *syntax.FuncDecl:
		if n.Name == nil {
			return "a function without a name"
		}
	case *syntax.ForClause:
		if n.Select {
			return "select"
		}
	case *syntax.BinaryCmd:
		if n.Op == syntax.PipeAll {
			return "|&"
		}
	case *syntax.CaseItem:
		if n.Op != syntax.Break {
			return n.Op.String()
		}
	case *syntax.DblQuoted:
		if n.Dollar {
			return `$"..."`
		}
	case *syntax.DeclClause:
		return foreignDecl(n)
	case *syntax.Assign:
		if n.Append || n.Index != nil {
			return "an array or += assignment"
		}
	case *syntax.ArithmExp:
		if n.Bracket {
			return "$[...]"
		}
	case *syntax.ParamExp:
		return foreignExpansion(n)
	case *syntax.Redirect:
		return foreignRedirect(n)
	case *syntax.TestClause:
		return foreignTest(n.X)
	}
	return ""
}

func foreignDecl(n *syntax.DeclClause) string {
	switch v := n.Variant.Value; v {
	case "export", "readonly", "local":
		return ""
	default:
		return v
	}
}

func foreignExpansion(n *syntax.ParamExp) string {
	switch {
	case n.Excl, n.Names != 0, n.Index != nil, n.Width, n.IsSet, n.Param == nil:
		return "${!...} or an array element"
	case n.Exp == nil:
		return ""
	case n.Exp.Op >= syntax.UpperFirst, n.Exp.Op == syntax.MatchEmpty,
		n.Exp.Op == syntax.ArrayExclude, n.Exp.Op == syntax.ArrayIntersect:
		return "${..." + n.Exp.Op.String() + "}"
	}
	return ""
}

func foreignRedirect(n *syntax.Redirect) string {
	switch n.Op {
	case syntax.RdrOut, syntax.AppOut, syntax.RdrIn, syntax.RdrInOut, syntax.DplIn, syntax.DplOut,
		syntax.RdrClob, syntax.Hdoc, syntax.DashHdoc, syntax.RdrAll:
	default:
		return n.Op.String()
	}
	if n.N != nil && (len(n.N.Value) != 1 || n.N.Value < "0" || n.N.Value > "9") {
		return "the file descriptor " + n.N.Value
	}
	return ""
}

// foreignTest allows the [[ ]] that ash can do: the operators of test(1), the
// pattern match, && and ||.
func foreignTest(expr syntax.TestExpr) string {
	switch x := expr.(type) {
	case *syntax.ParenTest:
		return "( ) within [[ ]]"
	case *syntax.UnaryTest:
		if x.Op == syntax.TsNot {
			return foreignTest(x.X)
		}
	case *syntax.BinaryTest:
		switch x.Op {
		case syntax.AndTest, syntax.OrTest:
			return foreignTest(x.X) + foreignTest(x.Y)
		case syntax.TsReMatch, syntax.TsBefore, syntax.TsAfter:
			return x.Op.String() + " within [[ ]]"
		}
	}
	return ""
}

// literalBraces quotes the braces of words that the expander would take for
// brace expansion, which ash does not have.
func literalBraces(node syntax.Node) {
	var words []*syntax.Word
	switch n := node.(type) {
	case *syntax.CallExpr:
		words = n.Args
	case *syntax.WordIter:
		words = n.Items
	case *syntax.DeclClause:
		for _, a := range n.Args {
			if a.Name == nil && a.Value != nil {
				words = append(words, a.Value)
			}
		}
	}
	for _, w := range words {
		for _, part := range w.Parts {
			if lit, ok := part.(*syntax.Lit); ok {
				lit.Value = quoteBraces(lit.Value)
			}
		}
	}
}

func quoteBraces(s string) string {
	if !strings.Contains(s, "{") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			b.WriteByte(s[i])
			i++
		case s[i] == '{':
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
