import { existsSync, readdirSync } from "node:fs";
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
const withoutBlocks = (text: string): string => text.replace(/```[\s\S]*?```/g, "");
/** The anchors of a page's headings; a comment in a block of shell commands is no heading. */
const anchors = (text: string): string[] =>
  [...withoutBlocks(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => headingAnchor(heading));

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
    const targets = [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)]
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

/** Everything that may send people to a page: sources, scripts, stack files and pages, but for the examples below. */
const READ = [
  ...files(".", /\.(?:[cm]?[jt]s|sql|sh|ya?ml|md)$/),
  ...readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !["node_modules", "dist", ".git", ".rampart"].includes(entry.name))
    .flatMap(({ name }) => files(name, /\.(?:[cm]?[jt]s|sql|sh|ya?ml|md)$/, true)),
].filter((file) => file !== "test/examples/docs.test.ts");

/**
 * A page, and what may follow it: `docs/page.md#anchor`, `docs/page.md ("A heading")`, `docs/page.md (A heading)`. In
 * code the quotes may stand behind a backslash. Another page's own way to it (`../page.md`) is a link,
 * which is looked at above.
 */
const MENTION = /(?<![\w./-])docs\/[\w/.-]+\.md(?:#([\w-]+)|\s\(\\?"([^"\\]+)\\?"\)|\s\(([A-Z][^)]+)\))?/g;

/** What a text says of pages that is not so. */
function brokenMentions(text: string): string[] {
  return [...text.matchAll(MENTION)].flatMap(([mention, anchor, quoted, heading]) => {
    const page = mention.replace(/\.md.*/, ".md");
    if (!existsSync(join(ROOT, page))) return [`${page} does not exist`];
    const section = anchor ?? quoted ?? heading;
    if (section === undefined || anchors(read(page)).includes(headingAnchor(section))) return [];
    return [`${page} has no heading "${section}"`];
  });
}

describe("a page that a message, a comment or a test names", () => {
  it("exists, with the heading that is named", () => {
    const broken = READ.flatMap((file) => brokenMentions(read(file)).map((what) => `${file}: ${what}`));
    expect(broken).toEqual([]);
  });

  it.each([
    ["see docs/nowhere.md for more", ["docs/nowhere.md does not exist"]],
    ["docs/operations.md#no-such-heading", ['docs/operations.md has no heading "no-such-heading"']],
    ['docs/operations.md (\\"No such heading\\")', ['docs/operations.md has no heading "No such heading"']],
    ["docs/operations.md (No such heading)", ['docs/operations.md has no heading "No such heading"']],
    ["docs/operations.md#an-existing-directory-or-s3-gs-azblob-or-pulumi-cloud", [expect.anything()]],
    ['docs/operations.md ("Bring a stack up on a retained volume"), and docs/upgrades.md (the whole)', []],
  ])("is looked for: %s", (text, broken) => expect(brokenMentions(text)).toEqual(broken));
});

it("a page of a baseline proves each statement that it calls held", () => {
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
