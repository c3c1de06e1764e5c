// The keys of the queue press its buttons: J one person, K two people, S skip, U undo. Each page takes one answer.
(() => {
  "use strict";
  let pressed = false;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing || pressed) return;
    if (event.target.matches("input, textarea, select") || document.querySelector("dialog[open]")) return;
    const button = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!button) return;
    event.preventDefault();
    pressed = true;
    button.click();
  });
  addEventListener("submit", (event) => {
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "1";
  });
  addEventListener("pageshow", () => {
    pressed = false;
    for (const form of document.forms) delete form.dataset.sent;
  });
})();
