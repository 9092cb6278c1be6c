import {
  cpSync,
  existsSync,
  mkdtempSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { backupScripts } from "../../hardening/backup/workloads";
import { rampart } from "../commands/support";
import { once } from "../components/support";
import { node, read, ROOT, type Output } from "../examples/support";

const MANIFEST = JSON.parse(read("package.json")) as {
  bin: Record<string, string>;
  dependencies: Record<string, string>;
  exports: Record<string, { types: string; default: string } | string>;
  scripts: { build: string };
};
const DOCUMENTS = ["CHANGELOG.md", "LICENSE", "NOTICE", "README.md", "SECURITY.md"];

/** The scripts and the SQL below a directory of the repository. */
const filesOf = (directory: string): string[] =>
  readdirSync(join(ROOT, directory), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(sh|sql)$/.test(path))
    .map((path) => join(directory, path));

const tool = (path: string): string => join(ROOT, "node_modules", path);
/** The compilers take two seconds each of a quiet machine, and much longer of a busy one. */
const PATIENCE_MS = 180_000;

const temporary = mkdtempSync(join(tmpdir(), "rampart-package-"));
/** A project that has the package installed, and of what it needs only what it declares. */
const consumer = join(temporary, "consumer");
const modules = join(consumer, "node_modules");
const built = join(modules, "rampart");

/** What each step of `npm run build` said. */
const build: Output[] = [];

/**
 * The programs of the build, with what lets them write elsewhere; types are checked by `npm run check`, and here only
 * written, by one thread: several would each work out the same types.
 */
const PROGRAMS: Readonly<Record<string, (args: readonly string[]) => string[]>> = {
  "node_modules/@typescript/native/bin/tsc": (args) => [
    ...args,
    "--noCheck",
    "--singleThreaded",
    "--outDir",
    join(built, "dist"),
  ],
  "scripts/copy-files.mjs": (args) => [...args, join(built, "dist")],
};

/** What makes the compiled rules a policy pack. */
const POLICY = ["policy/PulumiPolicy.yaml", "policy/load.cjs", "policy/package.json"];

beforeAll(async () => {
  // The compiler ends before its garbage is worth collecting (scripts/check.mjs).
  process.env["GOGC"] ??= "off";
  mkdirSync(built, { recursive: true });
  for (const step of MANIFEST.scripts.build.split(" && ")) {
    const [runtime, program = "", ...args] = step.split(" ");
    const complete = PROGRAMS[program];
    if (runtime !== "node" || complete === undefined)
      throw new Error(`this test does not know the build's step: ${step}`);
    build.push(await node([program, ...complete(args)]));
  }
  for (const name of ["package.json", "bin", "policy", ...DOCUMENTS])
    cpSync(join(ROOT, name), join(built, name), { recursive: true });
  // What must stay out, were `files` to let it in.
  for (const name of ["Pulumi.dev.yaml", "index.ts"]) cpSync(join(ROOT, name), join(built, name));
  for (const name of Object.keys(MANIFEST.dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(tool(name), join(modules, name));
  }
  writeFileSync(join(consumer, "package.json"), JSON.stringify({ name: "consumer", private: true }));
}, PATIENCE_MS);

afterAll(() => rmSync(temporary, { recursive: true, force: true }));

it("the package builds", () => {
  expect(build.map(({ stdout, stderr, code }) => [stdout, stderr, code])).toEqual(build.map(() => ["", "", 0]));
});

it("the package holds the compiled library and its documents, and nothing else", async () => {
  // npm's own entry point, so that no shell and no path decides which npm runs; its scripts would build a second time.
  const npm = [
    join(process.execPath, "../../lib/node_modules/npm/bin/npm-cli.js"),
    join(process.execPath, "../../share/nodejs/npm/bin/npm-cli.js"),
    process.env["npm_execpath"] ?? "",
  ].find((path) => path !== "" && existsSync(path));
  if (npm === undefined) throw new Error("npm's own program was not found beside node; run the tests by `npm test`");
  const { stdout } = await node([npm, "pack", "--dry-run", "--json", "--ignore-scripts"], built);
  const [packed] = JSON.parse(stdout) as { files: { path: string }[]; unpackedSize: number }[];
  const paths = packed?.files.map(({ path }) => path) ?? [];
  expect(paths.filter((path) => !path.startsWith("dist/")).sort()).toEqual(
    [...DOCUMENTS, "bin/lazy-properties.cjs", "bin/lazy-sdk.cjs", "bin/rampart.cjs", ...POLICY, "package.json"].sort(),
  );
  expect(paths).toContain("dist/hardening/confinement/seccomp/moby-default.json");
  expect(paths.filter((path) => /\.(sh|sql)$/.test(path)).sort()).toEqual(
    [...filesOf("hardening"), ...filesOf("verify")].map((path) => `dist/${path}`).sort(),
  );
  expect(
    paths.filter(
      (path) =>
        path.startsWith("dist/") &&
        !/^dist\/(commands|policy|verify)\/.+\.js$/.test(path) &&
        !/^dist\/verify\/.+\.sh$/.test(path) &&
        !/^dist\/(components|config|engine|hardening|plan|resources)\/.+(\.js|\.d\.ts|\.lua|\.sh|\.sql|\.yml)$/.test(
          path,
        ) &&
        path !== "dist/hardening/confinement/seccomp/moby-default.json" &&
        path !== "dist/hardening/confinement/seccomp/recordings.json",
    ),
  ).toEqual([]);
  expect(packed?.unpackedSize).toBeLessThan(4 * 1024 * 1024);
}, 30_000);

/** The entries that package.json exports, by the names under which a consumer requires them. */
const ENTRIES = Object.entries(MANIFEST.exports).flatMap(([name, target]) =>
  typeof target === "string" ? [] : [{ name: name.replace(/^\./, "rampart"), target }],
);

/** The examples of docs/library.md, compiled in the consumer's project, which resolves as Node.js does. */
const compiled = once(async () => {
  const examples = [...read("docs/library.md").matchAll(/^```ts example\n([\s\S]*?)^```$/gm)].map(
    ([, code = ""]) => code,
  );
  expect(examples).toHaveLength(3);
  examples.forEach((code, index) => writeFileSync(join(consumer, `example${index}.ts`), code));
  writeFileSync(
    join(consumer, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        module: "node16",
        moduleResolution: "node16",
        target: "ES2022",
        // Node.js has no DOM, whose declarations would be a third of what is read.
        lib: ["ES2022"],
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: true,
        types: ["node"],
        typeRoots: [tool("@types")],
      },
      include: ["*.ts"],
    }),
  );
  return node([tool("typescript/bin/tsc"), "-p", consumer]);
});

