// Runs before the first paint, so that a folded side navigation does not jump.
try {
  if (localStorage.getItem("side") === "small") document.documentElement.classList.add("side-small");
} catch (refused) { /* a browser that keeps nothing shows the wide navigation */ }
