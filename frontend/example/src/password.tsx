import { confirmResetPassword, resetPassword } from "aws-amplify/auth";
import { useState } from "react";
import { useLanguage } from "./language";
import { pending } from "./pending";
import { go } from "./route";
import { codeOf, metadata } from "./signup";
import { CodeField, EmailField, Form, Help, NewPasswordField, Screen } from "./ui";

/** Sends a link, whose page takes the new password; its code does the same here. */
export function ForgotPassword() {
  const { t, language } = useLanguage();
  const [sent, setSent] = useState(false);
  const options = { clientMetadata: metadata(language) };
  async function ask({ email }: Record<string, string>) {
    pending.email = email.trim();
    await resetPassword({ username: pending.email, options });
    setSent(true);
  }
  async function save({ code, password }: Record<string, string>) {
    await confirmResetPassword({ username: pending.email, confirmationCode: codeOf(code), newPassword: password, options });
    pending.notice = "passwordSaved";
    go("/sign-in");
  }
  const back = <p className="also"><button className="link" onClick={() => go("/sign-in")}>{t("signIn")}</button></p>;
  if (sent) {
    return (
      <Screen key="sent" title={t("checkMail")} text={t("resetText", { email: pending.email })}>
        <Form action={t("save")} submit={save}>
          {(wrong) => (
            <>
              <CodeField wrong={wrong === "code"} />
              <NewPasswordField label={t("newPassword")} wrong={wrong === "password"} />
            </>
          )}
        </Form>
        {back}
        <Help />
      </Screen>
    );
  }
  return (
    <Screen key="ask" title={t("forgotTitle")} text={t("forgotText")}>
      <Form action={t("send")} submit={ask}>{(wrong) => <EmailField value={pending.email} wrong={wrong === "email"} current />}</Form>
      {back}
    </Screen>
  );
}
