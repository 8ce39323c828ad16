// Run by frontend_test.go, with the address of the compiled code.js.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const { readCode } = await import(process.env.CODE_JS);

const kinds = JSON.parse(readFileSync("../internal/link/testdata/codes.json", "utf8"));
for (const [kind, codes] of Object.entries(kinds)) {
  test(kind, () => {
    for (const [text, code] of Object.entries(codes)) {
      assert.equal(readCode(text), code || undefined, JSON.stringify(text));
    }
  });
}

test("every dash", () => {
  let dashes = 0;
  for (let c = 0; c < 0x110000; c++) {
    const dash = String.fromCodePoint(c);
    if (/\p{Dash}/u.test(dash)) {
      dashes++;
      assert.equal(readCode(`123${dash}456`), "123456", c.toString(16));
    }
  }
  assert.ok(dashes > 25, `there are only ${dashes}`);
});

test("a long text takes no time", () => {
  const start = performance.now();
  assert.equal(readCode("1".repeat(1_000_000)), undefined);
  assert.equal(readCode(" ".repeat(506) + "123456"), "123456");
  assert.ok(performance.now() - start < 1000);
});
