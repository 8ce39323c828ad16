import { type FetchUserAttributesOutput, fetchUserAttributes, getCurrentUser } from "aws-amplify/auth";
import { Hub } from "aws-amplify/utils";
import { useEffect, useState } from "react";
import { Account, VerifyAddress } from "./account";
import { useLanguage } from "./language";
import { brand } from "./pool";
import { usePath } from "./route";
import { SignIn } from "./signin";
import { CheckMail, SignUp } from "./signup";
import { ForgotPassword } from "./password";
import { type Language, languages } from "./words";

export type Person = FetchUserAttributesOutput;

/** Who is signed in: null is nobody, undefined is not known yet. */
function usePerson() {
  const [person, setPerson] = useState<Person | null>();
  const load = async () => {
    try {
      await getCurrentUser(); // asks nobody
      setPerson(await fetchUserAttributes());
    } catch {
      setPerson(null);
    }
  };
  useEffect(() => {
    void load();
    // Also of Facebook's return, and of a session that has ended.
    return Hub.listen("auth", ({ payload: { event } }) => {
      if (["signedIn", "signedOut", "signInWithRedirect", "tokenRefresh_failure"].includes(event)) void load();
    });
  }, []);
  return { person, reload: load };
}

export function App() {
  const { t, language, choose } = useLanguage();
  const { person, reload } = usePerson();
  const path = usePath();
  return (
    <>
      <header>
        <a className="brand" href="/"><span aria-hidden="true" />{brand}</a>
        <select aria-label={t("language")} value={language} onChange={(event) => choose(event.target.value as Language)}>
          {Object.entries(languages).map(([tag, name]) => <option key={tag} value={tag} lang={tag}>{name}</option>)}
        </select>
      </header>
      <main>
        {person === undefined ? <p className="waiting" role="status">{t("loading")}</p> : screen()}
      </main>
    </>
  );

  function screen() {
    if (person && path === "/account/verify") return <VerifyAddress done={reload} />;
    if (person) return <Account person={person} reload={reload} />;
    switch (path) {
      case "/sign-up": return <SignUp />;
      case "/check-mail": return <CheckMail />;
      case "/forgot-password": return <ForgotPassword />;
      default: return <SignIn />; // "/account/verify" goes on when somebody is signed in
    }
  }
}
