// Run by frontend_test.go, with the address of the compiled refusal.js and a file
// of messages that the real sentences make.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const { codes, refusal } = await import(process.env.REFUSAL_JS);

const message = "PreSignUp failed with error EMAIL_TYPO: Did you mean an address at gmail.com? Please check what is behind the @.";
const want = { code: "EMAIL_TYPO", message: "Did you mean an address at gmail.com? Please check what is behind the @" };

const known = {
  "the message of an error": [message, want],
  "an error": [new Error(message), want],
  "an error of the SDK": [Object.assign(new Error(message), { name: "UserLambdaValidationException" }), want],
  "an error of another realm": [{ name: "UserLambdaValidationException", message }, want],
  "a query parameter": [new URLSearchParams({ error_description: message }).get("error_description"), want],
  "a query parameter as it stands in the address": [encodeURIComponent(message), want],
  "with plus signs": [new URLSearchParams({ d: message }).toString().slice(2), want],
  "without a full stop": [message.slice(0, -1), want],
  "with a line break and a blank behind": [message + " \n", want],
  "behind other words": ["UserLambdaValidationException: " + message, want],
  "an error of a query parameter": [new Error(new URLSearchParams({ d: message + " " }).toString().slice(2)), want],
  "an error of an escaped query parameter": [new Error(encodeURIComponent(message)), want],
  "a whole address": ["https://app.example.com/sign-in?" + new URLSearchParams({ error_description: message + " ", error: "invalid_request", state: "x" }), want],
  "a fragment": ["#" + new URLSearchParams({ state: "x", error_description: message }), want],
  "the text of the SDK for Java 1": [
    `com.amazonaws.services.cognitoidp.model.UserLambdaValidationException: ${message} (Service: AWSCognitoIdentityProvider; Status Code: 400; Error Code: UserLambdaValidationException; Request ID: 21307ea4; Proxy: null)`, want],
  "the text of the SDK for Java 2": [new Error(`${message} (Service: CognitoIdentityProvider, Status Code: 400, Request ID: 21307ea4) (SDK Attempt Count: 1)`), want],
  "the text of the SDK for Python": [`An error occurred (UserLambdaValidationException) when calling the SignUp operation: ${message}`, want],
  "parentheses of our own": ["PreSignUp failed with error TRY_AGAIN: b (c).", { code: "TRY_AGAIN", message: "b (c)" }],
  "a percent sign of our own": [new Error("PreSignUp failed with error TRY_AGAIN: 100 % + more."), { code: "TRY_AGAIN", message: "100 % + more" }],
  "a sentence of two": ["PreSignUp failed with error TRY_AGAIN: One. Two.", { code: "TRY_AGAIN", message: "One. Two" }],
  "a sentence with a colon": ["PreSignUp failed with error TRY_AGAIN: b: c.", { code: "TRY_AGAIN", message: "b: c" }],
  "a joiner and a mark of direction": ["PreSignUp failed with error TRY_AGAIN: \u06a9\u200c\u200f.", { code: "TRY_AGAIN", message: "\u06a9\u200c\u200f" }],
  "markup stays text": ["PreSignUp failed with error TRY_AGAIN: <b>.", { code: "TRY_AGAIN", message: "<b>" }],
};

const others = {
  "another trigger": "PreAuthentication failed with error CODE: sentence.",
  "a user who exists": new Error("An account with the given email already exists."),
  "Cognito's own error after linking": "Already found an entry for username Facebook_1234",
  "a trigger's error without a code": "PreSignUp failed with error something went wrong.",
  "a code without a sentence": "PreSignUp failed with error CODE: .",
  "broken escapes": "PreSignUp%20failed%20with%20error%20CODE:%20%E0%A4%A.",
  "nothing": undefined,
  "null": null,
  "a number": 42,
  "an object without a message": {},
  "an object whose message is none": { message: undefined },
  "an empty text": "",
  "a code that nobody gives": "PreSignUp failed with error SECURITY_ALERT: Your account was taken over.",
  "a code of an object": "PreSignUp failed with error constructor: x.",
  "a hook's code that the app does not know": "PreSignUp failed with error HOOK_NO_SEAT: No seat is left.",
  "words before it": "Call 0800 123456. " + message,
  "lines before it": "Call 0800 123456.\n" + message,
  "an address before it": "https://evil.example/" + encodeURIComponent(message),
  "another parameter": "https://app.example.com/?x=" + encodeURIComponent(message),
  "too long a text": `PreSignUp failed with error TRY_AGAIN: ${"a".repeat(301)}.`,
  "too many characters beyond the BMP": `PreSignUp failed with error TRY_AGAIN: ${"𝐚".repeat(301)}.`,
  ...Object.fromEntries(["\n", "\r", "\t", "\0", "\x1b", "\x7f", "\x85", "\u061c", "\u00ad", "\u200b", "\u2028", "\u2029", "\u202a", "\u202e", "\u2060", "\u2066", "\u2069", "\ufeff"].map((c) => [
    `the character ${c.codePointAt(0).toString(16)}`, `PreSignUp failed with error TRY_AGAIN: One${c}two.`])),
};

for (const [name, [error, refused]] of Object.entries(known)) {
  test(name, () => assert.deepEqual(refusal(error), refused));
}
for (const [name, error] of Object.entries(others)) {
  test(name, () => assert.equal(refusal(error), undefined));
}

test("300 characters", () => {
  const sentence = "𝐚".repeat(300);
  assert.deepEqual(refusal(`PreSignUp failed with error TRY_AGAIN: ${sentence}.`), { code: "TRY_AGAIN", message: sentence });
});

test("the hook's codes that the app knows", () => {
  const error = "PreSignUp failed with error HOOK_NO_SEAT: No seat is left.";
  assert.deepEqual(refusal(error, ["HOOK_NO_SEAT"]), { code: "HOOK_NO_SEAT", message: "No seat is left" });
  assert.equal(refusal(error, ["HOOK_NO"]), undefined);
});

test("the codes are those of the rules", () => {
  const all = JSON.parse(readFileSync(process.env.REFUSALS, "utf8"));
  assert.deepEqual([...codes].sort(), [...new Set(all.map(({ code }) => code))].sort());
});

test("every refusal in every language", () => {
  const all = JSON.parse(readFileSync(process.env.REFUSALS, "utf8"));
  assert.ok(all.length > 300, `there are only ${all.length}`);
  for (const { code, sentence } of all) {
    assert.deepEqual(refusal(`PreSignUp failed with error ${code}: ${sentence}.`), { code, message: sentence });
  }
});

test("a long text takes no time", () => {
  const start = performance.now();
  refusal("PreSignUp failed with error TRY_AGAIN: " + ". ".repeat(100_000) + "x\n\n\n y");
  assert.ok(performance.now() - start < 1000);
});
