// Runs before anything is drawn, and before the page's own script is here: a page whose theme was chosen never shows the other one first,
// and a key that is pressed meanwhile is kept for the shortcuts.
{
  const KEPT_MAX = 32;
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset["theme"] = chosen;
  } catch {
    // A browser that keeps nothing: the system's theme it is.
  }
  const keys: KeyboardEvent[] = [];
  let isAsked = false;
  const keep = (event: KeyboardEvent): void => {
    isAsked ||= (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    if (isAsked) event.preventDefault(); // it is for the palette, not for the browser, nor for the box behind
    if (keys.push(event) > KEPT_MAX) keys.shift();
  };
  addEventListener("keydown", keep);
  Object.assign(globalThis, { takeEarlyKeys: () => {
    removeEventListener("keydown", keep);
    return keys;
  } });
}
