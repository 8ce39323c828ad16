// Between two screens: the address that was typed last, and a notice for the next screen. A
// password is kept in memory only.
import type { Words } from "./words";

const kept = "address";

export const pending = {
  password: "",
  notice: undefined as keyof Words | undefined,
  get email() {
    return sessionStorage.getItem(kept) ?? "";
  },
  set email(address: string) {
    sessionStorage.setItem(kept, address);
  },
};
