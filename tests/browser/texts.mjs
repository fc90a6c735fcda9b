// SPDX-License-Identifier: Apache-2.0
// texts.mjs validate FILE...: prints what html-validate finds in pages, as JSON, a text for each finding.
// texts.mjs preview FILE...: prints what open-graph-scraper reads of pages, as JSON, an object for each file.
import fs from "node:fs";
import path from "node:path";
import { HtmlValidate, StaticConfigLoader } from "html-validate";
import ogs from "open-graph-scraper";

const [what, ...files] = process.argv.slice(2);

async function validate() {
  const loader = new StaticConfigLoader({ root: true, extends: ["html-validate:standard", "html-validate:a11y"],
    rules: { "heading-level": "error" } });
  const validator = new HtmlValidate(loader);
  const findings = [];
  for (const file of files) {
    const report = await validator.validateString(fs.readFileSync(file, "utf8"), path.basename(file));
    for (const { messages } of report.results) {
      for (const { ruleId, message, line, column } of messages) {
        findings.push(`${path.basename(file)}:${line}:${column}: ${ruleId}: ${message}`);
      }
    }
  }
  return findings;
}

async function preview() {
  const found = {};
  for (const file of files) {
    const { error, result } = await ogs({ html: fs.readFileSync(file, "utf8") });
    found[path.basename(file)] = error ? { error: String(result.error) } : result;
  }
  return found;
}

process.stdout.write(JSON.stringify(await (what === "validate" ? validate() : preview())));
