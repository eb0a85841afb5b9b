// One question at a time, in the page's own dialog: a name, or the service's token.

/** What was typed, or null where a person left it. */
export function typed({ title, lead, label, ok, value = "", secret = false }) {
  const dialog = document.getElementById("asked");
  const field = document.getElementById("asked-value");
  for (const [id, words] of [["title", title], ["lead", lead], ["label", label], ["ok", ok]]) document.getElementById(`asked-${id}`).textContent = words;
  Object.assign(field, { value, type: secret ? "password" : "text", required: true });
  dialog.returnValue = "";
  dialog.showModal();
  field.select();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "ok" ? field.value.trim() : null), { once: true });
  });
}
