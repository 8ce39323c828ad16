// What went wrong, in the words of the person.
import { refusal } from "../../refusal";
import type { Words } from "./words";

/** Thrown where the app itself refuses something, with a name in words.ts. */
export class Refused extends Error {
  constructor(readonly reason: keyof Words) {
    super(reason);
  }
}

export interface Problem {
  text: string;
  /** The field that it is about. */
  field?: "email" | "password" | "code" | "attribute";
}

// Names of Cognito's errors, and of Amplify's own.
const known: Record<string, [keyof Words, Problem["field"]?]> = {
  UsernameExistsException: ["errorExists", "email"],
  AliasExistsException: ["errorExists", "email"],
  CodeMismatchException: ["errorCode", "code"],
  EnableSoftwareTokenMFAException: ["errorCode", "code"],
  ExpiredCodeException: ["errorExpired", "code"],
  LimitExceededException: ["errorLimit"],
  TooManyRequestsException: ["errorLimit"],
  TooManyFailedAttemptsException: ["errorLimit"],
  InvalidPasswordException: ["errorPassword", "password"],
  PasswordHistoryPolicyViolationException: ["errorUsed", "password"],
  UserNotFoundException: ["errorCredentials"],
  NetworkError: ["errorNetwork"],
};

// The codes of your sign-up hook, if you have one, such as HOOK_INVITATION_REQUIRED.
const hookCodes: readonly string[] = [];

/** Returns what to say about an error. A refusal of the sign-up rules comes with its sentence. */
export function problem(error: unknown, t: (name: keyof Words) => string): Problem {
  const refused = refusal(error, hookCodes);
  if (refused) {
    const field = refused.code.startsWith("EMAIL") ? "email" : refused.code.startsWith("ATTRIBUTE") ? "attribute" : undefined;
    return { text: refused.message, field };
  }
  if (error instanceof Refused) {
    return { text: t(error.reason), field: error.reason === "errorDigits" ? "code" : undefined };
  }
  const { name = "", message = "" } = error as Error;
  // The same name is that of a code in an email.
  if (name === "ExpiredCodeException" && message.includes("software token")) return { text: t("errorCodeUsed"), field: "code" };
  if (known[name]) {
    const [text, field] = known[name];
    return { text: t(text), field };
  }
  if (name === "NotAuthorizedException") {
    // One name for many things, which only the text tells apart.
    if (message.includes("disabled")) return { text: t("errorDisabled") };
    if (message.includes("Password attempts exceeded")) return { text: t("errorLimit") };
    if (message.includes("SignUp is not permitted")) return { text: t("errorClosed") };
    if (message.includes("Temporary password has expired")) return { text: t("errorInvitation") };
    if (message.includes("Invalid session")) return { text: t("errorSession") };
    return { text: t("errorCredentials") };
  }
  if (name === "InvalidParameterException" && /email/i.test(message)) return { text: t("errorEmail"), field: "email" };
  console.error(error);
  return { text: t("error") };
}
