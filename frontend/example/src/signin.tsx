import { confirmSignIn, resendSignUpCode, signIn, type SignInOutput, signInWithRedirect, signOut } from "aws-amplify/auth";
import { useState } from "react";
import { useLanguage } from "./language";
import { pending } from "./pending";
import { facebook } from "./pool";
import { problem, Refused } from "./problem";
import { arrived, go } from "./route";
import { codeOf, metadata } from "./signup";
import { AuthenticatorKey, CodeField, EmailField, Form, Help, NewPasswordField, Notice, PasswordField, Screen } from "./ui";
import type { Words } from "./words";

type Step = SignInOutput["nextStep"];

/** Signs somebody in, and returns the step that is missing; DONE is the end. */
export async function enter(username: string, password: string, language: string): Promise<Step["signInStep"]> {
  return (await begin(username, password, language)).signInStep;
}

async function begin(username: string, password: string, language: string): Promise<Step> {
  const input = { username, password, options: { clientMetadata: metadata(language) } };
  try {
    return (await signIn(input)).nextStep;
  } catch (error) {
    if ((error as Error).name !== "UserAlreadyAuthenticatedException") throw error;
    await signOut(); // of a session that the pool has ended
    return (await signIn(input)).nextStep;
  }
}

/** Of the pages behind the links in emails (docs/verify-link.md, "Pages"). */
const statuses: Record<string, keyof Words> = {
  confirmed: "statusConfirmed",
  "already-confirmed": "statusConfirmed",
  "address-taken": "statusTaken",
  "reset-done": "passwordSaved",
  sent: "statusSent",
  "reset-sent": "statusSent",
};

export function SignIn() {
  const { t, language } = useLanguage();
  const [step, setStep] = useState<Step>();
  const [ended, setEnded] = useState<unknown>(); // why the steps were left
  const [notice] = useState(() => {
    const name = pending.notice ?? statuses[arrived.status];
    pending.notice = undefined;
    arrived.status = "";
    return name;
  });

  function follow(next: Step) {
    switch (next.signInStep) {
      case "DONE":
        return; // the app notices
      case "CONFIRM_SIGN_UP":
        void resendSignUpCode({ username: pending.email, options: { clientMetadata: metadata(language) } }).catch(() => {});
        return go("/check-mail");
      case "RESET_PASSWORD":
        return go("/forgot-password");
      case "CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED":
      case "CONFIRM_SIGN_IN_WITH_TOTP_CODE":
      case "CONTINUE_SIGN_IN_WITH_TOTP_SETUP":
        return setStep(next);
      default:
        throw new Refused("error");
    }
  }
  async function submit({ email, password }: Record<string, string>) {
    setEnded(undefined);
    pending.email = email.trim();
    pending.password = password;
    follow(await begin(pending.email, password, language));
  }
  async function answer(challengeResponse: string) {
    try {
      follow((await confirmSignIn({ challengeResponse, options: { clientMetadata: metadata(language) } })).nextStep);
    } catch (error) {
      if (!String((error as Error).message).includes("Invalid session")) throw error;
      setEnded(error);
      setStep(undefined);
    }
  }

  switch (step?.signInStep) {
    case "CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED":
      return (
        <Screen key="new" title={t("invited")} text={t("invitedText")}>
          <Form action={t("save")} submit={({ password }) => answer(password)}>
            {(wrong) => (
              <>
                <input type="hidden" autoComplete="username" value={pending.email} readOnly />
                <NewPasswordField label={t("newPassword")} wrong={wrong === "password"} />
              </>
            )}
          </Form>
        </Screen>
      );
    case "CONTINUE_SIGN_IN_WITH_TOTP_SETUP":
    case "CONFIRM_SIGN_IN_WITH_TOTP_CODE": {
      const setup = step.signInStep === "CONTINUE_SIGN_IN_WITH_TOTP_SETUP" ? step.totpSetupDetails : undefined;
      return (
        <Screen key="totp" title={t("totpTitle")} text={t(setup ? "totpSetup" : "totpText")}>
          {setup && <AuthenticatorKey setup={setup} email={pending.email} />}
          <Form action={t("confirm")} submit={({ code }) => answer(codeOf(code))}>
            {(wrong) => <CodeField wrong={wrong === "code"} hint="" />}
          </Form>
          <p className="also"><button className="link" onClick={() => setStep(undefined)}>{t("otherAddress")}</button></p>
        </Screen>
      );
    }
  }
  return (
    <Screen key="in" title={t("signIn")}>
      {ended ? <Notice kind="bad">{problem(ended, t).text}</Notice> : notice && <Notice kind="good">{t(notice)}</Notice>}
      {arrived.error && <Notice kind="bad">{problem(arrived.error, t).text}</Notice>}
      <FacebookButton />
      <Form action={t("signIn")} submit={submit}>
        {() => (
          <>
            <EmailField value={pending.email} current />
            <PasswordField />
            <button type="button" className="link" onClick={() => go("/forgot-password")}>{t("forgot")}</button>
          </>
        )}
      </Form>
      <p className="also">{t("noAccount")} <button className="link" onClick={() => go("/sign-up")}>{t("signUp")}</button></p>
      <Help />
    </Screen>
  );
}

/** Facebook, if the settings have it (signIn.facebookAppId). */
export function FacebookButton() {
  const { t } = useLanguage();
  if (!facebook) return null;
  return (
    <>
      <button className="facebook" onClick={() => void signInWithRedirect({ provider: "Facebook" })}>{t("withFacebook")}</button>
      <p className="or"><span>{t("or")}</span></p>
    </>
  );
}
