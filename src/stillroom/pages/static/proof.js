// Hashes the entry that a page shows, and climbs from it to the root of the log's tree (RFC 9162, section 2.1.3.2).
"use strict";

const bytesOf = (hex) => (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));

async function hash(...parts) {
  return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(parts.flat()))));
}

async function rootOf(leaf, path, index, size) {
  let [found, place, last] = [await hash([0], leaf), index, size - 1];
  for (const beside of path) {
    if (last === 0) return [];
    if (place % 2 === 1 || place === last) {
      found = await hash([1], beside, found);
      while (place % 2 === 0 && place !== 0) [place, last] = [place / 2, Math.floor(last / 2)];
    } else {
      found = await hash([1], found, beside);
    }
    [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  }
  return last === 0 ? found : [];
}

async function checkProof(list) {
  const [, size, root] = document.querySelector("[data-head] pre").textContent.split("\n");
  const leaf = Array.from(new TextEncoder().encode(list.querySelector("[data-leaf]").textContent));
  const path = Array.from(list.querySelectorAll("[data-beside]"), (one) => bytesOf(one.textContent));
  const found = await rootOf(leaf, path, Number(list.dataset.index), Number(size));
  const holds = btoa(String.fromCharCode(...found)) === root;
  const verdict = document.querySelector("[data-verdict]");
  verdict.classList.add(holds ? "approved" : "rejected");
  verdict.textContent = holds
    ? "Your browser has hashed this entry and climbed to the root: it is the one that the signed head states."
    : "Your browser has hashed this entry, and does not come to the root that the signed head states. Do not rely on it; ask who runs the agent.";
}

if (globalThis.crypto?.subtle) document.querySelectorAll("[data-index]").forEach(checkProof);
