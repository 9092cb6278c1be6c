import type { Verification } from "../verify";

/** A report that CI systems read: a test case for each check. @param tool the command that made the checks */
export function junit({ stack, checks }: Verification, tool = "rampart verify"): string {
  const count = (status: string): number => checks.filter((check) => check.status === status).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${escape(tool)}">`,
    `  <testsuite name="${escape(stack)}" tests="${checks.length}" failures="${count("fail")}" ` +
      `skipped="${count("skip")}">`,
    ...checks.flatMap(({ id, title, status, target, evidence }) => {
      const open = `    <testcase classname="${escape(id)}" name="${escape(`${target}: ${title}`)}"`;
      if (status === "fail") return [`${open}>`, `      <failure message="${escape(evidence)}"/>`, "    </testcase>"];
      if (status === "skip") return [`${open}>`, `      <skipped message="${escape(evidence)}"/>`, "    </testcase>"];
      return [`${open}>`, `      <system-out>${escape(evidence)}</system-out>`, "    </testcase>"];
    }),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

/** XML 1.0 has no form for most control characters. */
const escape = (text: string): string =>
  text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\n", "&#10;");
