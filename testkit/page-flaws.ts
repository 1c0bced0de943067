/**
 * What a person would stumble over in a page and axe does not look for: text too small to read, targets too small to hit, a page that is
 * wider than its window, something that moves where a person wants no motion, something that the keyboard does not reach, or reaches
 * without showing where it is.
 */
import type { Page } from "playwright-core";

const TABS_MAX = 250;

/** A line each; nothing when all is well. */
export function findFlaws(page: Page): Promise<readonly string[]> {
  return page.evaluate<string[]>(FLAWS);
}

/** Runs in the page, whose names the compiler of this side does not know. */
const FLAWS = String.raw`(() => {
  const flaws = [];
  const name = (element) => {
    const text = (element.getAttribute("aria-label") ?? element.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 40);
    return element.tagName.toLowerCase() + "." + [...element.classList].join(".") + ' "' + text + '"';
  };
  const isSeen = (element) => {
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
    const { width, height } = element.getBoundingClientRect();
    return width > 1 && height > 1;
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
    const element = node.parentElement;
    if (element === null || node.textContent.trim() === "" || !isSeen(element)) continue;
    const size = Number.parseFloat(getComputedStyle(element).fontSize);
    if (size < 12) flaws.push("text of " + size + " px: " + name(element));
  }
  for (const element of document.querySelectorAll("a[href], button, input, select, textarea, summary, [role=button]")) {
    // What stands within a sentence is as high as its line, by the rule's own exception.
    if (!isSeen(element) || (element.tagName === "A" && getComputedStyle(element).display === "inline")) continue;
    const box = (element.closest("label") ?? element).getBoundingClientRect();
    const own = element.getBoundingClientRect();
    const [width, height] = [Math.max(box.width, own.width), Math.max(box.height, own.height)];
    if (Math.min(width, height) < 24) flaws.push("target of " + Math.round(width) + " × " + Math.round(height) + " px: " + name(element));
  }
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) flaws.push("the page is " + (root.scrollWidth - root.clientWidth) + " px wider than its window");
  for (const element of document.querySelectorAll("main, .page, .scroller, .rail, dialog[open]")) {
    if (!element.checkVisibility()) continue;
    const more = element.scrollWidth - element.clientWidth;
    if (more > 1) flaws.push(more + " px sideways in " + name(element).slice(0, 60));
    if (element.getBoundingClientRect().right > innerWidth + 1) flaws.push("beyond the window: " + name(element).slice(0, 60));
  }
  const lasts = (times) => times.split(",").some((time) => Number.parseFloat(time) > 0);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) for (const element of document.querySelectorAll("body *")) {
    const { animationName, animationDuration, transitionDuration } = getComputedStyle(element);
    if (lasts(transitionDuration) || (animationName !== "none" && lasts(animationDuration))) flaws.push("moves: " + name(element));
  }
  return flaws;
})()`;

interface Step { readonly index: number; readonly flaw: string | null }

/** Goes through the page with Tab alone, once round. */
export async function walkByKeyboard(page: Page): Promise<readonly string[]> {
  const names = await page.evaluate<string[]>(BEGIN);
  const reached = new Set<number>();
  const flaws: string[] = [];
  for (let tab = 0; tab < Math.min(TABS_MAX, names.length * 2 + 10) && reached.size < names.length; tab += 1) {
    await page.keyboard.press("Tab");
    const { index, flaw } = await page.evaluate<Step>(LOOK);
    if (index >= 0 && flaw !== null && !reached.has(index)) flaws.push(`${flaw}: ${names[index]}`);
    if (index >= 0) reached.add(index);
  }
  return [...flaws, ...names.flatMap((one, index) => (reached.has(index) ? [] : [`not reached by keyboard: ${one}`]))];
}

/** Numbers what the keyboard should reach, and puts the focus before all of it. */
const BEGIN = String.raw`(() => {
  for (const element of document.querySelectorAll("[data-walk]")) element.removeAttribute("data-walk");
  const groups = new Set();
  const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")].filter((element) => {
    if (element.disabled === true || !element.checkVisibility()) return false;
    // Within these the arrow keys go about, and one of them is reached for all.
    const isOneOfMany = element.closest("[role=tablist], [role=listbox], [role=menu], [role=toolbar], [role=grid], [role=tree]") !== null;
    if (element.tabIndex < 0 && (isOneOfMany || !element.matches("a[href], button, input, select, textarea, summary"))) return false;
    if (element.type !== "radio") return true;
    const isNew = !groups.has(element.name);
    groups.add(element.name);
    return isNew;
  });
  all.forEach((element, index) => element.setAttribute("data-walk", String(index)));
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
  return all.map((element) => element.tagName.toLowerCase() + "." + [...element.classList].join(".") + ' "'
    + (element.getAttribute("aria-label") ?? element.textContent ?? "").trim().slice(0, 40) + '"');
})()`;

const LOOK = String.raw`(() => {
  const element = document.activeElement;
  const index = Number(element?.dataset?.walk ?? -1);
  if (index < 0) return { index, flaw: null };
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  if (outlineStyle === "none" || Number.parseFloat(outlineWidth) < 1) return { index, flaw: "focus is not shown" };
  const box = element.getBoundingClientRect();
  const [left, right] = [Math.max(0, box.left), Math.min(innerWidth, box.right)];
  const [top, bottom] = [Math.max(0, box.top), Math.min(innerHeight, box.bottom)];
  if (right <= left || bottom <= top) return { index, flaw: "focus is out of the window" };
  const isBare = [[(left + right) / 2, (top + bottom) / 2], [left + 3, top + 3], [right - 3, bottom - 3]].some(([x, y]) => {
    const there = document.elementFromPoint(x, y);
    return there !== null && (element.contains(there) || there.contains(element));
  });
  return { index, flaw: isBare ? null : "focus is covered" };
})()`;
