package assemble

import (
	"context"

	"github.com/mkimage/mkimage/assemble/tree"
	"github.com/mkimage/mkimage/spec"
)

type declarer struct {
	ctx  context.Context
	tree *tree.Tree
}

func (d *declarer) addAccounts(users []spec.User, groups []spec.Group) {}
func (d *declarer) readAccounts()                                      {}
func (d *declarer) addProgram(p Program)                               {}
func (d *declarer) addFile(f spec.File)                                {}
func (d *declarer) processUser(u spec.ProcessUser) string              { return "" }
func (d *declarer) err() error                                         { return nil }
