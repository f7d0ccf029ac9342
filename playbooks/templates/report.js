"use strict";
// Hides the rows that lack one of the words typed. A word in a group's heading, such as a destination's name, counts for all rows of the group.
const filter = document.getElementById("filter");
const input = filter.querySelector("input");
const told = filter.querySelector("output");
const fold = (text) => text.normalize("NFKC").toLowerCase();
const groups = [...document.querySelectorAll("[data-group]")].map((element) => ({
  element,
  open: element.open,
  heading: fold(element.querySelector("summary").textContent),
  rows: [...element.querySelectorAll("[data-row]")].map((row) => ({ element: row, text: fold(row.textContent) })),
}));
const apply = () => {
  const words = fold(input.value).split(/\s+/).filter(Boolean);
  let all = 0;
  let shown = 0;
  for (const group of groups) {
    let found = 0;
    for (const row of group.rows) {
      row.element.hidden = !words.every((word) => row.text.includes(word) || group.heading.includes(word));
      found += row.element.hidden ? 0 : 1;
    }
    group.element.hidden = words.length > 0 && found === 0;
    group.element.open = words.length > 0 ? found > 0 : group.open;
    if (group.element.matches(".destination")) {
      all += group.rows.length;
      shown += found;
    }
  }
  told.value = words.length > 0 ? `${shown} of ${all} bindings shown` : "";
};
input.addEventListener("input", apply);
filter.hidden = false;
apply();
