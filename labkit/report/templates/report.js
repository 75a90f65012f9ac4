"use strict";
// The page is a full list without this; here the list is filtered.
const get = (id) => document.getElementById(id);
const form = get("filter"), failed = get("only-failed"), machine = get("machine"),
  check = get("check"), text = get("text"), shown = get("shown");
const groups = [...document.querySelectorAll(".group")].map((group) => ({
  group,
  items: [...group.querySelectorAll(".item")].map((item) => ({
    item,
    machine: item.dataset.machine ?? group.dataset.machine,
    check: item.dataset.check,
    failed: item.classList.contains("failed"),
    text: null,
  })),
}));
const total = groups.reduce((sum, each) => sum + each.items.length, 0);

function fits(each, words) {
  if (failed.checked && !each.failed) return false;
  if (machine.value && each.machine !== machine.value) return false;
  if (check.value && each.check !== check.value) return false;
  if (!words.length) return true;
  each.text ??= `${each.machine} ${each.check} ${each.item.textContent}`.toLowerCase();
  return words.every((word) => each.text.includes(word));
}

function filter() {
  const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const all = !words.length && !failed.checked && !machine.value && !check.value;
  let count = 0;
  for (const { group, items } of groups) {
    let here = 0;
    for (const each of items) {
      const fit = all || fits(each, words);
      if (each.item.hidden === fit) each.item.hidden = !fit;
      here += fit;
    }
    group.hidden = !all && !here;
    count += here;
  }
  shown.textContent = `${count} of ${total} shown`;
}

function show(wanted) {
  failed.checked = false;
  text.value = "";
  machine.value = wanted.machine ?? "";
  check.value = wanted.check ?? "";
  filter();
}

// A link to something that the filter hides would lead nowhere.
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (!link) return;
  if (link.dataset.check) {
    event.preventDefault();
    show(link.dataset);
    get("results").scrollIntoView();
    machine.focus({ preventScroll: true });
  } else if (get(link.hash.slice(1))?.closest("[hidden]")) {
    show({});
  }
});
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(filter));
form.addEventListener("input", filter);
form.hidden = false;
filter(); // a browser may bring the form back as it was
