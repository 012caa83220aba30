// What htmx does not do: where the cursor is, names that are put in at it, the phases of a run, and passkeys. Every page works without.
"use strict";

const editor = () => document.getElementById("sql");

function cursorMoved() {
  document.getElementById("cursor").value = editor().selectionStart;
}

// Replace the word before the cursor by a name that was suggested.
function insertName(name) {
  const field = editor();
  const begin = field.value.slice(0, field.selectionStart).search(/[\w.]*$/);
  field.setRangeText(name, begin, field.selectionStart, "end");
  field.focus();
  cursorMoved();
  field.dispatchEvent(new Event("input", { bubbles: true }));
  document.getElementById("names").replaceChildren();
}

function followRun(progress) {
  const source = new EventSource(progress.dataset.events);
  const list = document.getElementById("phases");
  source.addEventListener("message", (event) => {
    if (list.lastElementChild?.textContent === event.data) return;
    const item = document.createElement("li");
    item.textContent = event.data;
    list.append(item);
  });
  source.addEventListener("over", () => {
    source.close();
    location.replace(location.href);
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(() => location.replace(location.href), 5000);
  });
}

document.addEventListener("input", (event) => event.target.id === "sql" && cursorMoved(), true);
document.addEventListener("keyup", (event) => event.target.id === "sql" && cursorMoved(), true);
document.addEventListener("click", (event) => {
  const name = event.target.closest?.("[data-insert]")?.dataset.insert;
  if (name) insertName(name);
});
document.querySelectorAll("[data-events]").forEach(followRun);

// Passkeys. In JSON, bytes are base64url; what the device answers goes back in the form.
const fromText = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
const toText = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function asBytes(options) {
  for (const one of [options.user, ...(options.excludeCredentials ?? [])]) if (one) one.id = fromText(one.id);
  return { publicKey: { ...options, challenge: fromText(options.challenge) } };
}

async function askDevice(form) {
  const where = new URL(form.dataset.passkey, location.href);
  if (form.elements.label) where.searchParams.set("label", form.elements.label.value);
  const answer = await fetch(where);
  if (!answer.ok) return location.assign(where); // a page that says why
  const options = await answer.json();
  const made = await (options.user ? navigator.credentials.create(asBytes(options)) : navigator.credentials.get(asBytes(options)));
  const response = {};
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
    if (made.response[part]) response[part] = toText(made.response[part]);
  form.elements.answer.value = JSON.stringify({ id: made.id, rawId: toText(made.rawId), type: made.type, response });
  form.submit();
}

function usePasskey(form) {
  const said = form.querySelector("[role=alert]");
  form.closest("[hidden]").hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    said.textContent = "";
    askDevice(form).catch((error) => {
      const known = error.name === "InvalidStateError";
      said.textContent = known ? "This device has a passkey of yours already." : "There was no passkey. Try again, or come in by a link.";
    });
  });
}

if (window.PublicKeyCredential) document.querySelectorAll("[data-passkey]").forEach(usePasskey);
