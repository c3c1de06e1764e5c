// Copies the link; where the browser does not let a script copy, the link is selected for the thumb.
(() => {
  "use strict";
  const button = document.getElementById("copy");
  const link = document.getElementById("link");
  button.addEventListener("click", async () => {
    link.select();
    try {
      await navigator.clipboard.writeText(link.value);
    } catch {
      if (!document.execCommand("copy")) return;
    }
    button.textContent = button.dataset.done;
  });
})();
