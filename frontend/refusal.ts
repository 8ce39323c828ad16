// What a front end learns from a refused sign-up. This file has no dependencies:
// copy it into your app. docs/errors.md lists the codes.

/** Why a sign-up was refused. */
export interface Refusal {
  /** Stable, such as EMAIL_TYPO: decide by it. */
  code: string;
  /** A sentence in the person's language, without a full stop: show it as text, not as HTML. */
  message: string;
}

/** The codes of the sign-up rules, as docs/errors.md lists them. */
export const codes: readonly string[] = [
  "EMAIL_MISSING", "EMAIL_INVALID", "EMAIL_NOT_ASCII", "EMAIL_DOMAIN_NOT_ALLOWED", "EMAIL_TYPO",
  "EMAIL_DISPOSABLE", "EMAIL_ROLE", "EMAIL_PLUS", "EMAIL_UNREACHABLE", "EMAIL_SUPPRESSED",
  "ATTRIBUTE_MISSING", "ATTRIBUTE_TOO_SHORT", "ATTRIBUTE_TOO_LONG", "ATTRIBUTE_NOT_ALLOWED",
  "ATTRIBUTE_INVALID", "ATTRIBUTE_URL", "ATTRIBUTE_WORD", "PROVIDER_NOT_ALLOWED",
  "ACCOUNT_EXISTS", "ACCOUNT_LINKED", "CAPTCHA_MISSING", "CAPTCHA_FAILED", "HOOK_REFUSED", "TRY_AGAIN",
];

// Cognito puts these words before the text of a trigger's error, and a full stop behind it. The
// SDKs for Java and Python add the error's name before it, and those for Java and Android the
// service, the status and the request ID in parentheses behind it.
const form =
  /^\s*(?:[\w.]*UserLambdaValidationException: |An error occurred \(UserLambdaValidationException\) when calling the \w+ operation: )?PreSignUp failed with error ([A-Z][A-Z0-9_]*): (.*)$/s;

// Anybody can make a link with an error_description, so nothing passes that a rule would not say:
// no long text, and no character that hides or reverses another.
const maxLength = 300;
const unsafe = /(?![\u200c-\u200f])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u; // but those that spelling needs

/**
 * Returns why a sign-up was refused, or undefined when the error tells of
 * something else. It takes an Error, its message, or the error_description with
 * which the hosted sign-in returns to the app, decoded or not. Pass the codes of
 * your own function as well, such as HOOK_INVITATION_REQUIRED.
 */
export function refusal(error: unknown, hookCodes: readonly string[] = []): Refusal | undefined {
  const [, code, text] = form.exec(textOf(error)) ?? [];
  if (!code || !text || !(codes.includes(code) || hookCodes.includes(code))) {
    return undefined;
  }
  const message = text.replace(/ \((?:Service|SDK Attempt Count): .*$/s, "").trim().replace(/\.$/, "");
  return message && [...message].length <= maxLength && !unsafe.test(message) ? { code, message } : undefined;
}

function textOf(error: unknown): string {
  const text = typeof error === "object" && error !== null && "message" in error ? error.message : error;
  if (typeof text !== "string") {
    return "";
  }
  // A query parameter as it stands in the address, which some libraries make an Error of. It ends
  // at the next parameter.
  const [, encoded] = /(?:^|[?&#]error_description=)(PreSignUp(?:\+|%20)failed[^&#\s]*)/.exec(text) ?? [];
  return encoded ? decoded(encoded) : text;
}

function decoded(parameter: string): string {
  try {
    return decodeURIComponent(parameter.replaceAll("+", " "));
  } catch {
    return "";
  }
}
