import { hinted, hintedError } from "../../../commands/shared/hints";
import { UserError } from "../../../commands/shared/errors";
import type { Printer } from "../../../commands/shared/output";

const form = { program: "npx rampart pulumi", stack: "team", configFile: "team.yaml" } as const;
const COMMAND = "`npx rampart pulumi up --stack team --config-file team.yaml`";

function recording(): { readonly said: string[]; readonly print: Printer } {
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  return {
    said,
    print: { result: say, progress: say, ok: say, missing: say, error: say, width: 100, paint: (_, text) => text },
  };
}

it("what a command prints names commands that work as printed", () => {
  const { said, print } = recording();
  const printing = hinted(print, form, true);
  printing.progress("run `pulumi up`");
  printing.result("run `pulumi up`");
  printing.result('{"remedy":"run `pulumi up`"}');
  hinted(print, form, false).result("run `pulumi up`");
  expect(said).toEqual([`run ${COMMAND}`, `run ${COMMAND}`, '{"remedy":"run `pulumi up`"}', "run `pulumi up`"]);
});

it("an error does, in its message and in its hint, and stays what it was", () => {
  const error = hintedError(new UserError("no: `pulumi up`", { hint: "`pulumi up`", exitCode: 2 }), form);
  expect(error).toMatchObject({ message: `no: ${COMMAND}`, hint: COMMAND, exitCode: 2, name: "UserError" });
  const other = new TypeError("`pulumi up`");
  expect(hintedError(other, form)).toBe(other);
  expect(other.message).toBe(COMMAND);
});
