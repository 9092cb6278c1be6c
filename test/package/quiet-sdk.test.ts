import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";

const root = resolve(__dirname, "../..");

/** Runs a script in the program's process, and gives back what it prints as JSON. */
function after(script: string, env: Readonly<Record<string, string>> = {}): unknown {
  const args = ["--require", join(root, "bin/load.cjs"), "--eval", script];
  return JSON.parse(
    execFileSync(process.execPath, args, { cwd: root, encoding: "utf8", env: { ...process.env, ...env } }),
  );
}

/** Who asks for the engine's address, and who starts a debugger. */
const WATCHED = `
  const asked = [], settings = require("@pulumi/pulumi/runtime/settings"), inspector = require("node:inspector");
  const Session = inspector.Session;
  inspector.Session = class extends Session { constructor() { super(); asked.push("debugger"); } };
  const { log, Resource } = require("@pulumi/pulumi");
  settings.getEngine = () => void asked.push("engine");
  console.log = console.info = () => undefined;
  const say = (value) => process.stdout.write(JSON.stringify(value));
  log.debug("a message");
  require("@pulumi/pulumi/runtime/closure/v8Hooks").isInitializedAsync().then(() => {`;

test("the SDK sends no debug messages, starts no debugger, and looks for no places in the sources", () => {
  const script = `${WATCHED}
    const quiet = [...asked, ...Resource.callsites()];
    log.info("a message");
    const value = 5;
    require("@pulumi/pulumi").runtime.serializeFunction(() => value + 1).then(({ text }) =>
      say({ quiet, asked, serialised: /\\(\\) ?=> ?value ?\\+ ?1/.test(text) }));
  });`;
  // The rest works as ever: other messages, and the debugger where a function is serialised.
  expect(after(script)).toEqual({ quiet: [], asked: ["engine", "debugger"], serialised: true });
});

test("RAMPART_DEBUG=1 leaves the SDK as it is", () => {
  const found = after(`${WATCHED} say([asked, Resource.callsites().length > 0]); });`, { RAMPART_DEBUG: "1" });
  expect(found).toEqual([["engine", "debugger"], true]);
});
