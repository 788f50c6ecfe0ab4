"use strict";
// Each phone posts what is typed and polls for what comes back, later replies included.
document.querySelectorAll(".phone").forEach((phone) => {
  const list = phone.querySelector(".messages");
  const form = phone.querySelector("form");
  let last = 0;
  let asking = false;

  async function refresh() {
    if (asking) return;
    asking = true;
    try {
      const query = new URLSearchParams({ address: phone.dataset.address, after: last });
      const answer = await fetch(`/simulator/messages?${query}`);
      for (const message of await answer.json()) {
        const item = document.createElement("li");
        item.className = message.who;
        item.append(message.text);
        const time = document.createElement("time");
        time.textContent = message.at;
        item.append(time);
        list.append(item);
        last = message.n;
        list.scrollTop = list.scrollHeight;
      }
    } catch (error) {
      // the gateway restarts; the next round finds it again
    } finally {
      asking = false;
    }
  }

  async function send(fields) {
    const body = new URLSearchParams({ address: phone.dataset.address, ...fields });
    const aes = phone.querySelector("[name=aes]");
    if (aes && aes.checked) body.set("aes", "1");
    const sent = fetch(`/simulator/${phone.dataset.channel}/send`, { method: "POST", body });
    setTimeout(refresh, 60);
    await sent;
    refresh();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = form.text.value;
    form.text.value = "";
    send({ text });
  });
  phone.querySelectorAll("[data-event]").forEach((button) =>
    button.addEventListener("click", () => send({ event: button.dataset.event })));
  const power = phone.querySelector("[name=power]");
  if (power) power.addEventListener("change", () => {
    const body = new URLSearchParams({ address: phone.dataset.address, on: power.checked ? "1" : "0" });
    fetch(`/simulator/${phone.dataset.channel}/power`, { method: "POST", body });
  });
  document.getElementById("new-people").addEventListener("click", () => {
    const number = Math.floor(Math.random() * 9e6) + 1e6;
    phone.dataset.address = phone.dataset.channel === "sms" ? `+8525${number}` : `sim-openid-${number}`;
    list.replaceChildren();
    if (power) power.checked = true;
    last = 0;
  });
  setInterval(refresh, 500);
});
