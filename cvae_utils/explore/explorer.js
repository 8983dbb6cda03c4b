// The page's side of the explorers. It draws the controls, sends what they are moved to, and shows what the kernel
// makes of it. Native controls, because a screen reader knows them.

const STEP = 0.1;
const ARROWS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
let views = 0;

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// JupyterLab takes the arrow keys from a control without this attribute.
function control(tag, attributes, ...children) {
  return element(tag, { "data-lm-suppress-shortcuts": "true", ...attributes }, ...children);
}

function dataUrl(view) {
  let text = "";
  for (const byte of new Uint8Array(view.buffer, view.byteOffset, view.byteLength)) text += String.fromCharCode(byte);
  return `data:image/png;base64,${btoa(text)}`;
}

const toStep = (value, furthest) => {
  const within = Math.min(Math.max(value, -furthest), furthest);
  return Math.round(within / STEP) * STEP;
};

const inWords = value => (Math.round(value * 10) / 10 + 0).toFixed(1);

// Sends one message at a time. What is moved before its answer is kept, the newest value only, and sent after it.
function messenger(model, view, onBusy, onIdle) {
  let number = 0;
  let waiting = false;
  let next = null;

  function post() {
    waiting = true;
    onBusy();
    number += 1;
    model.send({ view, number, ...next });
    next = null;
  }

  function answered(message) {
    if (message.view !== view || message.answered !== number) return;
    waiting = false;
    if (next) post();
    else onIdle();
  }

  model.on("msg:custom", answered);
  return {
    move(values) {
      next = { ...(next?.button ? null : next), ...values };
      if (!waiting) post();
    },
    press(button) {
      next = { button };
      if (!waiting) post();
    },
    idle: () => !waiting,
    stop: () => model.off("msg:custom", answered),
  };
}

// Each part below returns its element, and `sync`, which brings it up to date with the kernel.

function sliders(model, id, state, move) {
  const rows = model.get("z").map((_, i) => {
    const furthest = model.get("furthest");
    const slider = control("input", {
      type: "range", id: `${id}-z${i}`, min: -furthest, max: furthest, step: STEP,
    });
    const value = element("output", { for: slider.id });
    slider.addEventListener("input", () => {
      const z = [...state.z];
      z[i] = Number(slider.value);
      move({ z });
    });
    const sync = () => {
      slider.value = state.z[i];
      value.textContent = inWords(state.z[i]);
    };
    const name = element("label", { for: slider.id }, `z${i + 1}`);
    return { el: element("div", { class: "cvae-slider" }, name, slider, value), sync };
  });
  return {
    el: element("div", { class: "cvae-sliders" }, ...rows.map(row => row.el)),
    sync: () => rows.forEach(row => row.sync()),
  };
}

function labelButtons(model, id, state, move) {
  const texts = model.get("label_texts");
  const radios = texts.map((_, label) => {
    const radio = control("input", { type: "radio", name: `${id}-label`, value: label });
    radio.addEventListener("change", () => move({ label }));
    return radio;
  });
  const buttons = radios.map((radio, label) => element("label", {}, radio, element("span", {}, texts[label])));
  return {
    el: element("fieldset", { class: "cvae-labels" }, element("legend", {}, model.get("label_legend")), ...buttons),
    sync: () => radios.forEach((radio, label) => { radio.checked = label === state.label; }),
  };
}

function imageChooser(model, id, state, move) {
  const last = model.get("n_images") - 1;
  const input = control("input", { type: "number", id: `${id}-image`, min: 0, max: last, step: 1 });
  input.addEventListener("input", () => {
    if (input.value !== "" && input.checkValidity()) move({ image: Number(input.value) });
  });
  const name = element("label", { for: input.id }, `test image, 0 to ${last}`);
  return {
    el: element("div", { class: "cvae-chooser" }, name, input),
    sync: () => { if (Number(input.value) !== state.image || input.value === "") input.value = state.image; },
  };
}

