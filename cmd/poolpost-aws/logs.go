package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"poolpost/internal/bundle"
)

// logs writes the lines of a function since a time, as the function wrote them.
func (d *deployment) logs(ctx context.Context, function string, since time.Time, out io.Writer) error {
	names := bundle.Names(bundle.FunctionsOf(d.Settings))
	if !slices.Contains(names, function) {
		return fmt.Errorf("there is no function %s with these settings: --function is one of %s", function, strings.Join(names, ", "))
	}
	if err := d.inspect(ctx); err != nil {
		return err
	}
	return d.logLines(ctx, function, since, "", func(line string) error {
		_, err := fmt.Fprintln(out, line)
		return err
	})
}

// logLines calls do with the lines of a function, in the order of their times, that have a text in
// them; empty: with all.
func (d *deployment) logLines(ctx context.Context, function string, since time.Time, text string, do func(string) error) error {
	f, ok := d.functions[function]
	if !ok {
		return fmt.Errorf("the function %s is not deployed: %s", function, d.deploy())
	}
	return d.filterLog(ctx, logGroup(f.Configuration), since, text, do)
}

// filterLog is logLines for a log group.
func (a *account) filterLog(ctx context.Context, group string, since time.Time, text string, do func(string) error) error {
	in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, StartTime: aws.Int64(since.UnixMilli())}
	if text != "" {
		in.FilterPattern = aws.String(`"` + text + `"`)
	}
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(cloudwatchlogs.NewFromConfig(a.Config), in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if hasCode(err, "ResourceNotFoundException") {
			return fmt.Errorf("the log group %s is gone: poolpost doctor says what else is", group)
		}
		if err != nil {
			return err
		}
		for _, e := range page.Events {
			if err := do(strings.TrimRight(aws.ToString(e.Message), "\n")); err != nil {
				return err
			}
		}
	}
	return nil
}
