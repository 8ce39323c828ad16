// The CustomMessage trigger of a sign-up in Node.js: it reads the same compiled
// message as functions/custom-message and answers the same, for comparison.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = process.env.LAMBDA_TASK_ROOT;
const settings = JSON.parse(readFileSync(join(root, "settings.json"), "utf8"));
const escapes = { "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&#34;", "'": "&#39;" };
const escapeHTML = (s) => s.replace(/[<>&"']/g, (c) => escapes[c]);
const asIs = (s) => s;

// locale is the first wish that, cut short, is one of the settings' locales.
function locale(client, ...wishes) {
  for (let tag of wishes) {
    for (; tag; tag = tag.slice(0, Math.max(tag.lastIndexOf("-"), 0))) {
      const found = settings.locales.find((l) => l.toLowerCase() === tag.toLowerCase());
      if (found) return found;
    }
  }
  return client.locale;
}

function fill(part, escape, values) {
  return part.split("\0").map((piece, i) => (i % 2 ? escape(values[piece] ?? "") : piece)).join("");
}

export async function handler(event) {
  const { request } = event;
  const client = settings.clients[0];
  const lang = locale(client, request.clientMetadata?.locale, request.userAttributes.locale);
  const file = readFileSync(join(root, "messages", client.name, lang, "sign-up"), "utf8");
  const [greeting, plain, subject, html, , text] = file.split("\x1c");
  const name = settings.nameAttributes.map((key) => request.userAttributes[key]).find(Boolean);
  const query = `client=${encodeURIComponent(event.callerContext.clientId)}&user=${encodeURIComponent(event.userName)}`;
  const values = {
    link: `${process.env.LINKS_URL}/confirm?${query}&code=${request.codeParameter}&lang=${lang}`,
    code: request.codeParameter,
    greeting: name ? fill(greeting, asIs, { name }) : plain,
  };
  event.response.smsMessage = fill(text, asIs, values);
  event.response.emailMessage = fill(html, escapeHTML, values);
  event.response.emailSubject = fill(subject, asIs, values);
  return event;
}
