// Shows what a shape of a picture stands for, at once and on touch, where a title does neither.
const tip = document.createElement("div");
tip.id = "tip";
tip.hidden = true;
document.body.append(tip);
for (const title of document.querySelectorAll("svg title")) {
  title.parentNode.dataset.told = title.textContent;
}
function show(event) {
  const told = event.target.dataset ? event.target.dataset.told : undefined;
  tip.hidden = !told;
  for (const title of event.target.querySelectorAll ? event.target.querySelectorAll("title") : []) {
    title.remove();
  }
  if (!told) return;
  tip.textContent = told;
  const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
  tip.style.left = Math.max(8, Math.min(event.pageX + 14, room + window.scrollX)) + "px";
  tip.style.top = event.pageY + 16 + "px";
}
document.addEventListener("pointermove", show);
document.addEventListener("pointerdown", show);
