// The language of the person: chosen, or that of the browser.
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { brand } from "./pool";
import { type Language, languages, type Words, words } from "./words";

const kept = "language";

function first(): Language {
  const wanted = [localStorage.getItem(kept) ?? "", ...navigator.languages].map((tag) => tag.split("-")[0]);
  return wanted.find((tag): tag is Language => tag in languages) ?? "en";
}

interface Speech {
  language: Language;
  choose(language: Language): void;
  /** The text of that name, with its blanks filled in. */
  t(name: keyof Words, blanks?: Record<string, string | number>): string;
}

const Context = createContext<Speech>(null!);

export const useLanguage = () => useContext(Context);

export function Speaking({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(first);
  useEffect(() => {
    document.documentElement.lang = language;
    document.documentElement.dir = language === "ar" ? "rtl" : "ltr";
  }, [language]);
  const speech: Speech = {
    language,
    choose(chosen) {
      localStorage.setItem(kept, chosen);
      setLanguage(chosen);
    },
    t: (name, blanks = {}) =>
      // The direction of an address differs from that of an Arabic sentence: U+2068 and U+2069 isolate it.
      words[language][name].replace(/\{(\w+)\}/g, (_, blank) => `\u2068${blanks[blank]}\u2069`),
  };
  return <Context value={speech}>{children}</Context>;
}

/** The title of the page, for the tab and for screen readers. */
export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · ${brand}`;
  }, [title]);
}
