"use strict";
(() => {
  const main = document.querySelector("main"), told = document.getElementById("told"), stop = document.getElementById("stop");
  const seconds = Number(main.dataset.refresh || 0);
  const focusable = (box) => [...box.querySelectorAll("a[href],button,input,select,textarea,summary,[tabindex]")];
  /* A part is replaced only if it changed, and what a person opened, scrolled to or stands on stays so. */
  const replace = (part, fresh) => {
    if (part.innerHTML === fresh.innerHTML) return;
    const opened = [...part.querySelectorAll("details")].map((box) => box.open);
    const scrolled = [...part.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
    const at = focusable(part).indexOf(document.activeElement);
    part.innerHTML = fresh.innerHTML;
    part.querySelectorAll("details").forEach((box, i) => { box.open = opened[i] ?? box.open; });
    part.querySelectorAll(".scroll").forEach((box, i) => { box.scrollLeft = scrolled[i] || 0; });
    if (at >= 0) focusable(part)[at]?.focus({ preventScroll: true });
  };
  const load = async (address) => {
    const answer = await fetch(address, { headers: { accept: "text/html" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const text = await answer.text();
    /* The rest has a style of its own, which this page's policy would refuse. */
    const part = text.slice(text.indexOf("<main"), text.indexOf("</main>") + 7);
    const fresh = new DOMParser().parseFromString(part, "text/html").querySelector("main");
    const ids = (box) => [...box.children].map((part) => part.id).join(" ");
    if (ids(main) === ids(fresh)) [...main.children].forEach((part, i) => replace(part, fresh.children[i]));
    else main.innerHTML = fresh.innerHTML;
    return fresh;
  };
  const say = (words) => { if (told.textContent !== words) told.textContent = words; };
  if (seconds && stop) {
    let paused = false, busy = false, spoken = Date.now();
    const beat = async () => {
      if (paused || busy || document.hidden || String(getSelection())) return;
      busy = true;
      try {
        const fresh = await load(location.href);
        main.classList.remove("stale");
        /* Read aloud once a minute at most. */
        if (Date.now() - spoken > 60000 || told.dataset.lost) { spoken = Date.now(); delete told.dataset.lost; say(fresh.dataset.told || ""); }
      } catch {
        main.classList.add("stale"); told.dataset.lost = "1"; say(main.dataset.lost);
      }
      busy = false;
    };
    stop.hidden = false;
    stop.addEventListener("click", () => {
      paused = !paused;
      stop.setAttribute("aria-pressed", String(paused));
      if (!paused) beat();
    });
    document.addEventListener("visibilitychange", beat);
    setInterval(beat, seconds * 1000);
  }
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form || form.dataset.live === undefined) return;
    clearTimeout(form.wait);
    form.wait = setTimeout(async () => {
      const address = form.getAttribute("action") + "?" + new URLSearchParams(new FormData(form));
      try { await load(address); history.replaceState(null, "", address); } catch { form.submit(); }
    }, 150);
  });
})();
