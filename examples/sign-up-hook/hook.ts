// The example of main.go in TypeScript, as the handler of a Lambda function in Node.js. It has no
// dependencies: copy it. docs/hooks.md explains what it gets and what it may answer.

/** What Poolpost asks, version 1. Ignore members that you do not know. */
export interface Request {
  version: number;
  triggerSource: string;
  region: string;
  userPoolId: string;
  userName: string;
  client: { id: string; name: string };
  /** Such as Facebook; empty for a sign-up with a password. */
  provider: string;
  locale: string;
  email: string;
  attributes: Record<string, string>;
  clientMetadata: Record<string, string>;
  validationData: Record<string, string> | null;
  mayAutoConfirm: boolean;
}

/** What the hook answers. */
export type Answer =
  | { decision: "accept"; autoConfirm?: boolean }
  | { decision: "refuse"; code?: string; sentence?: string; sentences?: Record<string, string> };

const required: Answer = {
  decision: "refuse",
  code: "INVITATION_REQUIRED", // the app gets HOOK_INVITATION_REQUIRED
  sentences: {
    en: "Please enter the code of your invitation",
    fr: "Veuillez saisir le code de votre invitation",
  },
};

/** Makes a hook that lets people in who have one of these codes. */
export function inviting(invitations: string[]): (request: Request) => Promise<Answer> {
  // It does not use up the invitation: the sign-up may still fail, and Cognito may ask again.
  return async (request) => {
    if (request.version !== 1) throw new Error("the request is of another version");
    if (request.provider !== "") return { decision: "accept" }; // a sign-in elsewhere cannot bring a code
    const code = request.validationData?.["invitation"]?.trim();
    return code && invitations.includes(code) ? { decision: "accept" } : required;
  };
}

declare const process: { env: Record<string, string | undefined> };

export const handler = inviting((process.env["INVITATIONS"] ?? "").split(","));
