// Package attach joins a deployment to a user pool that somebody else made, and takes it off again.
// It makes plans of one update each, and calls nothing: poolpost attach and poolpost detach do.
package attach

import (
	"fmt"
	"reflect"
	"slices"
)

// changed are the members of a pool that attach writes. No other member ever changes.
var changed = []string{
	"LambdaConfig.PreSignUp", "LambdaConfig.PostConfirmation", "LambdaConfig.CustomMessage",
	"LambdaConfig.CustomEmailSender", keyPath, email,
}

const (
	keyPath = "LambdaConfig.KMSKeyID" // of both custom senders
	email   = "EmailConfiguration"
)

// A Deployment is what a stack has for the pool.
type Deployment struct {
	// LambdaConfig and EmailConfiguration are as UpdateUserPool takes them. Without the latter, that
	// of the pool stays as it is.
	LambdaConfig, EmailConfiguration Object

	ChosenUserNames bool     // what the settings say of user names
	Attributes      []string // the custom ones of the settings, by their names in the API
	// ReplaceDefaultSender agrees that a pool that sends through Cognito's own mailer sends through
	// SES from now on.
	ReplaceDefaultSender bool
	// StackOf is the name of another Poolpost stack that a function is of, or empty.
	StackOf func(function string) string
}

// A Saved state is what detach needs to know. It is written before the pool changes. The members of
// Before and After are values of the pool by their paths; null is nothing.
type Saved struct {
	UserPoolID    string
	Before, After Object
}

// A Plan is one update of a pool, and what there is to say about it.
type Plan struct {
	Changes  []Change
	Request  Object   // of UpdateUserPool; nil if nothing changes
	Saved    Saved    // what to write before
	Refused  []string // why the update must not be made
	Warnings []string
}

// Attach plans to join a deployment to a pool, an answer of DescribeUserPool. Saved is the state of
// an earlier attach of the stack, or nil.
func Attach(pool Object, d Deployment, saved *Saved) (*Plan, error) {
	id, _ := pool["Id"].(string)
	if saved == nil {
		saved = &Saved{UserPoolID: id, Before: Object{}, After: Object{}}
	}
	if saved.UserPoolID != id {
		return nil, fmt.Errorf("this stack is attached to the user pool %s: set pool.existing.id to it and run poolpost detach first", saved.UserPoolID)
	}
	p := &Plan{Saved: Saved{UserPoolID: id, Before: Object{}, After: Object{}}}
	p.judge(pool, d)
	wanted := Object{"LambdaConfig": d.LambdaConfig, email: d.EmailConfiguration}
	next := clone(pool).(Object)
	for _, path := range changed {
		now, want := get(pool, path), get(wanted, path)
		if path == email && d.EmailConfiguration == nil {
			// Also that of an earlier attach, when Cognito sent: it still works.
			want = now
		}
		before, attached := saved.Before[path]
		ours := attached && reflect.DeepEqual(now, saved.After[path])
		switch {
		case reflect.DeepEqual(now, want):
			if !attached {
				continue // nothing to restore
			}
		case now != nil && !ours && path != email:
			p.taken(path, now, want, d)
			continue
		case !ours:
			before = now
		}
		if attached || !reflect.DeepEqual(before, want) {
			p.Saved.Before[path], p.Saved.After[path] = before, want
		}
		set(next, path, want)
	}
	return p, p.finish(pool, next)
}

// taken refuses to take a member from somebody else.
func (p *Plan) taken(path string, now, want any, d Deployment) {
	function := now
	if sender, ok := now.(Object); ok {
		function = sender["LambdaArn"]
	}
	if path == keyPath && want == nil {
		return // another sender's: it stays
	}
	switch stack := d.StackOf(fmt.Sprint(function)); {
	case path == keyPath:
		p.refuse("%s is %v, and a pool has one key for both custom senders: remove CustomSMSSender with its key from the pool, or set mail.delivery to cognito", path, now)
	case stack != "":
		p.refuse("%s is the function of the Poolpost stack %s: run poolpost detach for that stack first", path, stack)
	case want == nil: // the other one of custom-message and custom-email-sender
		p.refuse("%s is taken by %v, and Cognito must not have it beside what mail.delivery needs: remove it from the pool first", path, function)
	default:
		p.refuse("%s is taken by %v: a pool has one function for each trigger; remove it from the pool first", path, function)
	}
}

func (p *Plan) refuse(format string, args ...any) {
	p.Refused = append(p.Refused, fmt.Sprintf(format, args...))
}
func (p *Plan) warn(format string, args ...any) {
	p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...))
}

