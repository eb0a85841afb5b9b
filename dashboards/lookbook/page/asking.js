// A number of a ladder, clicked, becomes a requirement: the line to write into the study file. The page itself changes nothing.

/** The study file's line for requirements by LoRA, names quoted where YAML would read them otherwise. */
function requireLine(asked) {
  const named = (name) => (/^[A-Za-z_][\w-]*$/.test(name) ? name : JSON.stringify(name));
  return `require: {${Object.entries(asked).map(([name, least]) => `${named(name)}: ${least}`).join(", ")}}`;
}

/** Keeps what was clicked in one seed's ladders, the last of each LoRA. */
function askFrom(ladders) {
  const line = ladders.querySelector(".asked");
  const asked = {};
  ladders.addEventListener("click", ({ target }) => {
    const button = target.closest("button.ask");
    if (!button) return;
    const { lora, least } = button.dataset;
    asked[lora] = least;
    for (const other of ladders.querySelectorAll("button.ask")) {
      if (other.dataset.lora === lora) other.setAttribute("aria-pressed", String(other === button));
    }
    line.hidden = false;
    line.replaceChildren(said("Under search in study.yaml: "), Object.assign(document.createElement("code"), { textContent: requireLine(asked) }),
      said(". What is stored is then judged anew; nothing is drawn for it."));
  });
}
