// Runs before anything is drawn, so that a page whose theme was chosen never shows the other one first.
{
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset["theme"] = chosen;
  } catch {
    // A browser that keeps nothing: the system's theme it is.
  }
}