// judge refuses pools that Poolpost cannot serve.
func (p *Plan) judge(pool Object, d Deployment) {
	names, aliases, verified := list(pool, "UsernameAttributes"), list(pool, "AliasAttributes"), list(pool, "AutoVerifiedAttributes")
	signsUpWith := func(attribute string) bool { return slices.Contains(names, attribute) }
	switch {
	case signsUpWith("phone_number") && !signsUpWith("email"):
		p.refuse("people sign up with a phone number (UsernameAttributes), and Poolpost's messages are emails: such a pool cannot be attached")
	case !slices.Contains(verified, "email"):
		p.refuse("the pool verifies no email addresses (AutoVerifiedAttributes), so it sends no emails at sign-up: " +
			"turn on in the Cognito console that Cognito sends messages to verify email addresses")
	case signsUpWith("phone_number"), slices.Contains(verified, "phone_number"):
		p.warn("the pool also verifies phone numbers: who signs up with one gets a text message, and no email if Cognito chooses between both")
	}
	switch {
	case len(names) > 0 && d.ChosenUserNames:
		p.refuse("Cognito generates the user names of this pool (UsernameAttributes): remove pool.existing.userNames, and deploy")
	case len(names) == 0 && !d.ChosenUserNames:
		p.refuse("people of this pool have user names of their own (no UsernameAttributes): set pool.existing.userNames to chosen, and deploy")
	case len(names) == 0 && !slices.Contains(aliases, "email"):
		p.warn("email is no alias in this pool, so a user name may be an email address; links for such users show a page that does not work, and the code beside the link does")
	}
	if get(pool, "VerificationMessageTemplate.DefaultEmailOption") == byLink {
		p.refuse("the pool verifies with links of Cognito's own (CONFIRM_WITH_LINK), which spoil the links of emails: " +
			"choose codes as the verification type in the Cognito console first")
	}
	if d.EmailConfiguration != nil && !d.ReplaceDefaultSender {
		if account := get(pool, email+".EmailSendingAccount"); account == nil || account == "COGNITO_DEFAULT" {
			p.refuse("the pool sends through Cognito's own mailer (COGNITO_DEFAULT), which takes no messages of Poolpost's: " +
				"add --replace-default-sender to let it send through SES, as mail.from")
		}
	}
	for _, name := range d.Attributes {
		if !slices.ContainsFunc(entries(pool, "SchemaAttributes"), func(a Object) bool { return a["Name"] == name }) {
			p.refuse("pool.attributes has %s, and the pool does not: remove it there, or add it to the pool in the Cognito console", name)
		}
	}
}

// finish makes the update of a pool to what it is to be.
func (p *Plan) finish(pool, next Object) error {
	from, err := request(pool)
	if err != nil {
		return err
	}
	to, err := request(next)
	if err != nil {
		return err
	}
	if p.Changes = Differences(from, to); len(p.Changes) > 0 {
		p.Request = to
	}
	return nil
}

// Detach plans to restore what a pool had before attach. What has changed since is left as it is.
func Detach(pool Object, saved Saved) (*Plan, error) {
	p := &Plan{}
	next := clone(pool).(Object)
	for _, path := range changed {
		after, written := saved.After[path]
		now, before := get(pool, path), saved.Before[path]
		switch {
		case !written, reflect.DeepEqual(now, before):
		case !reflect.DeepEqual(now, after):
			p.warn("%s is %s, which attach did not write: it stays", path, text(now))
		case path == keyPath && before == nil && get(next, "LambdaConfig.CustomSMSSender") != nil:
			p.warn("%s stays: CustomSMSSender, which the pool has since, needs it", path)
		default:
			set(next, path, before)
		}
	}
	return p, p.finish(pool, next)
}

// Unwritten are the members of a pool that an update should have left or written otherwise.
func (p *Plan) Unwritten(pool Object) ([]Change, error) {
	now, err := request(pool)
	return Differences(p.Request, now), err
}

// list is a list of texts.
func list(o Object, name string) (all []string) {
	values, _ := o[name].([]any)
	for _, value := range values {
		all = append(all, fmt.Sprint(value))
	}
	return all
}

// entries is a list of objects.
func entries(o Object, name string) (all []Object) {
	values, _ := o[name].([]any)
	for _, value := range values {
		if entry, ok := value.(Object); ok {
			all = append(all, entry)
		}
	}
	return all
}
