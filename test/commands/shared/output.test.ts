import { printer, wrap, type Printer } from "../../../commands/shared/output";

function printed(
  say: (print: Printer) => void,
  { columns, env = {} }: { readonly columns?: number; readonly env?: NodeJS.ProcessEnv } = {},
): { readonly stdout: string; readonly stderr: string } {
  const written = { stdout: "", stderr: "" };
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  say(
    printer({
      stdout: { ...terminal, write: (text) => (written.stdout += text) },
      stderr: { ...terminal, write: (text) => (written.stderr += text) },
      env,
    }),
  );
  return written;
}

describe("a printer", () => {
  const everything = (print: Printer): void => {
    print.result("a result");
    print.progress("a step");
    print.ok("there");
    print.missing("not there");
    print.error("It failed.", "Try again.");
  };

  it("keeps results apart from all else, and writes no escape codes into a pipe", () =>
    expect(printed(everything)).toEqual({
      stdout: "a result\n",
      stderr: "a step\n  ok  there\n  --  not there\nIt failed.\nTry again.\n",
    }));

  it("colours what a person looks for on a terminal", () =>
    expect(printed(everything, { columns: 80 })).toEqual({
      stdout: "a result\n",
      stderr:
        "a step\n\u001b[32m  ok  \u001b[0mthere\n\u001b[33m  --  \u001b[0mnot there\n" +
        "\u001b[31mIt failed.\u001b[0m\nTry again.\n",
    }));

  it.each([[{ NO_COLOR: "1" }], [{ TERM: "dumb" }]])("honours %j", (env) =>
    expect(printed(everything, { columns: 80, env })).toEqual(printed(everything)),
  );

  it("takes escape codes out of what other programs said", () =>
    expect(printed((print) => print.error("\u001b[31merror\u001b[0m: no stack")).stderr).toBe("error: no stack\n"));

  it("wraps sentences at the terminal's width, within a list at its indentation", () =>
    expect(
      printed(
        (print) => {
          print.progress("one two three four");
          print.ok("one two three four");
        },
        { columns: 14, env: { NO_COLOR: "1" } },
      ).stderr,
    ).toBe("one two three\nfour\n  ok  one two\n      three\n      four\n"));

  it("never wraps wider than 100 columns, and not at all into a pipe", () => {
    const words = "word ".repeat(40).trim();
    const wrapped = printed((print) => print.progress(words), { columns: 200 }).stderr;
    expect(Math.max(...wrapped.split("\n").map((line) => line.length))).toBe(99);
    expect(printed((print) => print.progress(words)).stderr).toBe(`${words}\n`);
  });

  it.each([
    [undefined, {}, false],
    [80, {}, true],
    [80, { NO_COLOR: "1" }, false],
    [undefined, { FORCE_COLOR: "1" }, true],
    [80, { FORCE_COLOR: "0" }, false],
    [undefined, { FORCE_COLOR: "1", NO_COLOR: "1" }, false],
  ] as const)("paints a result on a terminal of %s columns with %j: %s", (columns, env, coloured) =>
    expect(
      printed((print) => print.result(print.paint("red", "fail")), {
        ...(columns === undefined ? {} : { columns }),
        env,
      }).stdout,
    ).toBe(coloured ? "\u001b[31mfail\u001b[0m\n" : "fail\n"),
  );

  it("ends a result with one line break", () =>
    expect(printed((print) => (print.result("a"), print.result("b\n"))).stdout).toBe("a\nb\n"));
});

describe("wrap", () => {
  it("breaks between words, at exactly the width", () => {
    expect(wrap("aaa bbb ccc", 7)).toBe("aaa bbb\nccc");
    expect(wrap("aaa bbb ccc", 6)).toBe("aaa\nbbb\nccc");
  });
  it("does not break a command in backticks, nor a word that is too long", () =>
    expect(wrap("run `pulumi up --stack prod`, then", 12)).toBe("run\n`pulumi up --stack prod`,\nthen"));
  it("keeps lines, and leaves a line that begins with a space as it is", () =>
    expect(wrap("a b\n\n  a table of   columns", 3)).toBe("a b\n\n  a table of   columns"));
});
