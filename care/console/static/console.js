/* What a page does without being asked again: it counts down, narrows letters, and tries wording. */
"use strict";

for (const clock of document.querySelectorAll("[data-until]")) {
  const ahead = Number(document.body.dataset.now) * 1000 - Date.now();
  const tell = () => {
    const left = Number(clock.dataset.until) * 1000 - Date.now() - ahead;
    const minutes = Math.floor(Math.abs(left) / 60000);
    const days = Math.floor(minutes / 1440);
    const words = days ? clock.dataset.days : clock.dataset.hours;
    const span = words
      .replace("{days}", days)
      .replace("{hours}", days ? Math.floor((minutes % 1440) / 60) : Math.floor(minutes / 60))
      .replace("{minutes}", minutes % 60);
    clock.textContent = (left < 0 ? clock.dataset.over : clock.dataset.left).replace("{span}", span);
    clock.classList.toggle("over", left < 0);
    clock.classList.toggle("soon", left >= 0 && minutes < 360);
  };
  tell();
  setInterval(tell, 30000);
}

for (const button of document.querySelectorAll("[data-set-width]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = button.closest("[data-width]");
    shown.dataset.width = button.dataset.setWidth;
    for (const one of shown.querySelectorAll("[data-set-width]")) {
      one.setAttribute("aria-pressed", String(one === button));
    }
  });
}

const draft = document.querySelector("form[data-try]");
if (draft) {
  const shown = document.getElementById(draft.dataset.shows);
  let waiting = 0;
  let asked = 0;
  const tryOut = async () => {
    const mine = ++asked;
    const answer = await fetch(draft.dataset.try, { method: "POST", body: new FormData(draft) });
    const text = await answer.text();
    if (mine === asked) {
      const page = new DOMParser().parseFromString(text, "text/html");
      const found = page.getElementById(draft.dataset.shows);
      if (found) shown.replaceChildren(...found.childNodes);
      else {
        const lost = document.createElement("p");
        lost.className = "note bad";
        lost.textContent = draft.dataset.lost;
        shown.replaceChildren(lost);
      }
      const frame = draft.querySelector("[data-frame]");
      if (frame && answer.ok) draft.requestSubmit(frame);
    }
  };
  draft.addEventListener("input", (event) => {
    if (!event.target.matches("textarea.source")) return;
    clearTimeout(waiting);
    waiting = setTimeout(tryOut, 600);
  });
}

/* A file that was chosen stays chosen when the page that checked it asks whether to take it. */
const check = document.querySelector("form[data-check]");
if (check) {
  check.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = check.querySelector("button");
    button.disabled = true;
    try {
      const answer = await fetch(check.action, { method: "POST", body: new FormData(check) });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const main = document.getElementById("main");
      const again = page.querySelector("[data-again]");
      if (!again) throw new Error("nothing to confirm");
      const chosen = check.querySelector("[type=file]").files;
      // Addresses on a page are relative to its own: those of the head stay, the body brings its own.
      for (const one of document.head.querySelectorAll("link")) one.href = one.href;
      history.pushState(null, "", check.action);
      addEventListener("popstate", () => location.reload(), { once: true });
      document.title = page.title;
      document.body.replaceWith(page.body);
      again.files = chosen;
      document.getElementById("main").focus();
    } catch {
      check.submit();
    }
  });
}
