// What a person asked for, done: a refusal becomes a sentence, at the top of the page by default, and a lost token is asked for.

import { ask, keepToken, Problem } from "./ask.js";
import { typed } from "./asked.js";
import { language, speak, text } from "./texts.js";

const at = (id) => document.getElementById(id);

/** The answer of `work`; null where it was refused: `onRefusal` is given the line. */
export async function doing(work, onRefusal = showAtTop) {
  at("fault").hidden = true;
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status === 401 && (await askToken(error.message))) return doing(work, onRefusal);
    onRefusal(error.message || text("away"));
    return null;
  }
}

function showAtTop(line) {
  at("fault").textContent = line;
  at("fault").hidden = false;
  at("fault").scrollIntoView({ block: "nearest" });
}

async function askToken(lead) {
  const token = await typed({ title: text("token"), lead, label: text("tokenLabel"), ok: text("open"), secret: true });
  if (!token) return false;
  keepToken(token);
  await ask("POST", "api/session").catch(() => null);
  return true;
}

/** The button that switches the language in place; `onSwitch` draws what the page does not name itself. */
export async function speakBoth(onSwitch) {
  const show = () => {
    const other = language() === "zh" ? ["English", "en"] : ["中文", "zh-Hans"];
    [at("language").textContent, at("language").lang] = other;
  };
  at("language").addEventListener("click", async () => {
    await speak(language() === "zh" ? "en" : "zh");
    show();
    await onSwitch();
  });
  await speak(language());
  show();
}
