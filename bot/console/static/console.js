"use strict";
// Live pages: one stream of events; each ring lets the fragments on the page fetch themselves anew (htmx).
const live = document.getElementById("live");
const where = document.body.dataset.live;

function listen() {
  const stream = new EventSource(where);
  stream.addEventListener("bell", () => {
    live.textContent = "live";
    live.className = "on";
    document.body.dispatchEvent(new CustomEvent("bell"));
  });
  stream.addEventListener("away", () => {
    live.textContent = "the store does not answer, trying again";
    live.className = "off";
  });
  stream.addEventListener("alarm", (event) => take(JSON.parse(event.data)));
  stream.onerror = () => {
    if (stream.readyState === EventSource.CLOSED) {
      live.textContent = "connection lost, trying again";
      live.className = "off";
      setTimeout(listen, 1000);
    }
  };
}
if (where) listen();

// Alarms: a short tone every three seconds and a number in the title, until somebody takes the case or is on it.
// The title names nobody. A browser may forbid sound before the first click; then a button asks for it.
const title = document.title;
const asks = document.getElementById("sound");
let alarm = { ring: false, count: 0, once: "", shown: "" };
let audio = null;
let next = 0;

function tone() {
  audio = audio || new AudioContext();
  if (asks) asks.hidden = audio.state === "running";
  if (audio.state !== "running") return audio.resume().then(() => { if (asks) asks.hidden = true; });
  const wave = audio.createOscillator();
  const loudness = audio.createGain();
  wave.frequency.value = 880;
  loudness.gain.setValueAtTime(0.25, audio.currentTime);
  loudness.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.4);
  wave.connect(loudness).connect(audio.destination);
  wave.start();
  wave.stop(audio.currentTime + 0.4);
}
function take(now) {
  const before = alarm;
  alarm = now;
  if (now.ring && !before.ring) ring();
  else if (now.once && now.once !== before.once) tone();
  if (now.shown !== before.shown) document.body.dispatchEvent(new CustomEvent("alarm"));
}
function ring() {
  clearTimeout(next);
  if (!alarm.ring) return;
  tone();
  next = setTimeout(ring, 3000);
}
setInterval(() => {
  const marked = alarm.ring && document.title === title;
  document.title = marked ? `(${alarm.count}) ${title}` : title;
}, 1000);
if (asks) document.getElementById("sound-on").addEventListener("click", tone);

// A message that was sent empties the box and gets a new operation id; one that was not stays to be sent again.
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.target.id === "write" && event.detail.successful) {
    event.target.text.value = "";
    event.target.op.value = crypto.getRandomValues(new Uint32Array(4)).join("-");
  }
});
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if ([409, 422].includes(event.detail.xhr.status)) event.detail.shouldSwap = true;
});

// While the platform's window is shut the box is, too; the words in it stay.
document.body.addEventListener("htmx:afterSettle", () => {
  const composer = document.getElementById("composer");
  if (composer) composer.disabled = document.querySelector("#window[data-shut]") !== null;
});

// Whatever else goes wrong is said in a sentence; the words stay in the box.
const trouble = document.getElementById("trouble");
function say(sentence) {
  if (!trouble) return;
  trouble.textContent = sentence;
  trouble.hidden = !sentence;
}
const SENTENCES = {
  401: "You are signed out. Sign in again in another tab, then send again.",
  403: "The page is too old. Load it again; copy your words first.",
};
document.body.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (![409, 422].includes(status)) say(SENTENCES[status] || "It did not work. Your words are still here: try again in a few seconds.");
});
document.body.addEventListener("htmx:sendError", () => say("No connection. Your words are still here: try again in a few seconds."));
document.body.addEventListener("htmx:afterOnLoad", (event) => {
  if (event.detail.successful !== false && event.detail.xhr.status < 400) say("");
});
const box = document.getElementById("text");
if (box) box.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) box.form.requestSubmit();
});

// Quick exit: Escape twice.
let escaped = 0;
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (Date.now() - escaped < 800) location.replace("about:blank");
  escaped = Date.now();
});
