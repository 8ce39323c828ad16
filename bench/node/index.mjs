// The CustomMessage trigger of a sign-up in Node.js, for comparison: it reads and caches the same
// compiled message as functions/custom-message, and returns and logs the same.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = process.env.LAMBDA_TASK_ROOT;
const settings = JSON.parse(readFileSync(join(root, "settings.json"), "utf8"));
const escapes = { "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&#34;", "'": "&#39;" };
const escapeHTML = (s) => s.replace(/[<>&"']/g, (c) => escapes[c]);
const asIs = (s) => s;

// locale is the first requested one that, shortened, is one of the settings' locales.
function locale(client, ...wishes) {
  for (let tag of wishes) {
    for (; tag; tag = tag.slice(0, Math.max(tag.lastIndexOf("-"), 0))) {
      const found = settings.locales.find((l) => l.toLowerCase() === tag.toLowerCase());
      if (found) return found;
    }
  }
  return client.locale;
}

// message is a compiled message, each part split at its placeholders. It is read once.
const messages = new Map();
function message(path) {
  let parts = messages.get(path);
  if (!parts) {
    parts = readFileSync(join(root, "messages", path), "utf8").split("\x1c").map((part) => part.split("\0"));
    messages.set(path, parts);
  }
  return parts;
}

function fill(part, escape, values) {
  return part.map((piece, i) => (i % 2 ? escape(values[piece] ?? "") : piece)).join("");
}

// log writes a line with the members that internal/logging writes.
function log(start, line) {
  const now = new Date();
  const metrics = {
    Namespace: "Poolpost",
    Dimensions: [["Stack", "Function", "Outcome"]],
    Metrics: [{ Name: "Events", Unit: "Count" }, { Name: "Duration", Unit: "Milliseconds" }],
  };
  process.stdout.write(JSON.stringify({
    timestamp: now.toISOString(), level: "INFO", message: "event",
    _aws: { Timestamp: now.getTime(), CloudWatchMetrics: [metrics] },
    Events: 1, Duration: Math.round((performance.now() - start) * 1000) / 1000,
    Stack: process.env.STACK || "unknown", Function: "custom-message", ...line,
  }) + "\n");
}

export async function handler(event, context) {
  const start = performance.now();
  const { request } = event;
  const client = settings.clients[0];
  const lang = locale(client, request.clientMetadata?.locale, request.userAttributes.locale);
  const kind = "sign-up";
  const [greeting, [plain], subject, html, , text] = message(join(client.name, lang, kind));
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
  log(start, {
    Outcome: "filled", trigger: event.triggerSource, kind, locale: lang, client: client.name, requestId: context.awsRequestId,
  });
  return event;
}
