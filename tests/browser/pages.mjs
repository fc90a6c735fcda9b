// SPDX-License-Identifier: Apache-2.0
// pages.mjs PLAN.json: opens pages in Chromium, takes their pictures, and prints what is wrong with them as JSON, a
// text for each finding. The plan: { chromium, axe, screens, pages: [{ name, url, modes, axe, is_share, links }] }:
// axe has the modes in which axe-core looks too, links how many links are followed,
// allowed the rules of axe-core that the page breaks on purpose.
import fs from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";

const MODES = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 } },
  narrow: { viewport: { width: 320, height: 640 } },
  // WCAG 2.2, 1.4.10: 1280 px at 400 %.
  zoomed: { viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 },
  print: { viewport: { width: 794, height: 1123 } },
};
const WISHES = {
  dark: { colorScheme: "dark" },
  forced: { forcedColors: "active" },
  still: { reducedMotion: "reduce" },
};

const plan = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const axe = fs.readFileSync(plan.axe, "utf8");
const findings = [];

// In the page. What no browser shows, and what a person would see at once.
function look(isShare) {
  const wrong = [];
  const root = document.scrollingElement;
  if (root.scrollWidth > root.clientWidth) wrong.push(`${root.scrollWidth} px wide in ${root.clientWidth}`);
  for (const element of document.body.querySelectorAll("*")) {
    const box = element.getBoundingClientRect();
    if (box.width > 0 && (box.right > root.clientWidth + 1 || box.left < -1)) {
      wrong.push(`<${element.localName} class="${element.getAttribute("class")}"> leaves the page`);
    }
    if (/^(h[1-6]|p|li|a|strong|time|figcaption|th|td|dt|dd)$/.test(element.localName) && element.textContent.trim() === "" &&
        !element.querySelector("svg")) {
      wrong.push(`<${element.localName}> is empty`);
    }
  }
  if (/[{}]|undefined|\(null\)/.test(document.body.innerText)) wrong.push("a place for a value is not filled");
  if (document.title === "" || document.querySelectorAll("h1").length !== 1) wrong.push("no title, or not one h1");
  if (document.scripts.length > 0 || document.querySelector("iframe,object,embed,form,base,[onload],[onerror]")) {
    wrong.push("there is something that could run");
  }
  const facts = document.querySelector(".f");
  if (isShare && innerHeight >= 600 && !(facts.getBoundingClientRect().bottom <= innerHeight)) {
    wrong.push("the facts are not on the first screen");
  }
  if (isShare && matchMedia("(prefers-reduced-motion: reduce)").matches && document.getAnimations().length > 0) {
    wrong.push("something moves");
  }
  return wrong;
}

// One tab of one mode; its pages come one after the other.
class Tab {
  async open(browser, mode) {
    const [size, ...wishes] = mode.split("+");
    const context = await browser.newContext(Object.assign({}, MODES[size], ...wishes.map((wish) => WISHES[wish])));
    this.mode = mode;
    this.page = await context.newPage();
    this.page.on("console", (message) => this.say(`console: ${message.text()}`));
    this.page.on("pageerror", (error) => this.say(`error: ${error}`));
    this.page.on("dialog", (dialog) => { this.say("a dialog"); dialog.dismiss(); });
    this.page.on("request", (request) => this.requests.push(request.url()));
    if (size === "print") await this.page.emulateMedia({ media: "print" });
    return this;
  }

  say(text) {
    findings.push(`${this.entry.name} ${this.mode}: ${text}`);
  }

  async examine(entry) {
    this.entry = entry;
    this.requests = [];
    await this.page.goto(entry.url);
    for (const text of await this.page.evaluate(look, entry.is_share)) this.say(text);
    const picture = `${entry.name}-${this.mode.replaceAll("+", "-")}.png`;
    await this.page.screenshot({ path: path.join(plan.screens, picture), fullPage: true });
    if (entry.axe.includes(this.mode)) await this.ask_axe();
    const others = this.requests.filter((url) => url !== entry.url.split("#")[0] && !url.endsWith("/favicon.ico"));
    if (others.length > 0) this.say(`asked for more than itself: ${others}`);
    if (this.page.url() !== entry.url) this.say(`the address became ${this.page.url()}`);
  }

  async ask_axe() {
    await this.page.evaluate(axe);
    const { violations } = await this.page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    for (const { id, nodes } of violations.filter((violation) => !(this.entry.allowed ?? []).includes(violation.id))) {
      this.say(`axe: ${id}: ${nodes[0].html.slice(0, 120)} ${nodes[0].failureSummary}`);
    }
  }
}

// Each link opens another tab and takes nothing along; the page and its address stay.
async function follow(context, entry) {
  const page = await context.newPage();
  const taken = [];
  await context.route(/^https:/, (route) => {
    taken.push(JSON.stringify([route.request().url(), route.request().headers().referer ?? ""]));
    return route.fulfill({ status: 200, contentType: "text/html", body: "<title>elsewhere</title>" });
  });
  await page.goto(entry.url);
  const links = await page.locator("a").all();
  for (const link of links) {
    const href = await link.getAttribute("href");
    const popup = context.waitForEvent("page");
    await link.click();
    const other = await popup;
    if (href.startsWith("https:")) await other.waitForLoadState();
    if (await other.evaluate(() => opener !== null || document.referrer !== "")) findings.push(`${href}: knows where it came from`);
    await other.close();
    if (page.url() !== entry.url) findings.push(`${href}: the address became ${page.url()}`);
  }
  const secret = entry.url.split("#")[1];
  for (const text of taken) if (text.includes(secret) || text.includes("/v1/m/")) findings.push(`${text} has the link`);
  if (links.length !== entry.links) findings.push(`${links.length} links, not ${entry.links}`);
  await page.close();
}

const browser = await chromium.launch({ executablePath: plan.chromium, args: ["--no-sandbox", "--disable-gpu"] });
const modes = [...new Set(plan.pages.flatMap((entry) => entry.modes))];
async function work() {
  for (let mode = modes.pop(); mode !== undefined; mode = modes.pop()) {
    const tab = await new Tab().open(browser, mode);
    for (const entry of plan.pages) if (entry.modes.includes(mode)) await tab.examine(entry);
    await tab.page.context().close();
  }
}
await Promise.all([work(), work()]);
for (const entry of plan.pages) if (entry.links) await follow(await browser.newContext(MODES.phone), entry);
await browser.close();
process.stdout.write(JSON.stringify(findings));
