// SPDX-License-Identifier: Apache-2.0
// pages.mjs PLAN.json: opens pages in Chromium, takes their pictures, and prints what is wrong with them as JSON, a
// text for each finding. The plan: { chromium, axe, screens, pages: [{ name, url, ask, status, modes, axe, pictures,
// is_share, links, allowed, others }] }. ask: how the page is asked for, { method, headers, postData }; status: of the
// answer, 200 by default, and asked for again until it is 429 if that is expected; axe: the modes in which
// axe-core looks too; pictures: those of which a picture is kept; links: how many links are followed; allowed: the rules
// of axe-core that the page breaks on purpose; others: files with pages of the same policy, which take the place of
// this one in the mode "narrow". A page is loaded once, and its modes follow each other in the same tab: to load is what
// takes the time.
import fs from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";

const SIZES = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 390, height: 844 },
  narrow: { width: 320, height: 640 },
  // WCAG 2.2, 1.4.10: 1280 px at 400 %.
  zoomed: { width: 320, height: 256, deviceScaleFactor: 4 },
  print: { width: 794, height: 1123, media: "print" },
};
const WISHES = {
  dark: { colorScheme: "dark" },
  forced: { forcedColors: "active" },
  still: { reducedMotion: "reduce" },
};
const TABS = 2; // each of two cores has something to do while a tab waits

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
    const name = `<${element.localName} class="${element.getAttribute("class")}">`;
    if (box.width > 0 && (box.right > root.clientWidth + 1 || box.left < -1)) wrong.push(`${name} leaves the page`);
    const overflow = getComputedStyle(element).overflowX;
    if (element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1 && overflow !== "visible") {
      wrong.push(`${name} ${overflow === "auto" || overflow === "scroll" ? "scrolls" : "cuts its content"}`);
    }
    if (/^(h[1-6]|p|li|a|strong|time|figcaption|th|td|dt|dd)$/.test(element.localName) && element.textContent.trim() === "" &&
        !element.querySelector("svg")) {
      wrong.push(`${name} is empty`);
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

// In the page, which becomes the other one. The policy counts for its style, too.
function become(html) {
  const other = new DOMParser().parseFromString(html, "text/html");
  document.replaceChild(document.adoptNode(other.documentElement), document.documentElement);
}

class Tab {
  async open(browser) {
    const context = await browser.newContext({ viewport: null });
    this.page = await context.newPage();
    this.devtools = await context.newCDPSession(this.page);
    this.page.on("console", (message) => this.hear(message));
    this.page.on("pageerror", (error) => this.say(`error: ${error}`));
    this.page.on("dialog", (dialog) => { this.say("a dialog"); dialog.dismiss(); });
    this.page.on("request", (request) => this.requests.push(request.url()));
    return this;
  }

  say(text) {
    findings.push(`${this.entry.name} ${this.mode}: ${text}`);
  }

  // Chromium says so of each answer that is an error, also of a page.
  hear(message) {
    const [address] = this.entry.url.split("#");
    const isStatus = this.entry.status >= 400 && message.location().url.split("#")[0] === address &&
      message.text().startsWith(`Failed to load resource: the server responded with a status of ${this.entry.status} `);
    if (!isStatus) this.say(`console: ${message.text()}`);
  }

  async become(mode) {
    const [name, ...wishes] = mode.split("+");
    const { media = "screen", ...size } = SIZES[name];
    this.mode = mode;
    await this.resize(size);
    await this.page.emulateMedia(Object.assign({ media, colorScheme: "light", forcedColors: "none", reducedMotion: "no-preference" },
      ...wishes.map((wish) => WISHES[wish])));
  }

  async resize(size) {
    this.size = size;
    await this.devtools.send("Emulation.setDeviceMetricsOverride", { deviceScaleFactor: 1, mobile: false, ...size });
  }

  async load() {
    const { url, ask, status } = this.entry;
    const [address] = url.split("#");
    this.requests = [];
    if (ask) await this.page.route(address, (route) => route.continue({ ...ask, headers: { ...route.request().headers(), ...ask.headers } }));
    let answer = await this.page.goto(url);
    for (let i = 0; status === 429 && answer.status() !== status && i < 1000; i++) answer = await this.page.reload();
    if (answer.status() !== status) this.say(`the status is ${answer.status()}, not ${status}`);
    if (ask) await this.page.unroute(address);
    const others = this.requests.filter((other) => other !== address && !other.endsWith("/favicon.ico"));
    if (others.length > 0) this.say(`asked for more than itself: ${others}`);
  }

  async examine(entry) {
    this.entry = entry;
    await this.become(entry.modes[0]);
    await this.load();
    for (const mode of entry.modes) {
      await this.become(mode);
      for (const text of await this.page.evaluate(look, entry.is_share)) this.say(text);
      if (entry.axe.includes(mode)) await this.ask_axe();
      if (entry.pictures.includes(mode)) await this.picture();
    }
    if (this.page.url() !== entry.url) this.say(`the address became ${this.page.url()}`);
    if (entry.others.length > 0) await this.replace(entry.others);
  }

  async replace(files) {
    const pages = files.map((file) => ({ name: path.basename(file), html: fs.readFileSync(file, "utf8") }));
    await this.become("narrow");
    const found = await this.page.evaluate(`(() => {
      ${look}; ${become};
      return ${JSON.stringify(pages)}.map(({ name, html }) => { become(html); return [name, look(false)]; });
    })()`);
    for (const [name, texts] of found) for (const text of texts) findings.push(`${name} narrow: ${text}`);
  }

  // The viewport becomes as high as the page: a picture beyond the viewport has the wrong part of a page from right to left.
  async picture() {
    const height = await this.page.evaluate(() => document.documentElement.scrollHeight);
    await this.resize({ ...this.size, height });
    const { data } = await this.devtools.send("Page.captureScreenshot", { optimizeForSpeed: true });
    fs.writeFileSync(path.join(plan.screens, `${this.entry.name}-${this.mode.replaceAll("+", "-")}.png`), data, "base64");
  }

  async ask_axe() {
    if (!await this.page.evaluate(() => "axe" in window)) await this.page.evaluate(axe);
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
const pages = [...plan.pages];
async function work() {
  const tab = await new Tab().open(browser);
  for (let entry = pages.shift(); entry !== undefined; entry = pages.shift()) await tab.examine(entry);
  await tab.page.context().close();
}
await Promise.all(Array.from({ length: Math.min(TABS, pages.length) }, work));
for (const entry of plan.pages) if (entry.links) await follow(await browser.newContext({ viewport: SIZES.phone }), entry);
await browser.close();
process.stdout.write(JSON.stringify(findings));
