"use strict";
// The page is a full list without this; here the list is filtered, and renewed where a server is.
const get = (id) => document.getElementById(id);
const form = get("filter"), text = get("text"), shown = get("shown"), stale = get("stale");
const EVERY = 5000;
let wanted = "";

function filter() {
  const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = document.querySelectorAll(".places tbody tr");
  let count = 0;
  for (const row of rows) {
    const said = row.textContent.toLowerCase();
    const fit = (!wanted || row.dataset.state === wanted) && words.every((word) => said.includes(word));
    if (row.hidden === fit) row.hidden = !fit;
    count += fit;
  }
  for (const button of document.querySelectorAll(".counts button"))
    button.setAttribute("aria-pressed", String(button.dataset.state === wanted));
  shown.textContent = `${count} of ${rows.length} shown`;
}

async function renew() {
  try {
    const answer = await fetch("/", { credentials: "same-origin", cache: "no-store" });
    if (!answer.ok) throw new Error(answer.statusText);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["counts", "rows", "made"]) get(id).replaceWith(document.adoptNode(fresh.getElementById(id)));
    stale.hidden = true;
    filter();
  } catch {
    stale.hidden = false;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest(".counts button");
  if (!button) return;
  wanted = wanted === button.dataset.state ? "" : button.dataset.state;
  filter();
});
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", filter);
form.hidden = false;
filter(); // a browser may bring the form back as it was
if (document.body.dataset.live) setInterval(() => { if (!document.hidden) renew(); }, EVERY);
