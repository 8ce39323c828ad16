// The few building blocks of every screen.
import type { SetUpTOTPOutput } from "aws-amplify/auth";
import { encode } from "uqr";
import { type FormEvent, type InputHTMLAttributes, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useLanguage, useTitle } from "./language";
import { brand, helpURL, type PasswordPolicy, passwordPolicy } from "./pool";
import { type Problem, problem } from "./problem";
import type { Words } from "./words";

/** One screen: a heading, which gets the focus when the screen appears, and what is below it. */
export function Screen({ title, text, children }: { title: string; text?: string; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useTitle(title);
  useEffect(() => heading.current?.focus(), []);
  return (
    <section className="card">
      <h1 ref={heading} tabIndex={-1}>{title}</h1>
      {text && <p className="lead">{text}</p>}
      {children}
    </section>
  );
}

export function Notice({ kind, children }: { kind: "good" | "bad"; children: ReactNode }) {
  return <p className={`notice ${kind}`} role={kind === "bad" ? "alert" : "status"}>{children}</p>;
}

/** A form that shows what went wrong, and cannot be sent twice. */
export function Form({ action, submit, children }: {
  action: string;
  submit(values: Record<string, string>): Promise<void>;
  children: (wrong: Problem["field"]) => ReactNode;
}) {
  const { t } = useLanguage();
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<Problem>();
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (wrong?.field) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [wrong]);
  async function send(event: FormEvent) {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setWrong(undefined);
    try {
      await submit(Object.fromEntries(new FormData(form.current!)) as Record<string, string>);
    } catch (error) {
      setWrong(problem(error, t));
    } finally {
      setBusy(false);
    }
  }
  return (
    <form ref={form} onSubmit={send} aria-busy={busy}>
      {wrong && <Notice kind="bad">{wrong.text}</Notice>}
      {children(wrong?.field)}
      <button className="primary" aria-disabled={busy}>{busy ? t("loading") : action}</button>
    </form>
  );
}

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  hint?: string;
  wrong?: boolean;
  end?: ReactNode;
}

export function Field({ label, hint, wrong, end, ...input }: FieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="input">
        <input id={id} required aria-invalid={wrong || undefined} aria-describedby={hint && `${id}-hint`} {...input} />
        {end}
      </div>
      {hint && <small id={`${id}-hint`}>{hint}</small>}
    </div>
  );
}

export function EmailField({ label, wrong, value, current }: { label?: string; wrong?: boolean; value?: string; current?: boolean }) {
  const { t } = useLanguage();
  return <Field label={label ?? t("email")} name="email" type="email" autoComplete={current ? "username" : "email"} dir="ltr" wrong={wrong} defaultValue={value} />;
}

export function CodeField({ wrong, value, hint }: { wrong?: boolean; value?: string; hint?: string }) {
  const { t } = useLanguage();
  return <Field label={t("code")} name="code" inputMode="numeric" autoComplete="one-time-code" dir="ltr" className="code"
    hint={hint ?? t("codeHint")} wrong={wrong} defaultValue={value} />;
}

/** The way on for people who cannot sign in. It says the same to everybody, so that it tells nobody who has an account. */
export function Help() {
  const { t, language } = useLanguage();
  if (!helpURL) return null; // in a file from before
  const query = new URLSearchParams({ lang: language, return: `${location.origin}/` });
  return <p className="also"><a className="link" href={`${helpURL}&${query}`}>{t("help")}</a></p>;
}

/** The key for an authenticator app: to scan, to type, and to open where the app is. */
export function AuthenticatorKey({ setup, email }: { setup: SetUpTOTPOutput; email: string }) {
  const { t } = useLanguage();
  const { href } = setup.getSetupUri(brand, email);
  return (
    <div className="secret">
      <QRCode text={href} label={t("totpQR")} />
      <code dir="ltr">{setup.sharedSecret.match(/.{1,4}/g)?.join(" ")}</code>
      <a href={href}>{t("totpOpen")}</a>
    </div>
  );
}

/** A text for a camera: black on white in every color scheme, with the margin that scanners need. */
function QRCode({ text, label }: { text: string; label: string }) {
  const { data, size } = encode(text, { border: 4 });
  const dark = data.flatMap((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : "")));
  return <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shapeRendering="crispEdges"><path d={dark.join("")} /></svg>;
}

/** A password that is known. */
export function PasswordField({ wrong }: { wrong?: boolean }) {
  const { t } = useLanguage();
  const [shown, setShown] = useState(false);
  return <Field label={t("password")} name="password" autoComplete="current-password" wrong={wrong} {...visibility(shown, setShown, t)} />;
}

/** A password that is chosen, with the rules of the pool. */
export function NewPasswordField({ label, wrong }: { label: string; wrong?: boolean }) {
  const { t } = useLanguage();
  const [shown, setShown] = useState(false);
  const [value, setValue] = useState("");
  const id = useId();
  return (
    <>
      <Field label={label} name="password" autoComplete="new-password" wrong={wrong} aria-describedby={id}
        value={value} onChange={(event) => setValue(event.target.value)} {...visibility(shown, setShown, t)} />
      <ul className="rules" id={id}>
        {rulesOf(passwordPolicy).map(([name, met]) => (
          <li key={name} className={met(value) ? "met" : ""}>{t(name, { n: passwordPolicy.min_length })}</li>
        ))}
      </ul>
    </>
  );
}

function visibility(shown: boolean, show: (shown: boolean) => void, t: (name: keyof Words) => string) {
  return {
    type: shown ? "text" : "password",
    dir: "ltr",
    end: (
      <button type="button" className="reveal" aria-label={t(shown ? "hidePassword" : "showPassword")} onClick={() => show(!shown)}>
        {t(shown ? "hide" : "show")}
      </button>
    ),
  };
}

function rulesOf(policy: PasswordPolicy): [keyof Words, (value: string) => boolean][] {
  const rules: [keyof Words, boolean, (value: string) => boolean][] = [
    ["ruleLength", true, (value) => value.length >= policy.min_length],
    ["ruleNumbers", policy.require_numbers, (value) => /[0-9]/.test(value)],
    ["ruleLowercase", policy.require_lowercase, (value) => /[a-z]/.test(value)],
    ["ruleUppercase", policy.require_uppercase, (value) => /[A-Z]/.test(value)],
    ["ruleSymbols", policy.require_symbols, (value) => /[\^$*.[\]{}()?"!@#%&/\\,><':;|_~`=+-]/.test(value)],
  ];
  return rules.filter(([, required]) => required).map(([name, , met]) => [name, met]);
}
