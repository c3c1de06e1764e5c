// While a plan's line is typed, the people who can do what it says move to the front and say so; the rules are
// `best_first` and `best_for` of the server, which has put the lines in order that were there already.
"use strict";
for (const chips of document.querySelectorAll("[data-what]")) {
  const what = chips.closest("form").elements[chips.dataset.what];
  const people = [...chips.children].map((chip) => ({ chip, skills: Object.entries(JSON.parse(chip.dataset.skills)) }));
  what.addEventListener("input", () => {
    const text = what.value.toLowerCase();
    const named = ([name]) => text.includes(name.toLowerCase());
    for (const mate of people) {
      mate.fit = mate.skills.filter(named).reduce((sum, [, level]) => sum + level, 0);
      const best = [...mate.skills].sort((one, other) => named(other) - named(one) || other[1] - one[1]);
      if (best.length) mate.chip.querySelector("small").textContent = best.slice(0, 2).map(([name]) => name).join("·");
    }
    chips.append(...[...people].sort((one, other) => other.fit - one.fit).map(({ chip }) => chip));
  });
}
