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
	for _, host := range newHosts(p) {
		switch {
		case !host.inEmails:
			notes = append(notes, "host "+host.name+" would be served, and emails would not link to it before another deployment")
		case host.record:
			notes = append(notes, "host "+host.name+" is new: CloudFormation waits for its certificate, and only then emails link to it")
		}
	}
	return notes
}

// A newHost is a host that the deployed template does not have.
type newHost struct {
	name     string
	record   bool // the template has its DNS record
	inEmails bool // emails would link to it
}

func newHosts(p Pair) []newHost {
	var hosts []newHost
	for _, id := range slices.Sorted(maps.Keys(p.Next.Resources)) {
		r := p.Next.Resources[id]
		if _, deployed := p.Deployed.Resources[id]; deployed || r.Type != "AWS::ApiGatewayV2::DomainName" {
			continue
		}
		host := newHost{name: nameOf(id, r)}
		for otherID, other := range p.Next.Resources {
			switch other.Type {
			case "AWS::Route53::RecordSet":
				host.record = host.record || nameOf(otherID, other) == host.name
			case "AWS::Lambda::Function":
				environment, _ := other.Properties["Environment"].(map[string]any)
				variables, _ := environment["Variables"].(map[string]any)
				host.inEmails = host.inEmails || variables["LINKS_URL"] == "https://"+host.name
			}
		}
		hosts = append(hosts, host)
	}
	return hosts
}
