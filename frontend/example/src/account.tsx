import {
  confirmUserAttribute, fetchMFAPreference, setUpTOTP, type SetUpTOTPOutput, signOut, updateMFAPreference, updateUserAttributes, verifyTOTPSetup,
} from "aws-amplify/auth";
import { useEffect, useState } from "react";
import { readCode } from "../../code";
import type { Person } from "./app";
import { useLanguage } from "./language";
import { pending } from "./pending";
import { attributes, authenticatorOptional } from "./pool";
import { arrived, go } from "./route";
import { codeOf, metadata } from "./signup";
import { AuthenticatorKey, CodeField, EmailField, Field, Form, Notice, Screen } from "./ui";

export function Account({ person, reload }: { person: Person; reload(): Promise<void> }) {
  const { t, language } = useLanguage();
  const [saved, setSaved] = useState(false);
  const options = { clientMetadata: metadata(language) };
  const values = person as Record<string, string | undefined>;
  const name = attributes.map(({ key }) => values[key]).find(Boolean) ?? person.email ?? "";

  async function save(userAttributes: Record<string, string>) {
    setSaved(false);
    await updateUserAttributes({ userAttributes, options });
    await reload();
    setSaved(true);
  }
  async function leave(global: boolean) {
    pending.notice = global ? "signedOutAll" : "signedOut";
    await signOut({ global });
    go("/sign-in");
  }
  return (
    <Screen title={t("account")}>
      <p className="who">
        <span aria-hidden="true">{[...name][0]?.toLocaleUpperCase()}</span>
        <span>
          {name !== person.email && <b>{name}</b>}
          <bdi>{person.email}</bdi>
        </span>
      </p>
      {attributes.length > 0 && (
        <section aria-labelledby="profile">
          <h2 id="profile">{t("profile")}</h2>
          {saved && <Notice kind="good">{t("saved")}</Notice>}
          <Form action={t("save")} submit={save}>
            {(wrong) => attributes.map(({ key, label, max_length, required }) => (
              <Field key={key} name={key} label={label[language] ?? Object.values(label)[0]} maxLength={max_length} required={required}
                defaultValue={values[key]} wrong={wrong === "attribute"} />
            ))}
          </Form>
        </section>
      )}
      <ChangeAddress person={person} reload={reload} />
      {authenticatorOptional && !values.identities && <TwoSteps person={person} />}
      <section>
        <h2 className="hidden">{t("signOut")}</h2>
        <button className="secondary" onClick={() => void leave(false)}>{t("signOut")}</button>
        <button className="secondary danger" aria-describedby="everywhere" onClick={() => void leave(true)}>{t("signOutAll")}</button>
        <small id="everywhere">{t("signOutAllText")}</small>
      </section>
    </Screen>
  );
}

/** The address changes when the link to the new one is opened, or its code is typed. */
function ChangeAddress({ person, reload }: { person: Person; reload(): Promise<void> }) {
  const { t, language } = useLanguage();
  const [to, setTo] = useState<string>();
  const [verified, setVerified] = useState(false);
  async function change({ email }: Record<string, string>) {
    setVerified(false);
    await updateUserAttributes({ userAttributes: { email: email.trim() }, options: { clientMetadata: metadata(language) } });
    setTo(email.trim());
  }
  async function confirm({ code }: Record<string, string>) {
    await confirmUserAttribute({ userAttributeKey: "email", confirmationCode: codeOf(code) });
    await reload();
    setTo(undefined);
    setVerified(true);
  }
  return (
    <section aria-labelledby="change">
      <h2 id="change">{t("changeEmail")}</h2>
      {verified && <Notice kind="good">{t("verified")}</Notice>}
      {to === undefined ? (
        <>
          <p>{t("changeEmailText", { email: person.email ?? "" })}</p>
          <Form key="ask" action={t("send")} submit={change}>{(wrong) => <EmailField label={t("newEmail")} wrong={wrong === "email"} />}</Form>
        </>
      ) : (
        <>
          <p>{t("changeSent", { email: to })}</p>
          <Form key="code" action={t("confirm")} submit={confirm}>{(wrong) => <CodeField wrong={wrong === "code"} />}</Form>
          <p className="also"><button className="link" onClick={() => setTo(undefined)}>{t("otherAddress")}</button></p>
        </>
      )}
    </section>
  );
}

/** Adds an authenticator app, or takes it away. Cognito asks nobody for one who came through a provider. */
function TwoSteps({ person }: { person: Person }) {
  const { t } = useLanguage();
  const [on, setOn] = useState<boolean>();
  const [setup, setSetup] = useState<SetUpTOTPOutput>();
  useEffect(() => {
    void fetchMFAPreference().then(({ enabled }) => setOn(enabled?.includes("TOTP") ?? false), () => {});
  }, []);
  async function begin() {
    setSetup(await setUpTOTP());
  }
  async function confirm({ code }: Record<string, string>) {
    await verifyTOTPSetup({ code: codeOf(code) });
    await updateMFAPreference({ totp: "PREFERRED" });
    setSetup(undefined);
    setOn(true);
  }
  async function end() {
    await updateMFAPreference({ totp: "DISABLED" });
    setOn(false);
  }
  if (on === undefined) return null;
  return (
    <section aria-labelledby="steps">
      <h2 id="steps">{t("totpTitle")}</h2>
      {setup ? (
        <>
          <p>{t("totpSetup")}</p>
          <AuthenticatorKey setup={setup} email={person.email ?? ""} />
          <Form key="code" action={t("confirm")} submit={confirm}>{(wrong) => <CodeField wrong={wrong === "code"} hint="" />}</Form>
          <p className="also"><button className="link" onClick={() => setSetup(undefined)}>{t("cancel")}</button></p>
        </>
      ) : on ? (
        <>
          <Notice kind="good">{t("totpOn")}</Notice>
          <Form key="end" action={t("totpEnd")} submit={end}>{() => null}</Form>
        </>
      ) : (
        <>
          <p>{t("totpOff")}</p>
          <Form key="begin" action={t("totpBegin")} submit={begin}>{() => null}</Form>
        </>
      )}
    </section>
  );
}

/** Where the link in the email leads (attributeUrl). Opening it does nothing, as mail scanners open links. */
export function VerifyAddress({ done }: { done(): Promise<void> }) {
  const { t } = useLanguage();
  const [code] = useState(() => readCode(arrived.code));
  async function confirm({ code }: Record<string, string>) {
    await confirmUserAttribute({ userAttributeKey: "email", confirmationCode: codeOf(code) });
    arrived.code = "";
    await done();
    go("/");
  }
  return (
    <Screen title={t("verifyTitle")} text={t(code ? "verifyText" : "verifyCut")}>
      <Form action={t("confirm")} submit={confirm}>{(wrong) => <CodeField value={code} wrong={wrong === "code"} />}</Form>
      <p className="also"><button className="link" onClick={() => go("/")}>{t("account")}</button></p>
    </Screen>
  );
}