// The style grid: n images along each side, the outermost ones centred on the ends of the latent dimensions.
function pad(model, id, state, move) {
  const n = model.get("grid_side");
  const furthest = model.get("furthest");
  const flat = model.get("z").length === 1;
  const picture = element("img", { draggable: "false" });
  const marker = element("div", { class: "cvae-marker" });
  const names = flat ? "z1: left and right arrow keys" : "z1 and z2: arrow keys";
  const area = control("div", {
    class: "cvae-pad", tabindex: 0, role: "application", "aria-describedby": `${id}-readout`,
    "aria-label": `The style grid, ${names} move the point`,
  }, picture, marker);
  const axis = element("div", { class: "cvae-axis" },
    element("span", {}, inWords(-furthest)), element("span", {}, "z1 →"), element("span", {}, inWords(furthest)));
  const upright = element("div", { class: "cvae-axis cvae-upright" },
    element("span", {}, inWords(furthest)), element("span", {}, "z2 ↑"), element("span", {}, inWords(-furthest)));

  const goTo = (z1, z2) => {
    const z = [...state.z];
    z[0] = toStep(z1, furthest);
    if (!flat) z[1] = toStep(z2, furthest);
    move({ z });
  };
  const share = value => ((Math.min(Math.max(value / furthest, -1), 1) + 1) / 2 * (n - 1) + 0.5) / n;
  const value = part => ((part * n - 0.5) / (n - 1) * 2 - 1) * furthest;
  const point = event => {
    const box = picture.getBoundingClientRect();
    goTo(value((event.clientX - box.left) / box.width), -value((event.clientY - box.top) / box.height));
  };

  area.addEventListener("keydown", event => {
    if (!(event.key in ARROWS) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault(); // or the page would scroll
    const [right, up] = ARROWS[event.key];
    goTo(state.z[0] + right, (state.z[1] ?? 0) + up);
  });
  area.addEventListener("pointerdown", event => {
    area.setPointerCapture(event.pointerId);
    point(event);
  });
  area.addEventListener("pointermove", event => { if (area.hasPointerCapture(event.pointerId)) point(event); });

  const show = () => {
    picture.alt = model.get("grid_readout");
    picture.src = dataUrl(model.get("grid"));
  };
  return {
    el: element("div", { class: "cvae-grid" }, ...(flat ? [] : [upright]), area, axis),
    sync: () => {
      marker.style.left = `${100 * share(state.z[0])}%`;
      marker.style.top = flat ? "50%" : `${100 * share(-state.z[1])}%`;
    },
    shows: { "change:grid": show, "change:grid_readout": show },
  };
}

function shownPicture(model, pngName, readoutName, width, caption) {
  const picture = element("img", { class: "cvae-picture", width });
  const show = () => {
    picture.alt = model.get(readoutName);
    picture.src = dataUrl(model.get(pngName));
  };
  const figure = element("figure", {}, picture, ...(caption ? [element("figcaption", {}, caption)] : []));
  return { el: figure, picture, sync() {}, shows: { [`change:${pngName}`]: show, [`change:${readoutName}`]: show } };
}

function shownText(model, name, attributes) {
  const el = element("p", attributes);
  const show = () => { el.textContent = model.get(name); };
  return { el, sync() {}, shows: { [`change:${name}`]: show } };
}

// Downloads a picture at the size at which the page shows it.
function save(picture, name) {
  const canvas = element("canvas", {
    width: picture.width, height: Math.round(picture.naturalHeight * picture.width / picture.naturalWidth),
  });
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  element("a", { href: canvas.toDataURL("image/png"), download: name }).click();
}

function button(text, pressed) {
  const made = control("button", { type: "button" }, text);
  made.addEventListener("click", pressed);
  return made;
}

function render({ model, el }) {
  views += 1;
  const view = `${views}-${Math.random().toString(36).slice(2)}`;
  const id = `cvae-${view}`;
  const state = {};
  const parts = [];
  const syncControls = () => parts.forEach(part => part.sync());

  // While the hand is ahead of the kernel, the controls stay where the hand has put them.
  const followKernel = () => {
    if (!messages.idle()) return;
    for (const name of ["z", "label", "image"]) state[name] = model.get(name);
    syncControls();
  };
  const explorer = element("div", { class: "cvae-explorer", role: "group", "aria-label": model.get("heading") });
  const busy = () => explorer.setAttribute("aria-busy", "true");
  const idle = () => {
    explorer.setAttribute("aria-busy", "false");
    followKernel();
  };
  const messages = messenger(model, view, busy, idle);
  const move = values => {
    Object.assign(state, values);
    syncControls();
    messages.move(values);
  };

  const width = model.get("picture_width");
  const picture = shownPicture(model, "picture", "readout", width, model.get("picture_caption"));
  const original = model.get("n_images")
    ? [shownPicture(model, "original", "original_readout", width, model.get("original_caption"))] : [];
  const moved = [
    ...(model.get("n_images") ? [imageChooser(model, id, state, move)] : []),
    ...(model.get("n_classes") ? [labelButtons(model, id, state, move)] : []),
    sliders(model, id, state, move),
  ];
  const grid = model.get("grid_side") ? [pad(model, id, state, move)] : [];
  const readout = shownText(model, "readout", { class: "cvae-readout", id: `${id}-readout`, "aria-live": "polite" });
  const error = shownText(model, "error", { class: "cvae-error", role: "alert" });
  parts.push(...grid, ...original, picture, ...moved, readout, error);

  const buttons = element("div", { class: "cvae-buttons" },
    button("Reset", () => messages.press("reset")),
    button(model.get("random_button"), () => messages.press("random")),
    button("Save picture", () => save(picture.picture, `${model.get("heading").toLowerCase().replaceAll(" ", "_")}.png`)),
  );
  const inside = list => list.map(part => part.el);
  const controls = element("div", { class: "cvae-controls" }, ...inside(moved), buttons);
  const row = element("div", { class: "cvae-row" }, ...inside(grid), controls, ...inside(original));
  (grid.length ? controls : row).append(picture.el); // in either case beside the control that is moved most
  explorer.append(row, readout.el, error.el);
  el.append(explorer);

  const listeners = [
    ...parts.flatMap(part => Object.entries(part.shows ?? {})),
    ...["z", "label", "image"].map(name => [`change:${name}`, followKernel]),
  ];
  for (const [event, listener] of listeners) {
    model.on(event, listener);
    listener();
  }
  return () => {
    messages.stop();
    for (const [event, listener] of listeners) model.off(event, listener);
  };
}

export default { render };
