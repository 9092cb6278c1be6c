import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { RULES } from "../../hardening/rules";
import { files, read, ROOT } from "./support";

const DOCUMENTS = [...files(".", /\.md$/), ...files("docs", /\.md$/, true)];

/** Names that look like a rule's and are AppArmor profiles or a stack's resources. */
const OTHER_NAMES = /^rampart-(api|frontend|worker|dev|staging|prod)(-|\.|$)/;
const RULE_IDS = new Set(RULES.map(({ id }) => id));

const headingAnchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .trim()
    .replaceAll(" ", "-");
const anchors = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => headingAnchor(heading));

/** A page that `npm run bench` writes. */
const AWAITED: readonly string[] = [];

describe.each(DOCUMENTS)("%s", (document) => {
  const text = read(document);

  it("names only rules that exist", () => {
    const named = [...text.matchAll(/`((?:cis|rampart)-[a-z0-9.-]+)`/g)].flatMap(([, name = ""]) =>
      OTHER_NAMES.test(name) ? [] : [name],
    );
    expect(named.filter((name) => !RULE_IDS.has(name))).toEqual([]);
  });

  it("links to files and headings that exist", () => {
    const prose = text.replace(/```[\s\S]*?```/g, "");
    const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^[a-z]+:/.test(target));
    const broken = targets.filter((target) => {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? document : normalize(join(dirname(document), path));
      if (AWAITED.includes(file) && !existsSync(join(ROOT, file))) return false;
      return !existsSync(join(ROOT, file)) || (anchor !== undefined && !anchors(read(file)).includes(anchor));
    });
    expect(broken).toEqual([]);
  });
});

it("proves each held statement of a baseline by something", () => {
  for (const document of files("docs/baselines", /\.md$/)) {
    const rows = read(document)
      .split("\n")
      .filter((line) => /\| held \|$/.test(line));
    expect(rows.length).toBeGreaterThan(10);
    for (const row of rows)
      expect(
        row
          .split("|")
          .slice(1, 4)
          .every((cell, index) => cell.trim() !== "" || (index > 0 && row.includes("see above"))),
      ).toBe(true);
  }
});
