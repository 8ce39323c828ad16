// What the app knows of its user pool: amplify_outputs.json, and what it is called.
import { Amplify } from "aws-amplify";
import { parseAmplifyConfig } from "aws-amplify/utils";
import outputs from "../amplify_outputs.json";

export const brand = "MyApp";

interface Attribute {
  key: string; // such as custom:agentName
  label: Record<string, string>; // by language
  max_length?: number;
  required: boolean;
}

interface Outputs {
  auth: { password_policy: PasswordPolicy; mfa_configuration: "NONE" | "OPTIONAL" | "REQUIRED"; oauth?: { identity_providers: string[] } };
  custom: { attributes: Attribute[]; captcha?: CaptchaSettings; endpoint?: string; help_url?: string };
}

interface CaptchaSettings {
  provider: string;
  site_key?: string;
  action?: string;
  challenge_url?: string; // with ALTCHA
}

export interface PasswordPolicy {
  min_length: number;
  require_lowercase: boolean;
  require_numbers: boolean;
  require_symbols: boolean;
  require_uppercase: boolean;
}

const { auth, custom } = outputs as Outputs;

/** What people fill in when they sign up, besides address and password. */
export const attributes = custom.attributes;
/** What proves that a person signs up; nothing if undefined. */
export const captcha = custom.captcha;
export const passwordPolicy = auth.password_policy;
/** The page for people who never confirmed their address, or whose invitation has expired. */
export const helpURL = custom.help_url;
/** Whether people choose if signing in asks for an authenticator app (pool.mfa: optional). */
export const authenticatorOptional = auth.mfa_configuration === "OPTIONAL";
export const facebook = auth.oauth?.identity_providers.includes("FACEBOOK") ?? false;

export function configure(): void {
  const config = parseAmplifyConfig(outputs as Parameters<typeof parseAmplifyConfig>[0]);
  const cognito = config.Auth?.Cognito;
  if (cognito && custom.endpoint) {
    // The local run. A deployed pool has no endpoint of its own.
    Object.assign(cognito, { userPoolEndpoint: custom.endpoint, identityPoolEndpoint: custom.endpoint });
  }
  Amplify.configure(config);
}
