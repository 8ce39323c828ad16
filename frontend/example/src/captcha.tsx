// Proof that a person signs up, if the pool asks for it (docs/captcha.md). A widget puts it into the
// form around it, and is only loaded where it is needed.
import { createElement, useEffect, useRef } from "react";
import { useLanguage } from "./language";
import { captcha } from "./pool";

interface Service {
  render(element: HTMLElement, options: Record<string, string | undefined>): unknown;
}

// The scripts of the services, what they define, and the field that they put into a form.
const services: Record<string, { script: string; name: string; field: string }> = {
  turnstile: { script: "https://challenges.cloudflare.com/turnstile/v0/api.js", name: "turnstile", field: "cf-turnstile-response" },
  hcaptcha: { script: "https://js.hcaptcha.com/1/api.js", name: "hcaptcha", field: "h-captcha-response" },
  recaptcha: { script: "https://www.google.com/recaptcha/api.js", name: "grecaptcha", field: "g-recaptcha-response" },
};

// Validation data is for the function that checks it alone. Its values have 2,048 characters at most,
// which is too short for some services.
const longest = 2048;

/** What SignUp takes of a form with a captcha. */
export function proofOf(values: Record<string, string>): { validationData?: { captcha: string }; clientMetadata?: { captcha: string } } {
  const proof = captcha && values[services[captcha.provider]?.field ?? "captcha"];
  if (!proof) return {}; // the pool says what is missing
  return proof.length <= longest ? { validationData: { captcha: proof } } : { clientMetadata: { captcha: proof } };
}

/** The widget. A proof is for one attempt: give it another key after each. */
export function Captcha() {
  if (!captcha) return null;
  return captcha.challenge_url ? <ProofOfWork challenge={captcha.challenge_url} /> : <OfService />;
}

function ProofOfWork({ challenge }: { challenge: string }) {
  const { language } = useLanguage();
  useEffect(() => {
    void import("altcha");
    // @ts-expect-error the package has the types of this one under another name
    void import("altcha/i18n/fr-fr");
    void import("altcha/i18n/ar");
  }, []);
  return createElement("altcha-widget", { challenge, language, name: "captcha", auto: "onsubmit" });
}

function OfService() {
  const { language } = useLanguage();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { provider, site_key, action } = captcha!;
    void load(provider).then((service) => place.current?.childElementCount === 0 && service.render(place.current, { sitekey: site_key, action, hl: language }));
  }, []);
  return <div ref={place} />;
}

const loaded: Record<string, Promise<Service>> = {};

function load(provider: string): Promise<Service> {
  return (loaded[provider] ??= new Promise((resolve, reject) => {
    const { script, name } = services[provider];
    const global = globalThis as unknown as Record<string, Service & (() => void)>;
    global.captchaLoaded = Object.assign(() => resolve(global[name]), { render: () => undefined });
    const element = document.createElement("script");
    element.src = `${script}?render=explicit&onload=captchaLoaded`;
    element.onerror = reject;
    document.head.append(element);
  }));
}
