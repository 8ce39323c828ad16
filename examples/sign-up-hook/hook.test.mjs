// Run by hook_test.go, with the address of the compiled hook.js.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const { inviting } = await import(process.env.HOOK_JS);
const hook = inviting(["SPRING-2026", "VIP"]);
const request = JSON.parse(readFileSync("request.json", "utf8"));

const accepted = {
  "a code": request,
  "another code, with blanks": { ...request, validationData: { invitation: " VIP " } },
  "a provider, without a code": { ...request, provider: "Facebook", validationData: null },
};
const refused = {
  "no validation data": { ...request, validationData: null },
  "no code": { ...request, validationData: {} },
  "an empty code": { ...request, validationData: { invitation: "" } },
  "a code in lower case": { ...request, validationData: { invitation: "vip" } },
  "a code that nobody has": { ...request, validationData: { invitation: "AUTUMN" } },
};

for (const [name, request] of Object.entries(accepted)) {
  test(name, async () => assert.deepEqual(await hook(request), { decision: "accept" }));
}
for (const [name, request] of Object.entries(refused)) {
  test(name, async () => {
    const { decision, code, sentences } = await hook(request);
    assert.equal(decision, "refuse");
    assert.equal(code, "INVITATION_REQUIRED");
    assert.ok(sentences.en && sentences.fr);
  });
}
test("another version", () => assert.rejects(hook({ ...request, version: 2 })));
test("without codes, an empty one is none", async () => {
  assert.equal((await inviting([""])({ ...request, validationData: { invitation: "" } })).decision, "refuse");
});
