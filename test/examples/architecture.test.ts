import { COMMANDS } from "../../commands/rampart";
import { files, read } from "./support";

const PAGE = read("docs/architecture.md");
const { scripts } = JSON.parse(read("package.json")) as { scripts: Readonly<Record<string, string>> };

describe("docs/architecture.md", () => {
  it("lists every component with its type token, and no other", () => {
    const declared = files("components", /\.ts$/).flatMap((file) =>
      [...read(file).matchAll(/super\("(rampart:\w+:\w+)"/g)].map(([, token = ""]) => token),
    );
    const listed = [...PAGE.matchAll(/`(rampart:\w+:\w+)`/g)].map(([, token = ""]) => token);
    expect(listed.sort()).toEqual(declared.sort());
  });

  it("lists the hooks by the ends of their names", () => {
    const declared = [...files("engine", /\.ts$/), ...files("resources", /\.ts$/)].flatMap((file) =>
      [
        ...read(file).matchAll(/(?:new pulumi\.\w+Hook|leftoversHook)\(\s*`\$\{[^}]+\}-(?:\$\{[^}]+\}-)?([a-z-]+)`/g),
      ].map(([, name = ""]) => name),
    );
    expect(declared.length).toBeGreaterThan(10);
    expect(declared.filter((name) => !PAGE.includes(`-${name}\``))).toEqual([]);
  });

  it("lists every command and its file, and no other", () => {
    expect(files("commands", /\.ts$/).filter((file) => !PAGE.includes(`\`${file}\``))).toEqual([]);
    const listed = [...PAGE.matchAll(/^\| `(?:npx rampart|npm) ([a-z -]+)` \| `commands\/([a-z-]+)\.ts` \|/gm)];
    expect(listed.filter(([, name = "", file]) => name.replace(" ", "-") !== file)).toEqual([]);
    expect(listed.map(([, name]) => name).sort()).toEqual(COMMANDS.map(({ name }) => name).sort());
  });

  it("is right that an npm script of a command's name is an alias", () => {
    const aliases = COMMANDS.map(({ name }) => name).filter(
      // `npm run backup repair` is the script `backup`.
      (name) => !["apparmor", "apparmor install", "init", "backup repair"].includes(name),
    );
    expect(aliases.map((name) => scripts[name])).toEqual(aliases.map((name) => `node bin/rampart.cjs ${name}`));
  });

  it("lists every room", () => {
    const rooms = new Set(
      ["config", "hardening"]
        .flatMap((root) => files(root, /\.ts$/, true))
        .map((file) => file.replace(/\/[^/]*$/, "/")),
    );
    rooms.delete("hardening/");
    rooms.delete("hardening/confinement/seccomp/");
    expect([...rooms].filter((room) => !PAGE.includes(`\`${room}\``))).toEqual([]);
  });

  it("says of each decision in which file and under which name it stands", () => {
    const [, table = ""] = /## Where is … decided\?\n([^]*?)\n## /.exec(PAGE) ?? [];
    const rows = table.split("\n").filter((line) => /^\| [^-q]/.test(line));
    expect(rows.length).toBeGreaterThanOrEqual(20);
    const wrong = rows.flatMap((row) => {
      const [, , file = "", names = ""] = row.split("|").map((cell) => cell.trim());
      const text = read(file.replaceAll("`", ""));
      return [...names.matchAll(/`([^`]+)`/g)].flatMap(([, name = ""]) =>
        text.includes(name) ? [] : [`${file}: ${name}`],
      );
    });
    expect(wrong).toEqual([]);
  });
});
