"use strict";
// Follows a link to a test: brings its row back if a filter hides it, opens it, and scrolls there.
(() => {
  const rowOf = (id) => document.getElementById(id)?.closest("#results-table > tbody");
  const open = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    if (!id.includes("::")) return;
    if (!rowOf(id)) {
      document
        .querySelectorAll(".filters input:not(:checked):not(:disabled)")
        .forEach((input) => input.click());
    }
    const row = rowOf(id);
    if (!row) return;
    if (row.querySelector(".col-result.collapsed")) row.querySelector(".col-testId").click();
    rowOf(id).scrollIntoView({ behavior: "instant" });
  };
  addEventListener("hashchange", open);
  addEventListener("load", open);
  // The same link again is no change of the hash.
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='#']");
    if (link && link.getAttribute("href") === location.hash) open();
  });
})();
