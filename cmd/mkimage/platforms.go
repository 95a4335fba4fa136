package main

import (
	"context"
	"errors"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/mkimage/mkimage/apk/repo"
	"github.com/mkimage/mkimage/spec"
)

// eachPlatform does something for every platform, as many at a time as there
// are processors. The first error ends the others, but what is missing offline
// is gathered.
func eachPlatform(ctx context.Context, platforms []spec.Platform, do func(ctx context.Context, i int, p spec.Platform) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	missing := make([]*repo.MissingError, len(platforms))
	for i, p := range platforms {
		group.Go(func() error {
			err := do(ctx, i, p)
			if errors.As(err, &missing[i]) {
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return repo.JoinMissing(missing)
}
