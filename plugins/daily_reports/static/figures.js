// Figures that follow what is typed: the gap to the target in words, the conversion, the sum of the takings,
// and the buttons that move the target up and down. The server reckons everything again.
"use strict";
(() => {
  const form = document.getElementById("day-form");
  if (!form) return;
  const words = document.getElementById("day-words").dataset;
  const fields = form.elements;

  const number = (text) => {
    const found = /^(\d+(?:\.\d+)?)(万?)$/.exec(text.normalize("NFKC").replace(/[,\s¥元]/g, ""));
    return found ? found[1] * (found[2] ? 10000 : 1) : null;
  };
  const show = (amount) => amount.toLocaleString("en-US", { maximumFractionDigits: 2 });
  const percent = (part, whole) => Math.round(part * 100 / whole);
  const put = (id, text, values, meaning = "") => {
    const box = document.getElementById(id);
    box.hidden = !text;
    box.textContent = text && text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
    if (meaning) box.className = `gap ${meaning}`;
  };

  function gap() {
    const amount = number(fields.amount.value), target = number(form.dataset.target);
    const off = amount === null || !target ? null : amount - target;
    const side = off === null ? "none" : off < 0 ? "less" : off > 0 ? "more" : "even";
    const done = target && percent(amount, target);
    put("gap", words[side] || "", { n: show(Math.abs(off)), p: done }, done >= 100 ? "good" : done >= 85 ? "watch" : "bad");
    document.getElementById("reasons").dataset.gap = target ? side : "";
    document.getElementById("reasons-title").textContent = { less: words.why, more: words.whyMore }[side] || words.whyBoth;
  }

  function conversion() {
    if (!fields.visitors) return; // a department counts other things
    const visitors = number(fields.visitors.value), buyers = number(fields.buyers.value);
    const known = visitors && buyers !== null && buyers <= visitors;
    put("conversion", known ? words.bought : "", { p: known && percent(buyers, visitors) });
  }

  function takings() {
    if (!document.getElementById("tender-sum")) return;
    const amount = number(fields.amount.value);
    const each = [...form.querySelectorAll("[name^=tender_]")].map((field) => number(field.value)).filter((value) => value !== null);
    const sum = Math.round(each.reduce((all, one) => all + one, 0) * 100) / 100;
    const isOff = amount !== null && sum !== amount;
    put("tender-sum", each.length ? (isOff ? words.sumOff : words.sum) : "", { n: show(sum), r: isOff && show(amount) });
  }

  function all() { gap(); conversion(); takings(); }

  if ("target" in form.dataset) {
    form.addEventListener("input", all);
    all();
  }

  const nudge = form.querySelector(".nudge");
  if (nudge) {
    nudge.hidden = false;
    nudge.addEventListener("click", (event) => {
      const by = event.target.dataset.by, amount = number(fields.amount.value);
      if (!by || amount === null) return;
      const next = by.endsWith("%") ? Math.round(amount * (1 + parseInt(by, 10) / 100) / 100) * 100 : amount + Number(by);
      fields.amount.value = Math.max(next, 0);
      fields.amount.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
})();