/** What a program of the consumer's sees of the package; one program for all, as Pulumi's SDK takes long to load. */
interface Seen {
  readonly exported: Readonly<Record<string, number>>;
  readonly stack: string;
  readonly scripts: unknown;
  readonly examples: { readonly containers: number; readonly networks: number; readonly rules: boolean };
}

const used = once(async () => {
  await compiled();
  const script = `
    const exported = Object.fromEntries(
      ${JSON.stringify(ENTRIES.map(({ name }) => name))}.map((name) => [name, Object.keys(require(name)).length]),
    );
    const { backupScripts } = require(${JSON.stringify(join(built, "dist/hardening/backup/workloads"))});
    const [{ deploy, configuration }, { redis, ruleIds }, { record }] = [0, 1, 2].map((index) =>
      require("./example" + index));
    record(() => { deploy(); redis(configuration()); }).then((types) => {
      const count = (wanted) => types.filter((type) => type === wanted).length;
      const containers = count("docker:index/container:Container");
      const networks = count("docker:index/network:Network");
      process.stdout.write(JSON.stringify({
        exported,
        stack: require("rampart").HardenedStack.name,
        scripts: backupScripts(),
        examples: { containers, networks, rules: ruleIds.length > 20 },
      }));
    });
  `;
  const { stdout, stderr, code } = await node(["-e", script], consumer);
  expect([stderr, code]).toEqual(["", 0]);
  return JSON.parse(stdout) as Seen;
});

it(
  "the package type-checks the examples of docs/library.md, as a project that resolves as Node.js does",
  async () => {
    const { stdout, code } = await compiled();
    expect([stdout, code]).toEqual(["", 0]);
  },
  PATIENCE_MS,
);

it(
  "the package delivers the same scripts and SQL as the sources",
  async () => {
    expect((await used()).scripts).toEqual(backupScripts());
  },
  PATIENCE_MS,
);

it(
  "the package has every file that its exports name, and each can be required",
  async () => {
    expect(ENTRIES.map(({ name }) => name)).toEqual(["rampart", "rampart/config", "rampart/hardening", "rampart/plan"]);
    for (const { target } of ENTRIES)
      expect([target.types, target.default].filter((path) => !existsSync(join(built, path)))).toEqual([]);
    const { exported, stack } = await used();
    expect(Object.keys(exported)).toEqual(ENTRIES.map(({ name }) => name));
    expect(Object.entries(exported).filter(([, names]) => names === 0)).toEqual([]);
    expect(stack).toBe("HardenedStack");
  },
  PATIENCE_MS,
);

it("the package brings the commands, which work on the project that they are run in", async () => {
  const bin = join(built, MANIFEST.bin["rampart"] ?? "");
  expect([statSync(bin).mode & 0o111, readFileSync(bin, "utf8").split("\n")[0]]).toEqual([
    0o111,
    "#!/usr/bin/env node",
  ]);
  const help = await node([bin, "--help"], consumer);
  expect([help.stderr, help.code, help.stdout.split("\n")[0]]).toEqual([
    "",
    0,
    "usage: npx rampart <command> [<stack>] [options]",
  ]);
  const project = join(consumer, "infrastructure");
  mkdirSync(join(project, "deep"), { recursive: true });
  writeFileSync(join(project, "Pulumi.yaml"), "name: shop\nruntime: nodejs\nmain: program.ts\n");
  cpSync(join(ROOT, "Pulumi.dev.yaml"), join(project, "Pulumi.dev.yaml"));
  writeFileSync(
    join(project, "program.ts"),
    'import { HardenedStack, loadStackConfig } from "rampart";\n' +
      "const stack: HardenedStack = new HardenedStack(loadStackConfig());\nexport = stack.outputs;\n",
  );
  const planned = await node([bin, "plan", "dev", "--json"], join(project, "deep"));
  expect([planned.stderr, planned.code]).toEqual(["", 0]);
  const program = (): Promise<void> => jest.isolateModulesAsync(async () => void (await import("../../index")));
  const own = await rampart(["plan", "dev", "--json"], process.env, ROOT, { [join(ROOT, "index.ts")]: program });
  expect(planned.stdout).toBe(own.stdout);
}, 30_000);

it(
  "the package runs the examples of docs/library.md under mocks",
  async () => {
    expect((await used()).examples).toEqual({ containers: 10, networks: 8, rules: true });
  },
  PATIENCE_MS,
);

it("the package carries the licence of what it ships", () => {
  expect(readFileSync(join(ROOT, "LICENSE"), "utf8")).toContain("Apache License");
  expect(readFileSync(join(ROOT, "NOTICE"), "utf8")).toContain("hardening/confinement/seccomp/moby-default.json");
});
