package config

// The members of the types of this package, by the names of their json tags.

func (c *Client) member(name string) any {
	switch name {
	case "name":
		return &c.Name
	case "locale":
		return &c.Locale
	case "url":
		return &c.URL
	case "signInUrl":
		return &c.SignInURL
	case "attributeUrl":
		return &c.AttributeURL
	case "resetUrl":
		return &c.ResetURL
	case "returnUrls":
		return &c.ReturnURLs
	}
	return nil
}

func (c *CustomMessage) member(name string) any {
	switch name {
	case "clients":
		return &c.Clients
	case "locales":
		return &c.Locales
	case "nameAttributes":
		return &c.NameAttributes
	}
	return nil
}

func (c *PreSignUp) member(name string) any {
	switch name {
	case "locales":
		return &c.Locales
	case "email":
		return &c.Email
	case "attributes":
		return &c.Attributes
	case "autoConfirm":
		return &c.AutoConfirm
	case "externalProviders":
		return &c.ExternalProviders
	}
	return nil
}

func (c *EmailRules) member(name string) any {
	switch name {
	case "allowedDomains":
		return &c.AllowedDomains
	case "deniedDomains":
		return &c.DeniedDomains
	case "refuseTypos":
		return &c.RefuseTypos
	case "refuseDisposable":
		return &c.RefuseDisposable
	case "refuseRoleAccounts":
		return &c.RefuseRoleAccounts
	case "refusePlusAddresses":
		return &c.RefusePlusAddresses
	case "acceptUnicodeDomains":
		return &c.AcceptUnicodeDomains
	case "requireMailExchanger":
		return &c.RequireMailExchanger
	case "refuseSuppressed":
		return &c.RefuseSuppressed
	}
	return nil
}

func (c *AutoConfirm) member(name string) any {
	switch name {
	case "domains":
		return &c.Domains
	case "verifyEmail":
		return &c.VerifyEmail
	}
	return nil
}

func (c *ExternalProviders) member(name string) any {
	switch name {
	case "policy":
		return &c.Policy
	case "trusted":
		return &c.Trusted
	case "assumeVerified":
		return &c.AssumeVerified
	}
	return nil
}

func (c *AttributeRule) member(name string) any {
	switch name {
	case "key":
		return &c.Key
	case "label":
		return &c.Label
	case "required":
		return &c.Required
	case "pattern":
		return &c.Pattern
	case "asciiPattern":
		return &c.ASCIIPattern
	case "minLength":
		return &c.MinLength
	case "maxLength":
		return &c.MaxLength
	case "allowedValues":
		return &c.AllowedValues
	case "forbiddenWords":
		return &c.ForbiddenWords
	case "refuseUrls":
		return &c.RefuseURLs
	}
	return nil
}

func (c *PostConfirmation) member(name string) any {
	switch name {
	case "groups":
		return &c.Groups
	case "nameAttributes":
		return &c.NameAttributes
	}
	return nil
}

func (c *CustomEmailSender) member(name string) any {
	switch name {
	case "nameAttributes":
		return &c.NameAttributes
	}
	return nil
}

func (c *MailFeedback) member(name string) any {
	switch name {
	case "clients":
		return &c.Clients
	case "locales":
		return &c.Locales
	}
	return nil
}

func (c *SendMail) member(name string) any {
	switch name {
	case "senders":
		return &c.Senders
	case "clients":
		return &c.Clients
	case "locales":
		return &c.Locales
	case "codes":
		return &c.Codes
	}
	return nil
}

func (c *Sender) member(name string) any {
	switch name {
	case "from":
		return &c.From
	case "replyTo":
		return &c.ReplyTo
	case "feedback":
		return &c.Feedback
	}
	return nil
}

func (c *VerifyLink) member(name string) any {
	switch name {
	case "clients":
		return &c.Clients
	case "locales":
		return &c.Locales
	}
	return nil
}
