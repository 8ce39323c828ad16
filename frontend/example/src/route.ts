// Where the person is: the path, without a library.
import { useSyncExternalStore } from "react";

function subscribe(changed: () => void) {
  addEventListener("popstate", changed);
  return () => removeEventListener("popstate", changed);
}

export const usePath = () => useSyncExternalStore(subscribe, () => location.pathname);

export function go(path: string) {
  history.pushState(null, "", path);
  dispatchEvent(new PopStateEvent("popstate"));
}

/** What the address said when the person came: from a link in an email, its page, or Facebook. */
export const arrived = { status: "", code: "", error: "" };

/** Reads that, and takes it out of the address, so that it is not read again. */
export function arrival() {
  const query = new URLSearchParams(location.search);
  arrived.status = query.get("status") ?? "";
  arrived.error = query.get("error_description") ?? "";
  if (query.has("state")) return; // Amplify's: it finishes the sign-in
  arrived.code = query.get("code") ?? "";
  if (arrived.status || arrived.code || arrived.error) history.replaceState(null, "", location.pathname);
}
