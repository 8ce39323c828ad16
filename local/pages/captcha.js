// Solves a challenge of ALTCHA when the form is sent, as its widget does: it derives keys until one
// begins with the prefix of the challenge (internal/altcha).
const field = document.querySelector("input[name=captcha]");
const form = field.form;
const status = form.querySelector("[role=status]");

const bytes = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

async function derive({ nonce, salt, cost, keyLength }, counter) {
  const password = new Uint8Array([...bytes(nonce), 0, 0, 0, 0]);
  new DataView(password.buffer).setUint32(password.length - 4, counter);
  const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  return hex(await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: bytes(salt), iterations: cost }, key, 8 * keyLength));
}

async function solve(challenge) {
  const atOnce = navigator.hardwareConcurrency || 2;
  for (let counter = 0; ; counter += atOnce) {
    const keys = await Promise.all(Array.from({ length: atOnce }, (_, i) => derive(challenge.parameters, counter + i)));
    const found = keys.findIndex((key) => key.startsWith(challenge.parameters.keyPrefix));
    if (found >= 0) return btoa(JSON.stringify({ challenge, solution: { counter: counter + found, derivedKey: keys[found] } }));
  }
}

let busy = false;
form.addEventListener("submit", async (event) => {
  if (field.value) return;
  event.preventDefault();
  if (busy) return;
  busy = true;
  status.textContent = "Checking that you are a person …";
  try {
    const answer = await fetch("/captcha");
    if (!answer.ok) throw new Error(`GET /captcha answers ${answer.status}`);
    field.value = await solve(await answer.json());
    form.requestSubmit();
  } catch (error) {
    status.textContent = error.message;
  } finally {
    busy = false;
  }
});
