package guard

import (
	"fmt"
	"maps"
	"slices"
)

// Summary counts changes, in one line.
func Summary(changes []Change) string {
	counts := map[string]int{}
	for _, c := range changes {
		counts[c.Impact]++
	}
	return fmt.Sprintf("%d resources would be created, %d changed, %d replaced, %d deleted, %d retained outside the stack",
		counts[willCreate], counts["WILL_UPDATE"], counts[willReplace]+counts[mayReplace], counts[willDestroy], counts[willOrphan])
}

// Notes are what to know of an update that loses nothing.
func Notes(p Pair) []string {
	var notes []string
	for _, id := range slices.Sorted(maps.Keys(p.Next.Resources)) {
		r := p.Next.Resources[id]
		if _, deployed := p.Deployed.Resources[id]; deployed || r.Type != "AWS::ApiGatewayV2::DomainName" {
			continue
		}
		notes = append(notes, "host "+nameOf(id, r)+" is new")
	}
	return notes
}
