// What a front end learns from a refused sign-up. This file has no dependencies:
// copy it into your app. docs/errors.md lists the codes.

/** Why a sign-up was refused. */
export interface Refusal {
  /** Stable, such as EMAIL_TYPO: decide by it. */
  code: string;
  /** A sentence in the person's language, without a full stop: show it as text, not as HTML. */
  message: string;
}

// Cognito puts these words before the text of a trigger's error, and a full stop behind it. The
// SDKs for Java and Android add the service, the status and the request ID in parentheses.
const form = /PreSignUp failed with error ([A-Z][A-Z0-9_]*): (.*)/s;

/**
 * Returns why a sign-up was refused, or undefined when the error tells of
 * something else. It takes an Error, its message, or the error_description with
 * which the hosted sign-in returns to the app, decoded or not.
 */
export function refusal(error: unknown): Refusal | undefined {
  const [, code, text] = form.exec(textOf(error)) ?? [];
  const message = text?.replace(/ \((?:Service|SDK Attempt Count): .*$/s, "").trimEnd().replace(/\.$/, "");
  return code && message ? { code, message } : undefined;
}

function textOf(error: unknown): string {
  const text = typeof error === "object" && error !== null && "message" in error ? error.message : error;
  if (typeof text !== "string") {
    return "";
  }
  // A query parameter as it stands in the address, which some libraries make an Error of. It ends
  // at the next parameter.
  const encoded = /PreSignUp(?:\+|%20)failed[^&#\s]*/.exec(text);
  return encoded ? decoded(encoded[0]) : text;
}

function decoded(parameter: string): string {
  try {
    return decodeURIComponent(parameter.replaceAll("+", " "));
  } catch {
    return "";
  }
}
