// What htmx does not do: where the cursor is, names that are put in at it, and the phases of a run. Every page works without.
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
