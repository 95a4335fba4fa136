package main

import (
	"reflect"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/spec"
)

// TestDigestIsComplete: JSON leaves out what is not exported or tagged so. Of
// the values that a digest is made of, nothing may be.
func TestDigestIsComplete(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var visit func(path string, typ reflect.Type)
	visit = func(path string, typ reflect.Type) {
		if seen[typ] {
			return
		}
		seen[typ] = true
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			visit(path, typ.Elem())
		case reflect.Struct:
			for i := range typ.NumField() {
				f := typ.Field(i)
				if !f.IsExported() || f.Tag.Get("json") != "" {
					t.Errorf("%s.%s is not, or not as it is, in the digest", path, f.Name)
				}
				visit(path+"."+f.Name, f.Type)
			}
		case reflect.Interface, reflect.Func, reflect.Chan:
			t.Errorf("%s is a %s, which JSON cannot tell from others", path, typ)
		}
	}
	visit("Image", reflect.TypeFor[spec.Image]())
	visit("Package", reflect.TypeFor[apk.Package]())
	visit("Platform", reflect.TypeFor[spec.Platform]())
}

func TestParseSize(t *testing.T) {
	for in, want := range map[string]int64{
		"0": 0, "17": 17, "500MB": 500e6, "2GB": 2e9, "1.5kB": 1500, "1 GiB": 1 << 30, "2tib": 2 << 40, "3B": 3,
		"": -1, "MB": -1, "-1": -1, "+1": -1, "1e3": -1, "0x10": -1, "2GBs": -1, "2 G B": -1, "99999999TB": -1, "NaN": -1, "1_0": -1,
	} {
		got, err := parseSize(in)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("%q is %d, want %d", in, got, want)
		}
	}
}
