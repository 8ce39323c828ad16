package compile

import (
	"os"
	"testing"

	"poolpost/internal/settings"
)

func TestTheProjectsOwnMessagesCompile(t *testing.T) {
	s, err := settings.Read("../../../poolpost.yaml")
	if err != nil {
		t.Fatal(err)
	}
	out, err := All(os.DirFS("../../../templates"), s)
	if err != nil {
		t.Fatal(err)
	}
	largest, name := 0, ""
	for file, content := range out.Messages {
		if len(content) > largest {
			largest, name = len(content), file
		}
	}
	t.Logf("%d messages, %d pages; the largest message is %s with %d bytes", len(out.Messages), len(out.Pages), name, largest)
}
