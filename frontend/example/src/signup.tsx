import { autoSignIn, confirmSignUp, resendSignUpCode, signUp } from "aws-amplify/auth";
import { useState } from "react";
import { readCode } from "../../code";
import { Captcha, proofOf } from "./captcha";
import { useLanguage } from "./language";
import { pending } from "./pending";
import { attributes } from "./pool";
import { Refused } from "./problem";
import { go } from "./route";
import { enter, FacebookButton } from "./signin";
import { CodeField, EmailField, Field, Form, NewPasswordField, Notice, Screen } from "./ui";

/** What the functions behind the pool get: the language of the email, and where its link leads back to. */
export const metadata = (language: string) => ({ locale: language, return: `${location.origin}/` });

/** Reads a code as people type it. Cognito counts wrong codes, so that it is not asked for what is none. */
export function codeOf(typed: string): string {
  const code = readCode(typed);
  if (code === undefined) throw new Refused("errorDigits");
  return code;
}

export function SignUp() {
  const { t, language } = useLanguage();
  const [attempt, setAttempt] = useState(0);
  async function submit({ email, password, ...more }: Record<string, string>) {
    pending.email = email.trim();
    pending.password = password;
    const proof = proofOf(more);
    const { nextStep } = await signUp({
      username: pending.email,
      password,
      options: {
        userAttributes: { ...Object.fromEntries(attributes.map(({ key }) => [key, more[key]])), email: pending.email, locale: language },
        clientMetadata: { ...metadata(language), ...proof.clientMetadata },
        validationData: proof.validationData,
        autoSignIn: true,
      },
    }).finally(() => setAttempt(attempt + 1));
    if (nextStep.signUpStep === "CONFIRM_SIGN_UP") return go("/check-mail");
    // The sign-up rules confirm some domains at once.
    await enter(pending.email, password, language);
  }
  return (
    <Screen title={t("signUp")}>
      <FacebookButton />
      <Form action={t("signUp")} submit={submit}>
        {(wrong) => (
          <>
            {attributes.map(({ key, label, max_length, required }, i) => (
              <Field key={key} name={key} label={label[language] ?? Object.values(label)[0]} maxLength={max_length} required={required}
                autoComplete={i === 0 ? "name" : "off"} wrong={wrong === "attribute"} />
            ))}
            <EmailField wrong={wrong === "email"} current />
            <NewPasswordField label={t("password")} wrong={wrong === "password"} />
            <Captcha key={attempt} />
          </>
        )}
      </Form>
      <p className="also">{t("haveAccount")} <button className="link" onClick={() => go("/sign-in")}>{t("signIn")}</button></p>
    </Screen>
  );
}

/** After the sign-up: the link in the email confirms, and so does its code here. */
export function CheckMail() {
  const { t, language } = useLanguage();
  const [notice, setNotice] = useState<"resent" | "notYet">();
  async function confirm({ code }: Record<string, string>) {
    setNotice(undefined);
    const { nextStep } = await confirmSignUp({
      username: pending.email, confirmationCode: codeOf(code), options: { clientMetadata: metadata(language) },
    });
    if (nextStep.signUpStep === "COMPLETE_AUTO_SIGN_IN" && (await autoSignIn()).isSignedIn) return;
    pending.notice = "statusConfirmed";
    go("/sign-in");
  }
  async function opened() {
    setNotice(undefined);
    if (!pending.password) return go("/sign-in");
    if (await enter(pending.email, pending.password, language) === "CONFIRM_SIGN_UP") setNotice("notYet");
  }
  async function resend() {
    setNotice(undefined);
    await resendSignUpCode({ username: pending.email, options: { clientMetadata: metadata(language) } });
    setNotice("resent");
  }
  return (
    <Screen title={t("checkMail")} text={t("checkMailText", { email: pending.email })}>
      {notice && <Notice kind={notice === "resent" ? "good" : "bad"}>{t(notice)}</Notice>}
      <Form action={t("confirm")} submit={confirm}>{(wrong) => <CodeField wrong={wrong === "code"} />}</Form>
      <Form action={t("opened")} submit={opened}>{() => null}</Form>
      <Form action={t("resend")} submit={resend}>{() => null}</Form>
      <p className="also"><button className="link" onClick={() => go("/sign-up")}>{t("otherAddress")}</button></p>
    </Screen>
  );
}
