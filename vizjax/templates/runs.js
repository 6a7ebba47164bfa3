"use strict";

// The page is whole without this: it adds switching, sliding and enlarging to what is there.

const MANY = 5; // more versions are stepped through by a slider

const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

const radio = (name, text, checked, chosen) => {
  const input = element("input", { type: "radio", name, checked });
  input.addEventListener("change", chosen);
  return element("label", {}, input, element("span", { textContent: text }));
};

const show = (versions, view, shown) => {
  versions.dataset.view = view;
  for (const one of versions.children) one.classList.toggle("shown", one === shown);
};

const wipe = (first, second) => {
  const stage = element("div", { className: "wipe" });
  for (const one of [first, second]) stage.append(one.querySelector("img").cloneNode());
  const input = element("input", { type: "range", min: 0, max: 100, value: 50 });
  const moved = () => {
    stage.style.setProperty("--cut", `${input.value}%`);
    input.setAttribute("aria-valuetext", `${input.value} % ${first.dataset.run}`);
  };
  input.setAttribute("aria-label", `How much of ${first.dataset.run} is seen, from the left`);
  input.addEventListener("input", moved);
  moved();
  stage.append(input);
  const ends = [first, second].map((one) => element("span", { textContent: one.dataset.run }));
  return element("div", { className: "sliding", hidden: true }, stage, element("p", { className: "ends" }, ...ends));
};

const alike = (all) => {
  const sizes = all.map((one) => one.querySelector("img")).map((i) => i && `${i.width}x${i.height}`);
  return sizes[0] && new Set(sizes).size === 1;
};

const stepper = (versions, all) => {
  const input = element("input", { type: "range", min: 1, max: all.length, value: 1 });
  const output = element("output");
  const moved = () => {
    const one = all[input.value - 1];
    show(versions, "one", one);
    output.value = `${one.dataset.run} (${input.value} of ${all.length})`;
    input.setAttribute("aria-valuetext", one.dataset.run);
  };
  input.setAttribute("aria-label", "Which run");
  input.addEventListener("input", moved);
  return { steps: element("div", { className: "step" }, input, output), moved };
};

// How the versions of one figure or table are seen: one, another, on each other, side by side.
const offer = (versions, number) => {
  const all = [...versions.children];
  const name = `view-${number}`;
  const legend = element("legend", { textContent: `${versions.dataset.title}: which to show` });
  const fieldset = element("fieldset", { className: "switch" }, legend);
  const views = element("span", { className: "views" });
  versions.before(fieldset);
  if (all.length > MANY) {
    const { steps, moved } = stepper(versions, all);
    fieldset.after(steps);
    fieldset.append(radio(name, "one by one", true, () => ((steps.hidden = false), moved())));
    views.append(radio(name, "side by side", false, () => ((steps.hidden = true), show(versions, "all"))));
    moved();
  } else {
    const pair = all.length === 2 && alike(all) ? wipe(...all) : null;
    const to = (view, one) => () => {
      if (pair) pair.hidden = view !== "slider";
      show(versions, view, one);
    };
    all.forEach((one, index) => fieldset.append(radio(name, one.dataset.run, !index, to("one", one))));
    if (pair) {
      fieldset.after(pair);
      views.append(radio(name, "slider", false, to("slider")));
    }
    views.append(radio(name, "side by side", false, to("all")));
    to("one", all[0])();
  }
  fieldset.append(views);
};

// A picture on the whole screen; the versions of one figure follow each other there.
const viewer = (() => {
  const title = element("strong");
  const stage = element("div", { className: "stage", tabIndex: 0 });
  const caption = element("p", { className: "caption" });
  const button = (textContent) => element("button", { type: "button", textContent });
  const [back, on, actual, close] = ["previous", "next", "actual size", "close"].map(button);
  const bar = element("div", { className: "bar" }, title, back, on, actual, close);
  const dialog = element("dialog", { className: "viewer" }, bar, stage, caption);
  dialog.setAttribute("aria-label", "Enlarged picture");
  let pictures = [];
  let at = 0;

  const size = (real) => {
    stage.classList.toggle("actual", real);
    actual.setAttribute("aria-pressed", real);
  };
  const go = (to) => {
    at = (to + pictures.length) % pictures.length;
    const picture = pictures[at];
    const said = picture.closest("figure").querySelector("figcaption");
    const common = picture.closest(".exhibit").querySelector(".caption");
    title.textContent = picture.alt;
    caption.textContent = (said || common || { textContent: "" }).textContent;
    stage.replaceChildren(picture.cloneNode());
    back.hidden = on.hidden = pictures.length < 2;
  };
  back.addEventListener("click", () => go(at - 1));
  on.addEventListener("click", () => go(at + 1));
  actual.addEventListener("click", () => size(!stage.classList.contains("actual")));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || pictures.length < 2 || stage.classList.contains("actual")) return;
    event.preventDefault();
    go(at + step);
  });
  document.body.append(dialog);

  return (picture) => {
    pictures = [...picture.closest(".versions").querySelectorAll(".version img")];
    go(pictures.indexOf(picture));
    dialog.showModal();
    const { naturalWidth: wide, naturalHeight: high } = picture;
    const fitted = Math.min(stage.clientWidth, (stage.clientHeight * wide) / high);
    size(wide > fitted && fitted < 1.25 * picture.width);
    close.focus();
  };
})();

for (const picture of document.querySelectorAll(".version img")) {
  const button = element("button", { type: "button", className: "enlarge" });
  picture.before(button);
  button.append(picture);
  button.setAttribute("aria-haspopup", "dialog");
  button.addEventListener("click", () => viewer(picture));
}
document.querySelectorAll(".versions:not(.single)").forEach(offer);
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
