// Elements in one line. Text is text: nothing that a file or a person wrote becomes HTML.

/** `make("p", { class: "soft", text: "..." }, child, ...)`; `on` maps events to functions, false and null attributes are left out. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "text") element.textContent = value;
    else if (key === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function button(label, listener, attributes = {}) {
  return make("button", { type: "button", text: label, on: { click: listener }, ...attributes });
}

/** An image in the look-book's frame, blurred until a person asks where it may show little clothing. */
export function frame(src, alt, { bare = false, size, eager = false, show, blur }) {
  const [width, height] = size ?? [];
  const image = make("img", { src, alt, width, height, loading: eager ? null : "lazy", decoding: "async" });
  const veil = make("label", { class: "veil" }, make("input", { type: "checkbox", "aria-label": show }),
    make("span", { class: "ask", text: show }), make("span", { class: "hide", text: blur }));
  return make("div", { class: bare ? "frame bare" : "frame" }, image, veil);
}
