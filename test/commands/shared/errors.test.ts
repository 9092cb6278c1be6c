import { explain } from "../../../commands/rampart";
import { UserError, usageError, wrongOption } from "../../../commands/shared/errors";
import { printer } from "../../../commands/shared/output";
import { ConfigError } from "../../../config/faults";
import { EngineError } from "../../../engine/engine";
import { StackFileError } from "../../../plan/stack-file";

function explained(error: unknown, env: NodeJS.ProcessEnv = {}): readonly [number, string] {
  let written = "";
  const stream = { write: (text: string) => (written += text) };
  const code = explain(error, printer({ stdout: stream, stderr: stream, env }), env);
  return [code, written];
}

it.each([
  ["what the user can mend", new UserError("It failed."), 1, "It failed.\n"],
  [
    "what the user can mend, with a hint",
    new UserError("It failed.", { hint: "Try again." }),
    1,
    "It failed.\nTry again.\n",
  ],
  ["a wrong command line", usageError("No."), 2, "No.\n"],
  ["a wrong option", wrongOption({ option: "--x", given: "1", allowed: "2" }), 2, "--x: given '1'; allowed: 2\n"],
  ["a missing file", new StackFileError("there is no x"), 2, "there is no x\n"],
  ["what an engine did not do", new EngineError("No engine."), 1, "No engine.\n"],
  ["what a program tells Pulumi's user", Object.assign(new Error("faults"), { __pulumiRunError: true }), 1, "faults\n"],
])("%s is printed without a stack trace", (_what, error, code, text) => expect(explained(error)).toEqual([code, text]));

it("the faults of a configuration are printed as they are", () => {
  const error = new ConfigError("dev", [{ path: "rampart:name", given: "1", allowed: "a name", fix: "name it" }]);
  expect(explained(error)).toEqual([1, `${error.message}\n`]);
});

it("any other error is called a fault of Rampart's, with the stack trace only where it is asked for", () => {
  const error = new TypeError("x is not a function");
  expect(explained(error)).toEqual([
    1,
    "This is a fault of Rampart's: x is not a function\n" +
      "Please report it, with what RAMPART_DEBUG=1 in the environment adds to this message.\n",
  ]);
  const [code, text] = explained(error, { RAMPART_DEBUG: "1" });
  expect([code, text.split("\n")[0]]).toEqual([1, "This is a fault of Rampart's: TypeError: x is not a function"]);
  expect(text).toMatch(/^ {4}at /m);
});
