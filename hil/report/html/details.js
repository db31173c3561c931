"use strict";
// Draws the details of a test when its row is opened, and lets the keyboard open rows. pytest-html
// draws its whole table anew whenever a row is opened or closed; what is missing then is added.
(() => {
  const ROW = "#results-table > tbody";
  const KEY = ".collapsible > .col-verdict";
  let details = null;
  let unpacking = null;

  const unpack = async () => {
    const packed = atob(document.getElementById("hil-details").textContent);
    const bytes = Uint8Array.from(packed, (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    details = await new Response(stream).json();
  };
  const complain = (error) => {
    const text = `This browser cannot unpack the details (${error}); journal.jsonl has them.`;
    details = new Proxy([], { get: () => `<p>${text}</p>` });
  };
  const fill = () => {
    for (const cell of document.querySelectorAll(`${ROW} ${KEY}[data-detail]`)) {
      const row = cell.closest("tbody").querySelector(".extras-row:not(.hidden)");
      const box = row?.querySelector(".extraHTML:empty");
      if (!box) continue;
      if (details === null) return false;
      box.innerHTML = details[cell.dataset.detail];
    }
    return true;
  };
  const draw = () => {
    if (fill()) return;
    unpacking ??= unpack().catch(complain);
    unpacking.then(fill);
  };
  // What stands in the page is found by the browser's search also in a row that is closed.
  const letBeFound = () => {
    for (const box of document.querySelectorAll(`${ROW} > .hidden .extraHTML:not(:empty)`)) {
      const extra = box.parentElement;
      if (!("onbeforematch" in extra)) return;
      for (const each of extra.children) each.hidden = "until-found";
      extra.parentElement.classList.add("searched");
    }
  };
  const showFound = (event) => {
    const row = event.target.closest(".searched");
    if (!row) return;
    for (const each of row.firstElementChild.children) each.hidden = false;
    row.classList.remove("hidden", "searched");
    row.parentElement.querySelector(".col-result").classList.remove("collapsed");
  };
  const tellKeyboard = () => {
    for (const cell of document.querySelectorAll(`${ROW} ${KEY}`)) {
      const isClosed = cell.parentElement.querySelector(".col-result.collapsed") !== null;
      cell.tabIndex = 0;
      cell.role = "button";
      cell.ariaExpanded = String(!isClosed);
    }
  };
  const press = (event) => {
    if (!["Enter", " "].includes(event.key) || !event.target.matches?.(KEY)) return;
    event.preventDefault();
    const { id } = event.target.parentElement.dataset;
    event.target.click();
    tellKeyboard(); // the cell is a new one
    document.querySelector(`[data-id="${id}"] > .col-verdict`)?.focus();
  };
  const follow = () => {
    tellKeyboard();
    letBeFound();
    draw();
  };
  new MutationObserver(follow).observe(document.body, { childList: true });
  addEventListener("load", follow);
  addEventListener("keydown", press);
  document.addEventListener("beforematch", showFound);
})();
